#include "meter.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/calcium/covariance.hpp>
#include <rewire/calcium/shift_null.hpp>
#include <rewire/dense/symmetric.hpp>
#include <rewire/network/graph_metrics.hpp>

#include <benchmark/benchmark.h>

#include <vector>

// Floating point rates of the connectome's kernels, and what share that is of dgemm's rate in this
// program on one core (single-precision work included: twice that would be its limit).
//
//     kernels_network --benchmark_filter=table --benchmark_min_time=2

using namespace rewire;
using benchmarks::Meter;

namespace {

std::size_t at(std::int64_t i)
{
    return static_cast<std::size_t>(i);
}

/// Runs of five frames of activity, `density` of all samples.
activity::Activity activity_of(std::int64_t neurons, std::int64_t frames, double density)
{
    auto activity = activity::Activity{};
    activity.frames = frames;
    for (std::int64_t n = 0; n < neurons; ++n) {
        auto stream = base::Stream(1, {static_cast<std::uint64_t>(n)});
        for (std::int64_t t = 0; t + 5 <= frames; ++t)
            if (stream.uniform() < density / 5 / (1 - density))
                for (auto k = 0; k < 5; ++k, ++t) {
                    activity.frame.push_back(static_cast<std::int32_t>(t));
                    activity.value.push_back(0.1 + stream.exponential());
                }
        activity.start.push_back(static_cast<std::int64_t>(activity.frame.size()));
    }
    return activity;
}

void dgemm(benchmark::State& state)
{
    auto meter = Meter(state);
    const auto n = state.range(0);
    const auto a = std::vector<double>(at(n * n), 1.5);
    auto c = std::vector<double>(at(n * n));
    meter.start();

    for (auto _ : state)
        dense::multiply(a, a, c, n);

    meter.report(2 * static_cast<double>(n * n * n));
}
BENCHMARK(dgemm)->Arg(500)->Arg(2000)->Unit(benchmark::kMillisecond);

/// [neurons, frames, % of samples]; dense work is counted as neurons^2 * frames, sparse work as two
/// operations a product of two non-zero samples of a frame.
void covariance(benchmark::State& state, calcium::Accumulation accumulation)
{
    auto meter = Meter(state);
    const auto n = static_cast<double>(state.range(0));
    const auto frames = static_cast<double>(state.range(1));
    const auto activity =
        activity_of(state.range(0), state.range(1), static_cast<double>(state.range(2)) / 100);
    const auto a_frame = static_cast<double>(activity.frame.size()) / frames;
    const auto empty = calcium::CovariateBasis{};
    meter.start();

    for (auto _ : state)
        benchmark::DoNotOptimize(
            calcium::covariance_of(activity.view(), empty, accumulation).matrix.data());

    meter.report(accumulation == calcium::Accumulation::dense ? n * n * frames
                                                              : a_frame * a_frame * frames);
}
void covariance_sizes(benchmark::internal::Benchmark* benchmark)
{
    for (const auto density : {5, 10, 15, 20, 30})
        benchmark->Args({500, 40000, density});
    for (const auto density : {5, 10, 20})
        benchmark->Args({2000, 10000, density});
    benchmark->Unit(benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(covariance, sparse, calcium::Accumulation::sparse)->Apply(covariance_sizes);
BENCHMARK_CAPTURE(covariance, dense, calcium::Accumulation::dense)->Apply(covariance_sizes);

void cholesky_inverse(benchmark::State& state)
{
    auto meter = Meter(state);
    const auto n = state.range(0);
    auto matrix = std::vector<double>(at(n * n), 0.1);
    for (std::int64_t i = 0; i < n; ++i)
        matrix[at(i * n + i)] = 1;
    auto work = matrix;
    meter.start();

    for (auto _ : state) {
        work = matrix;
        benchmark::DoNotOptimize(dense::invert_positive_definite(work, n));
    }

    meter.report(static_cast<double>(n * n * n));
}
BENCHMARK(cholesky_inverse)
    ->Arg(100)
    ->Arg(300)
    ->Arg(500)
    ->Arg(1000)
    ->Arg(2000)
    ->Unit(benchmark::kMillisecond);

/// [nodes, % edges]; an AND, a population count and an addition of 64 bits each.
void graph_metrics(benchmark::State& state)
{
    const auto n = state.range(0);
    auto stream = base::Stream(3, {1});
    auto edge = std::vector<std::uint8_t>(at(base::pair_count(n)));
    for (auto& e : edge)
        e = stream.uniform() < static_cast<double>(state.range(1)) / 100 ? 1 : 0;
    auto edges = std::int64_t{0};

    for (auto _ : state)
        edges = network::graph_metrics(edge, n).edges;

    const auto words = edges * ((n + 63) / 64) * state.iterations();
    state.counters["words/s"] =
        benchmark::Counter(static_cast<double>(words), benchmark::Counter::kIsRate);
}
BENCHMARK(graph_metrics)
    ->Args({500, 5})
    ->Args({2000, 5})
    ->Args({2000, 20})
    ->Unit(benchmark::kMillisecond);

calcium::ShiftNullPlan plan_of(std::int64_t neurons, std::int64_t frames, std::int64_t surrogates,
                               calcium::NullEngine engine)
{
    const auto activity = activity_of(neurons, frames, 0.05);
    return calcium::plan_shift_null(
        activity.view(), {}, {},
        {.surrogates = surrogates, .minimum_shift = 56, .engine = engine, .block_size = surrogates},
        {});
}

/// The table of a block alone: stopped at its first surrogates.
void null_table(benchmark::State& state)
{
    auto meter = Meter(state);
    const auto n = state.range(0);
    const auto frames = state.range(1);
    const auto plan = plan_of(n, frames, state.range(2), calcium::NullEngine::table);
    meter.start();

    for (auto _ : state)
        benchmark::DoNotOptimize(
            calcium::run_shift_block(plan, 0, [](std::int64_t finished) { return finished == 0; }));

    const auto inverses = 8 * static_cast<double>(n * n * n);
    meter.report(calcium::null_work(n, frames, 0, 0, calcium::NullEngine::table).table_flops +
                 inverses);
}
BENCHMARK(null_table)
    ->Args({300, 40000, 500})
    ->Args({500, 40000, 500})
    ->Args({1000, 40000, 250})
    ->Unit(benchmark::kMillisecond);

/// A whole block, in ms a surrogate.
void null_block(benchmark::State& state, calcium::NullEngine engine)
{
    auto meter = Meter(state);
    const auto count = state.range(2);
    const auto plan = plan_of(state.range(0), state.range(1), count, engine);
    const auto entries = static_cast<std::int64_t>(plan.activity.frame.size());
    meter.start();

    for (auto _ : state)
        benchmark::DoNotOptimize(
            calcium::run_shift_block(plan, 0, [](std::int64_t) { return true; }));

    const auto work = calcium::null_work(state.range(0), state.range(1), entries, count, engine);
    meter.report(work.inverse_flops + work.table_flops);
    state.counters["ms_a_surrogate"] = state.counters["ms"] / static_cast<double>(count);
}
BENCHMARK_CAPTURE(null_block, table, calcium::NullEngine::table)
    ->Args({300, 40000, 500})
    ->Args({500, 40000, 500})
    ->Args({1000, 40000, 100})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);
BENCHMARK_CAPTURE(null_block, direct, calcium::NullEngine::direct)
    ->Args({300, 40000, 20})
    ->Args({500, 40000, 20})
    ->Args({1000, 40000, 10})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

} // namespace
