// The 10,000-shuffle movement test at the paper's size, 500 neurons x 40,000 frames at 28 Hz, and
// the principal components of 300 rows x 124,750 pairs. One thread: OPENBLAS_NUM_THREADS=1.
#include <rewire/base/random.hpp>
#include <rewire/behaviour/movement_test.hpp>
#include <rewire/network/rewiring.hpp>

#include <benchmark/benchmark.h>

#include <cmath>

using namespace rewire;
using namespace rewire::behaviour;

namespace {

constexpr auto neurons = std::int64_t{500};
constexpr auto frames = std::int64_t{40000};

/// Movements of 1.5 s and pauses of 4.5 s on average: about 240 of each.
Epochs epochs_of_session()
{
    auto stream = base::Stream(1, {1});
    auto epochs = Epochs{frames, {}};
    for (auto frame = std::int64_t{60};;) {
        const auto length = 1 + static_cast<std::int64_t>(42 * stream.exponential());
        if (frame + length >= frames)
            return epochs;
        epochs.movements.push_back({frame, frame + length});
        frame += length + 1 + static_cast<std::int64_t>(126 * stream.exponential());
    }
}

/// Events of five frames, 5 % of the samples, as the smoothed spikes have them.
activity::Activity events_of_session()
{
    auto stream = base::Stream(1, {2});
    auto activity = activity::Activity{};
    activity.frames = frames;
    for (std::int64_t neuron = 0; neuron < neurons; ++neuron) {
        for (auto frame = std::int64_t{0}; frame + 5 < frames;
             frame += 5 + static_cast<std::int64_t>(95 * stream.exponential())) {
            const auto size = stream.exponential();
            for (const auto tap : {0.33, 0.67, 1.0, 0.67, 0.33}) {
                activity.frame.push_back(static_cast<std::int32_t>(frame++));
                activity.value.push_back(tap * size);
            }
            frame -= 5;
        }
        activity.start.push_back(static_cast<std::int64_t>(activity.frame.size()));
    }
    return activity;
}

ShuffleUnits units_of(const benchmark::State& state)
{
    return state.range(0) == 0 ? ShuffleUnits::runs : ShuffleUnits::frames;
}

void draw_shuffles(benchmark::State& state)
{
    const auto epochs = epochs_of_session();
    for (auto _ : state)
        benchmark::DoNotOptimize(shuffled_masks(epochs, units_of(state), {1, 2, 3}, {0, 10000}));
}

/// Gathers are the cache lines that have to come from the L2 cache: the limit of the kernel.
void count_drawn_shuffles(benchmark::State& state)
{
    const auto epochs = epochs_of_session();
    const auto events = events_of_session();
    const auto masks = shuffled_masks(epochs, units_of(state), {1, 2, 3}, {0, 10000});
    for (auto _ : state)
        benchmark::DoNotOptimize(count_shuffles(events.view(), epochs, masks, {0, neurons}));
    state.counters["movements"] = static_cast<double>(epochs.movements.size());
    state.counters["gathers"] =
        benchmark::Counter(static_cast<double>(masks.edge.size()) * std::ceil(neurons / 8.0),
                           benchmark::Counter::kIsIterationInvariantRate);
}

void whole_test(benchmark::State& state)
{
    const auto epochs = epochs_of_session();
    const auto events = events_of_session();
    for (auto _ : state) {
        const auto masks = shuffled_masks(epochs, units_of(state), {1, 2, 3}, {0, 10000});
        benchmark::DoNotOptimize(count_shuffles(events.view(), epochs, masks, {0, neurons}));
    }
}

void whole_test_dense(benchmark::State& state)
{
    const auto epochs = epochs_of_session();
    auto stream = base::Stream(1, {3});
    auto values = std::vector<float>(static_cast<std::size_t>(frames * neurons));
    for (auto& value : values)
        value = static_cast<float>(stream.uniform() - 0.4);
    const auto view = activity::DenseActivityView<float>{frames, neurons, values};
    for (auto _ : state) {
        const auto masks = shuffled_masks(epochs, units_of(state), {1, 2, 3}, {0, 10000});
        benchmark::DoNotOptimize(count_shuffles(view, epochs, masks, {0, neurons}));
    }
}

void components_of_rows(benchmark::State& state)
{
    auto stream = base::Stream(1, {4});
    auto rows = network::SessionBlock(300, 124750);
    for (Eigen::Index k = 0; k < rows.size(); ++k)
        rows.data()[k] = stream.uniform();
    for (auto _ : state) {
        const auto components = network::principal_components(network::centred_gram(rows), 3);
        benchmark::DoNotOptimize(network::loadings_of(rows, components));
    }
}

} // namespace

// Argument: 0 runs, 1 frames.
BENCHMARK(draw_shuffles)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);
BENCHMARK(count_drawn_shuffles)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);
BENCHMARK(whole_test)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);
BENCHMARK(whole_test_dense)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);
BENCHMARK(components_of_rows)->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
