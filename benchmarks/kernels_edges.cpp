#include "meter.hpp"

#include <rewire/base/random.hpp>
#include <rewire/calcium/edge_tests.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/calcium/shift_null.hpp>

#include <benchmark/benchmark.h>

#include <numeric>
#include <vector>

// The closed-form tests of edges, part by part and whole, beside 1,000 surrogates of the same
// session. Rates count the products that dense formulas take, and nothing for transforms: sparse
// activity needs fewer, so that a share of dgemm's rate near or above 1 says that the whole takes
// no longer than these products alone would.
//
//     kernels_edges --benchmark_filter=everything

using namespace rewire;
using benchmarks::Meter;

namespace {

const auto go_on = calcium::Tick([](std::int64_t) { return true; });

/// Events of a session, 1 % of all frames, a third of them common to ten neurons.
activity::Activity events_of(std::int64_t neurons, std::int64_t frames)
{
    auto events = activity::Activity{};
    events.frames = frames;
    for (std::int64_t n = 0; n < neurons; ++n) {
        auto own = base::Stream(1, {static_cast<std::uint64_t>(n)});
        auto common = base::Stream(2, {static_cast<std::uint64_t>(n / 10)});
        for (std::int64_t t = 0; t < frames; ++t) {
            const auto shared = common.uniform() < 0.006 && own.uniform() < 0.5;
            if (!(own.uniform() < 0.007) && !shared)
                continue;
            events.frame.push_back(static_cast<std::int32_t>(t));
            events.value.push_back(0.5 + own.exponential());
        }
        events.start.push_back(static_cast<std::int64_t>(events.frame.size()));
    }
    return events;
}

activity::Activity smoothed(const activity::Activity& events)
{
    auto activity = activity::Activity{};
    for (std::int64_t n = 0; n < events.neurons(); ++n) {
        auto dense = std::vector<double>(static_cast<std::size_t>(events.frames), 0.0);
        const auto frame = events.view().frames_of(n);
        for (std::size_t e = 0; e < frame.size(); ++e)
            dense[static_cast<std::size_t>(frame[e])] = events.view().values_of(n)[e];
        calcium::append_events(dense, 0, activity);
    }
    return activity;
}

struct Session
{
    activity::Activity events;
    activity::Activity activity;
    calcium::FrameCircles circles;
    std::vector<base::Range> segments;

    explicit Session(const benchmark::State& state)
        : events(events_of(state.range(0), state.range(1) + 4)),
          activity(smoothed(events)),
          circles(calcium::one_circle(activity.frames)),
          segments{{0, events.frames}}
    {
    }
    calcium::ShiftMoments moments(calcium::Precision precision) const
    {
        return *calcium::shift_moments_of(
            activity.view(), circles, {},
            {.precision = precision, .skewness = calcium::Precision::single}, go_on);
    }
    calcium::EventJitter jitter(const calcium::ShiftMoments& moments) const
    {
        return calcium::event_jitter_of(events.view(), moments.active, segments, {});
    }
};

/// Products of the tiles: V twice, third moments twice, six of the jitter.
double tile_flops(const calcium::ShiftMoments& moments, const calcium::EventJitter& jitter)
{
    const auto width = moments.power.width + moments.power_marginal.width + moments.third.width +
                       moments.third_marginal.width + 6 * jitter.windows;
    auto flops = 0.0;
    for (const auto& tile : calcium::pair_tiles(moments.active_count()))
        flops += 2.0 * static_cast<double>(tile.size()) * static_cast<double>(width);
    return flops;
}

void moments_of_neurons(benchmark::State& state, calcium::Precision precision)
{
    const auto session = Session(state);
    auto meter = Meter(state);
    meter.start();

    for (auto _ : state)
        benchmark::DoNotOptimize(session.moments(precision));

    meter.report(calcium::shift_moments_flops(state.range(0), state.range(1)));
}

void jitter_of_neurons(benchmark::State& state)
{
    const auto session = Session(state);
    const auto moments = session.moments(calcium::Precision::single);
    auto meter = Meter(state);
    meter.start();

    for (auto _ : state)
        benchmark::DoNotOptimize(session.jitter(moments));

    meter.report(0);
}

void tiles(benchmark::State& state, calcium::Precision precision)
{
    const auto session = Session(state);
    const auto moments = session.moments(precision);
    const auto jitter = session.jitter(moments);
    auto meter = Meter(state);
    meter.start();

    for (auto _ : state)
        for (const auto& tile : calcium::pair_tiles(moments.active_count()))
            benchmark::DoNotOptimize(calcium::test_tile(moments, &jitter, tile, {}));

    meter.report(tile_flops(moments, jitter));
}

/// Smoothed events to p, q and family-wise p of every pair.
void everything(benchmark::State& state, calcium::Precision precision)
{
    const auto session = Session(state);
    auto meter = Meter(state);
    auto flops = 0.0;
    meter.start();

    for (auto _ : state) {
        const auto moments = session.moments(precision);
        const auto jitter = session.jitter(moments);
        auto parts = std::vector<calcium::EdgeTile>{};
        for (const auto& tile : calcium::pair_tiles(moments.active_count()))
            parts.push_back(calcium::test_tile(moments, &jitter, tile, {}));
        benchmark::DoNotOptimize(calcium::finish_edge_tests(moments, parts, {}));
        flops = calcium::shift_moments_flops(state.range(0), state.range(1)) +
                tile_flops(moments, jitter);
    }

    meter.report(flops);
}

/// What it replaces.
void surrogates(benchmark::State& state)
{
    const auto session = Session(state);
    auto meter = Meter(state);
    meter.start();

    for (auto _ : state) {
        const auto plan = calcium::plan_shift_null(session.activity.view(), {}, {}, {}, {});
        auto tally = calcium::empty_tally(plan);
        for (std::int64_t block = 0; block < plan.blocks(); ++block)
            add_to(tally, calcium::run_shift_block(plan, block, go_on).value());
        benchmark::DoNotOptimize(calcium::finish_shift_null(plan, tally));
    }

    meter.report(0);
}

/// The paper's size, and a length with a large prime factor.
void sizes(benchmark::internal::Benchmark* benchmark)
{
    benchmark->Args({500, 40000})->Args({500, 39989})->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(moments_of_neurons, full, calcium::Precision::full)->Apply(sizes);
BENCHMARK_CAPTURE(moments_of_neurons, single, calcium::Precision::single)->Apply(sizes);
BENCHMARK(jitter_of_neurons)->Args({500, 40000})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(tiles, full, calcium::Precision::full)
    ->Args({500, 40000})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(tiles, single, calcium::Precision::single)
    ->Args({500, 40000})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(everything, full, calcium::Precision::full)
    ->Apply(sizes)
    ->Args({2000, 40000})
    ->Iterations(1);
BENCHMARK_CAPTURE(everything, single, calcium::Precision::single)->Apply(sizes)->Iterations(1);
BENCHMARK(surrogates)->Args({500, 40000})->Unit(benchmark::kMillisecond)->Iterations(1);

} // namespace
