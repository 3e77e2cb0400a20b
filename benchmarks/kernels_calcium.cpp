#include "calcium_traces.hpp"
#include "machine.hpp"

#include <rewire/calcium/deconvolve_block.hpp>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

using namespace rewire;
using calcium::OasisKernel;
using calcium::OasisVariant;

/// Samples and bytes a second, and which share of the memory's speed that is. The work of OASIS is
/// one comparison (3 multiplications) for each pool that is pushed or merged and 6 operations for a
/// merge: about 1.9 comparisons and 0.9 merges, 11 operations, a sample of a noisy trace.
namespace {

constexpr auto frames = std::int64_t{40'000};
constexpr auto flops_per_sample = 1.9 * 3 + 0.9 * 6;

template <typename Sample>
const std::vector<Sample>& session(std::int64_t neurons, double noise_sd)
{
    static auto made = std::vector<Sample>{};
    static auto made_for = std::pair<std::int64_t, double>{};
    if (made_for != std::pair{neurons, noise_sd}) {
        auto traces = test::CalciumTraces{frames, neurons};
        traces.noise_sd = noise_sd;
        made = test::simulated_dff<Sample>(traces);
        made_for = {neurons, noise_sd};
    }
    return made;
}

/// Rates over the processor time since `start`, so that a busy machine does not change them.
template <typename Sample>
void report(benchmark::State& state, std::int64_t samples, double start)
{
    const auto done = static_cast<double>(samples) * static_cast<double>(state.iterations());
    const auto rate = done / (benchmarks::processor_seconds() - start);
    state.SetItemsProcessed(state.iterations() * samples);
    state.SetBytesProcessed(state.iterations() * samples *
                            static_cast<std::int64_t>(sizeof(Sample)));
    state.counters["ns_per_sample"] = 1e9 / rate;
    state.counters["of_memory"] = rate * sizeof(Sample) / benchmarks::read_bandwidth();
    state.counters["of_baseline_flops"] = rate * flops_per_sample / benchmarks::baseline_flops();
}

/// One neuron by the plain function, dF/F to spikes.
template <typename Sample>
void oasis_plain(benchmark::State& state, OasisVariant variant)
{
    const auto& dff = session<Sample>(1, 0.2);
    const auto parameters = calcium::OasisParameters{0.7, 28, variant};
    const auto start = benchmarks::processor_seconds();

    while (state.KeepRunning()) {
        auto spikes = calcium::deconvolve(std::span<const Sample>(dff), parameters);
        benchmark::DoNotOptimize(spikes.data());
    }
    report<Sample>(state, frames, start);
}

/// A whole session, dF/F to smoothed events.
template <typename Sample>
void deconvolve_block(benchmark::State& state, OasisVariant variant, OasisKernel kernel)
{
    if (!calcium::is_available(kernel)) {
        state.SkipWithError("not on this processor");
        return;
    }
    const auto neurons = state.range(0);
    const auto& dff = session<Sample>(neurons, static_cast<double>(state.range(1)) / 100);
    const auto options = calcium::BlockOptions{{0.7, 28, variant}, 2, kernel};
    const auto start = benchmarks::processor_seconds();

    while (state.KeepRunning()) {
        auto activity = activity::Activity{};
        calcium::deconvolve_block<Sample>({dff, frames, neurons}, options, activity);
        benchmark::DoNotOptimize(activity.value.data());
        state.counters["density"] =
            static_cast<double>(activity.value.size()) / static_cast<double>(frames * neurons);
    }
    report<Sample>(state, frames * neurons, start);
}

/// Threshold and smoothing of one neuron from its spikes.
void events(benchmark::State& state)
{
    const auto& dff = session<double>(1, 0.2);
    const auto spikes = calcium::deconvolve(std::span<const double>(dff), {0.7, 28});

    while (state.KeepRunning()) {
        auto activity = activity::Activity{};
        calcium::append_events(spikes, 2, activity);
        benchmark::DoNotOptimize(activity.value.data());
    }
    state.SetItemsProcessed(state.iterations() * frames);
}

template <typename Sample>
void register_blocks(const char* sample)
{
    for (const auto kernel : {OasisKernel::scalar, OasisKernel::avx2, OasisKernel::avx512})
        for (const auto variant : {OasisVariant::farci, OasisVariant::suite2p})
            benchmark::RegisterBenchmark(
                fmt::format("deconvolve_block/{}/{}/{}",
                            variant == OasisVariant::farci ? "farci" : "suite2p",
                            calcium::name_of(kernel), sample)
                    .c_str(),
                deconvolve_block<Sample>, variant, kernel)
                ->ArgNames({"neurons", "noise_percent"})
                ->ArgsProduct({{500}, {10, 20, 30}})
                ->Unit(benchmark::kMillisecond);
}

const auto registered = [] {
    benchmark::RegisterBenchmark("oasis/farci/plain/double", oasis_plain<double>,
                                 OasisVariant::farci);
    benchmark::RegisterBenchmark("oasis/suite2p/plain/double", oasis_plain<double>,
                                 OasisVariant::suite2p);
    benchmark::RegisterBenchmark("oasis/suite2p/plain/float", oasis_plain<float>,
                                 OasisVariant::suite2p);
    benchmark::RegisterBenchmark("events/plain", events);
    register_blocks<float>("float");
    register_blocks<double>("double");
    return true;
}();

} // namespace
