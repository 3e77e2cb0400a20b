// Correlograms, jitter nulls and GLMCC at the sizes of a recording: an hour of Poisson trains in
// bins of 1 ms. One thread.
#include <rewire/base/random.hpp>
#include <rewire/spikes/correlogram.hpp>

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
    state.counters["per spike"] = benchmark::Counter(
        static_cast<double>(trains.train(1).size()),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void count_all_pairs(benchmark::State& state)
{
    const auto trains = binned_hour(state.range(0), 10);
    for (auto _ : state)
        for (const auto& tile : pair_tiles(trains.units()))
            benchmark::DoNotOptimize(count_tile(trains, tile, 100, never_stop));
}

} // namespace

// Arguments: rate in Hz, lags to each side.
BENCHMARK(count_by_pointers)->ArgsProduct({{1, 3, 10, 40}, {10, 100}})->Unit(benchmark::kMicrosecond);
BENCHMARK(count_by_windows)->ArgsProduct({{1, 3, 10, 40}, {10, 100}})->Unit(benchmark::kMicrosecond);
BENCHMARK(count_all_pairs)->Arg(200)->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
