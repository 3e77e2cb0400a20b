// Correlograms, jitter nulls and GLMCC at the sizes of a recording: an hour of Poisson trains in
// bins of 1 ms. One thread.
#include <rewire/base/random.hpp>
#include <rewire/spikes/coincidence_test.hpp>
#include <rewire/spikes/correlogram.hpp>
#include <rewire/spikes/glmcc.hpp>
#include <rewire/spikes/jitter_monte_carlo.hpp>

#include <benchmark/benchmark.h>

#include <cmath>

using namespace rewire;
using namespace rewire::spikes;

namespace {

constexpr auto hour_s = 3600.0;

bool never_stop(std::int64_t /*done*/)
{
    return true;
}

SpikeTrains poisson_trains(std::int64_t units, double rate_hz)
{
    auto result = SpikeTrains{};
    for (std::int64_t unit = 0; unit < units; ++unit) {
        auto stream = base::Stream(1, {static_cast<std::uint64_t>(unit)});
        auto train = std::vector<std::int64_t>{};
        for (auto time = stream.exponential() / rate_hz; time < hour_s;
             time += 0.001 + stream.exponential() / rate_hz)
            train.push_back(std::llround(time * 1e9));
        result.add(train);
    }
    return result;
}

const auto hour = std::vector<TimeInterval>{{0, 3600 * nanoseconds_per_second}};

BinnedTrains binned_hour(std::int64_t units, double rate_hz)
{
    const auto trains = poisson_trains(units, rate_hz);
    return binned(trains.view(), hour, nanoseconds_per_ms);
}

void count_by_pointers(benchmark::State& state)
{
    const auto trains = binned_hour(2, static_cast<double>(state.range(0)));
    const auto max_lag = state.range(1);
    auto count = std::vector<std::int32_t>(static_cast<std::size_t>(lag_count(max_lag)));
    for (auto _ : state) {
        add_counts_two_pointer(trains.train(0), trains.train(1), max_lag, count);
        benchmark::DoNotOptimize(count.data());
    }
}

void count_by_windows(benchmark::State& state)
{
    const auto trains = binned_hour(2, static_cast<double>(state.range(0)));
    const auto max_lag = state.range(1);
    const auto bits = BitTrain(trains.train(0), trains.timeline.extent(), max_lag);
    auto count = std::vector<std::int32_t>(static_cast<std::size_t>(lag_count(max_lag)));
    for (auto _ : state) {
        add_counts_windows(bits, trains.train(1), count);
        benchmark::DoNotOptimize(count.data());
    }
    state.counters["per spike"] = benchmark::Counter(static_cast<double>(trains.train(1).size()),
                                                     benchmark::Counter::kIsIterationInvariantRate |
                                                         benchmark::Counter::kInvert);
}

void count_all_pairs(benchmark::State& state)
{
    const auto trains = binned_hour(state.range(0), 10);
    for (auto _ : state)
        for (const auto& tile : pair_tiles(trains.units()))
            benchmark::DoNotOptimize(count_tile(trains, tile, 100, never_stop));
}

/// Beside count_all_pairs: the same pairs, from the same trains.
void expect_all_pairs(benchmark::State& state)
{
    const auto trains = binned_hour(state.range(0), 10);
    const auto plan = JitterPlan(trains.timeline, {Jitter::interval, 25}, 100);
    for (auto _ : state)
        for (const auto& tile : pair_tiles(trains.units()))
            benchmark::DoNotOptimize(expected_tile(plan, trains, tile, {}, never_stop));
}

/// Exact p of 10 lags in both directions, Poisson beyond; expectation and counts are given.
void test_pairs(benchmark::State& state)
{
    const auto trains = binned_hour(8, static_cast<double>(state.range(0)));
    const auto plan = JitterPlan(trains.timeline, {Jitter::interval, 25}, 100);
    const auto tile = pair_tiles(8).front();
    const auto count = count_tile(trains, tile, 100, never_stop);
    const auto expected = expected_tile(plan, trains, tile, *count, never_stop);
    for (auto _ : state)
        benchmark::DoNotOptimize(test_tile(plan, trains, tile, *count, *expected, {}, never_stop));
    state.counters["per pair"] = benchmark::Counter(static_cast<double>(tile.pairs()),
                                                    benchmark::Counter::kIsIterationInvariantRate |
                                                        benchmark::Counter::kInvert);
}

/// 100 surrogates of 20 units of 3 Hz: all 190 pairs.
void draw_surrogates(benchmark::State& state)
{
    const auto max_lag = state.range(0);
    const auto trains = binned_hour(20, 3);
    const auto plan = JitterPlan(trains.timeline, {Jitter::interval, 25}, max_lag);
    const auto tile = pair_tiles(20, 20).front();
    const auto count = count_tile(trains, tile, max_lag, never_stop);
    const auto expected = expected_tile(plan, trains, tile, *count, never_stop);
    const auto jitterer = Jitterer(plan, trains, {1, 1, 1});
    for (auto _ : state)
        benchmark::DoNotOptimize(run_jitter_block(
            jitterer, trains, tile, {0, 100}, {.max_lag = max_lag}, *count, *expected, never_stop));
}

/// Events and fits of a pair; argument: 0 delay of 3 ms, 1 delays of 1 to 4 ms.
void couple_pairs(benchmark::State& state)
{
    const auto trains = poisson_trains(8, static_cast<double>(state.range(0)));
    const auto settings = GlmccSettings::with(GlmccMode::glm, state.range(1) != 0);
    const auto tile = pair_tiles(8).front();
    for (auto _ : state)
        benchmark::DoNotOptimize(glmcc_tile(trains.view(), tile, settings, never_stop));
    state.counters["per pair"] = benchmark::Counter(static_cast<double>(tile.pairs()),
                                                    benchmark::Counter::kIsIterationInvariantRate |
                                                        benchmark::Counter::kInvert);
}

} // namespace

// Arguments: rate in Hz, lags to each side.
BENCHMARK(count_by_pointers)
    ->ArgsProduct({{1, 3, 10, 40}, {10, 100}})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(count_by_windows)
    ->ArgsProduct({{1, 3, 10, 40}, {10, 100}})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(count_all_pairs)->Arg(200)->Unit(benchmark::kMillisecond);
BENCHMARK(expect_all_pairs)->Arg(200)->Unit(benchmark::kMillisecond);
BENCHMARK(test_pairs)->Arg(3)->Arg(10)->Arg(40)->Unit(benchmark::kMillisecond);
BENCHMARK(draw_surrogates)->Arg(10)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK(couple_pairs)->ArgsProduct({{3, 10}, {0, 1}})->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
