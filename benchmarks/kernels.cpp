#include "machine.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <vector>

namespace rewire::benchmarks {

namespace {

double measure_read_bandwidth()
{
    constexpr auto bytes = std::size_t{512} << 20;
    const auto data = std::vector<std::uint64_t>(bytes / sizeof(std::uint64_t), 1);
    auto best = 0.0;
    for (auto repeat = 0; repeat < 3; ++repeat) {
        auto parts = std::array<std::uint64_t, 8>{};
        const auto start = processor_seconds();
        for (auto i = std::size_t{0}; i < data.size(); i += parts.size())
            for (auto k = std::size_t{0}; k < parts.size(); ++k)
                parts[k] += data[i + k];
        benchmark::DoNotOptimize(parts);
        best = std::max(best, static_cast<double>(bytes) / (processor_seconds() - start));
    }
    return best;
}

double measure_baseline_flops()
{
    constexpr auto rounds = 2'000'000;
    auto best = 0.0;
    for (auto repeat = 0; repeat < 3; ++repeat) {
        auto values = std::array<double, 16>{};
        auto factor = 0.5;
        benchmark::DoNotOptimize(factor);
        const auto start = processor_seconds();
        for (auto round = 0; round < rounds; ++round)
            for (auto& value : values)
                value = value * factor + factor;
        benchmark::DoNotOptimize(values);
        best = std::max(best, 2.0 * rounds * values.size() / (processor_seconds() - start));
    }
    return best;
}

} // namespace

double processor_seconds()
{
    auto time = timespec{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double read_bandwidth()
{
    static const auto measured = measure_read_bandwidth();
    return measured;
}

double baseline_flops()
{
    static const auto measured = measure_baseline_flops();
    return measured;
}

} // namespace rewire::benchmarks

int main(int argc, char** argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    using namespace rewire::benchmarks;
    benchmark::AddCustomContext("memory read by one core",
                                fmt::format("{:.1f} GB/s", read_bandwidth() / 1e9));
    benchmark::AddCustomContext("multiply and add by one core, baseline vectors",
                                fmt::format("{:.1f} GFLOP/s", baseline_flops() / 1e9));
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
