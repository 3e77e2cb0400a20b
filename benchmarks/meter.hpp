#pragma once

#include <rewire/dense/symmetric.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <vector>

namespace rewire::benchmarks {

inline double seconds_of_processor()
{
    auto time = timespec{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Floating-point operations a second of dgemm in this program on one core, the best of five.
inline double dgemm_rate()
{
    static const auto rate = [] {
        dense::use_one_thread();
        constexpr auto n = std::int64_t{1000};
        const auto a = std::vector<double>(n * n, 1.5);
        auto c = std::vector<double>(n * n);
        auto best = 0.0;
        for (auto repeat = 0; repeat < 5; ++repeat) {
            const auto start = seconds_of_processor();
            dense::multiply(a, a, c, n);
            best = std::max(best, 2e9 / (seconds_of_processor() - start));
        }
        return best;
    }();
    return rate;
}

/// Rates over processor time, so that a busy machine does not change them.
class Meter
{
  public:
    explicit Meter(benchmark::State& state) : state_(state), peak_(dgemm_rate()) {}
    void start() { start_ = seconds_of_processor(); }
    void report(double flops_a_round)
    {
        const auto seconds = seconds_of_processor() - start_;
        const auto rounds = static_cast<double>(state_.iterations());
        const auto rate = flops_a_round * rounds / seconds;
        state_.counters["ms"] = 1e3 * seconds / rounds;
        state_.counters["GFLOP/s"] = rate / 1e9;
        state_.counters["of_dgemm"] = rate / peak_;
    }

  private:
    benchmark::State& state_;
    double peak_;
    double start_ = 0;
};

} // namespace rewire::benchmarks
