// DyNetCP at the sizes of its paper: steps of the static and of the dynamic part, the pair
// network's kernel beside the matrix product measured in the same run. One thread; see README.md.
#include "dynetcp/pair_kernels.hpp"

#include <rewire/base/random.hpp>
#include <rewire/dynetcp/adam.hpp>
#include <rewire/dynetcp/dynamic_model.hpp>
#include <rewire/dynetcp/static_training.hpp>

#include <benchmark/benchmark.h>
#include <cblas.h>

#include <numeric>
#include <vector>

using namespace rewire;
using namespace rewire::dynetcp;

namespace {

constexpr auto bins = std::int64_t{500};
constexpr auto rate = 0.008; ///< of a bin, as in the triplet data

TrialValues random_trials(std::int64_t trials, std::int64_t neurons)
{
    auto stream = base::Stream(1, {1});
    auto dense = std::vector<double>(static_cast<std::size_t>(trials * bins * neurons));
    for (auto& value : dense)
        value = stream.uniform() < rate ? 1 : 0;
    return trial_values(dense, trials, bins, neurons);
}

std::vector<float> random_floats(std::int64_t count, std::uint64_t name)
{
    auto stream = base::Stream(2, {name});
    auto values = std::vector<float>(static_cast<std::size_t>(count));
    for (auto& value : values)
        value = static_cast<float>(stream.normal());
    return values;
}

void set_flops(benchmark::State& state, double flops)
{
    state.counters["GFLOP/s"] = benchmark::Counter(
        1e-9 * flops * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

/// The limit: single precision, matrices that fit into the cache next to the core.
void sgemm(benchmark::State& state)
{
    const auto size = static_cast<int>(state.range(0));
    const auto a = random_floats(std::int64_t{size} * size, 1);
    const auto b = random_floats(std::int64_t{size} * size, 2);
    auto c = std::vector<float>(a.size());
    for (auto _ : state) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, size, size, size, 1, a.data(), size,
                    b.data(), size, 0, c.data(), size);
        benchmark::DoNotOptimize(c.data());
    }
    set_flops(state, 2.0 * size * size * size);
}

/// One receiver and bin of so many senders: 384 hidden units, 11 lags; forward and back.
template <typename Forward, typename Backward>
void time_pair_network(benchmark::State& state, Forward forward, Backward backward)
{
    const auto edges = state.range(0);
    constexpr auto width = std::int64_t{384};
    constexpr auto lags = std::int64_t{11};
    const auto stride = pair_stride(width);
    const auto send = random_floats(edges * stride, 1);
    const auto shift = random_floats(width, 2);
    const auto out = random_floats(lags * width, 3);
    const auto bias = random_floats(lags, 4);
    const auto d_offsets = random_floats(edges * lags, 5);
    auto slot = std::vector<std::int32_t>{};
    for (std::int32_t k = 0; k < edges; ++k)
        slot.push_back(k);
    auto offsets = d_offsets;
    auto d_send = send;
    auto d_shift = shift;
    auto d_out = out;
    const auto tile = PairTile<float>{edges, slot.data(), width,        stride,
                                      lags,  send.data(), shift.data(), out.data()};
    for (auto _ : state) {
        forward(tile, bias.data(), offsets.data());
        backward(tile, d_offsets.data(),
                 PairGradient<float>{d_send.data(), d_shift.data(), d_out.data()});
        benchmark::DoNotOptimize(d_out.data());
        std::fill(d_out.begin(), d_out.end(), 0.0F);
        std::fill(d_send.begin(), d_send.end(), 0.0F);
    }
    // Add and ReLU, forward product, its two gradients: as on the methods page.
    set_flops(state, static_cast<double>(edges * width) * (2.0 + 3 * 2 * lags + 3));
}

/// In the instructions that the program chooses.
void pair_network(benchmark::State& state)
{
    time_pair_network(
        state, [](auto&&... all) { pair_forward(all...); },
        [](auto&&... all) { pair_backward(all...); });
}

#if defined(__x86_64__)
void pair_network_avx2(benchmark::State& state)
{
    if (__builtin_cpu_supports("avx2") == 0 || __builtin_cpu_supports("fma") == 0)
        return state.SkipWithError("this processor has no AVX2");
    time_pair_network(state, pair_forward_avx2, pair_backward_avx2);
}
#endif

/// A batch of 16 trials with the penalty and Adam, all receivers.
void static_step(benchmark::State& state)
{
    constexpr auto batch = std::int64_t{16};
    const auto shape = StaticShape{state.range(0), state.range(1) + 1};
    const auto values = random_trials(batch, shape.neurons);
    auto trials = std::vector<std::int64_t>(batch);
    std::iota(trials.begin(), trials.end(), 0);
    auto trial_of = StaticTrial<float>(shape);
    auto parameters =
        std::vector<float>(static_cast<std::size_t>(shape.neurons * shape.parameters()), 0.01F);
    auto gradient = parameters;
    auto adam = AdamState<float>{};
    for (auto _ : state) {
        mask_self_lag_0<float>(shape, parameters);
        std::fill(gradient.begin(), gradient.end(), 0.0F);
        add_trials<float>(trial_of, shape, values, trials, parameters, 1.0 / batch, gradient);
        add_penalty_gradient<float>(shape, 100, parameters, gradient);
        adam_step<float>({}, adam, gradient, clip_factor(norm_of<float>(gradient), 5), parameters);
    }
}

/// One trial of the dynamic part with all pairs, forward and back.
void dynamic_trial(benchmark::State& state)
{
    const auto neurons = state.range(0);
    const auto layout = DynamicLayout({}, neurons, all_pairs(neurons));
    auto parameters = initial_encoder(layout, 1, 1);
    parameters.resize(static_cast<std::size_t>(layout.parameters()), 0);
    auto model = DynamicModel<float>(layout, bins, DynamicTraining::encoder);
    model.set(parameters);
    const auto values = random_trials(1, neurons);
    auto gradient = std::vector<float>(static_cast<std::size_t>(model.trained()), 0);
    for (auto _ : state)
        model.add_trial(values, 0, 1, 10, gradient);
    const auto pairs = static_cast<double>(neurons * (neurons - 1));
    set_flops(state, static_cast<double>(bins - 1) *
                         (pairs * 27.3e3 + static_cast<double>(neurons) * 442e3));
}

} // namespace

BENCHMARK(sgemm)->Arg(384);
BENCHMARK(pair_network)->Arg(19)->Arg(99);
#if defined(__x86_64__)
BENCHMARK(pair_network_avx2)->Arg(19)->Arg(99);
#endif
BENCHMARK(static_step)->Args({100, 100})->Args({100, 10})->Unit(benchmark::kMillisecond);
BENCHMARK(dynamic_trial)->Arg(20)->Arg(100)->Unit(benchmark::kMillisecond);

int main(int count, char** words)
{
    // Before the first product: BLAS would take all cores.
    openblas_set_num_threads(1);
    benchmark::Initialize(&count, words);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
