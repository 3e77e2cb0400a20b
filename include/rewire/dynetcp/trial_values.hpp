#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// What the population does in trials of equal length, as DyNetCP reads it. Of the methods page of
/// DyNetCP throughout: sections are named by their numbers.
namespace rewire::dynetcp {

/// Values of neurons by trial and bin, of which most are 0 and not stored: spikes (all 1), or the
/// expected trains of a jitter null (real, may exceed 1). Bins before the first are 0: nothing is
/// carried over from trial to trial.
struct TrialValues
{
    std::int64_t trials = 0;
    std::int64_t bins = 0;
    std::int64_t neurons = 0;
    std::vector<std::int64_t> start{0}; ///< [trials * neurons + 1], trial-major
    std::vector<std::int32_t> bin;      ///< ascending within a row
    std::vector<double> value;          ///< as long as `bin`; empty: all are 1

    struct Row
    {
        std::span<const std::int32_t> bin;
        std::span<const double> value; ///< empty: all are 1
    };
    Row row(std::int64_t trial, std::int64_t neuron) const noexcept
    {
        const auto at = static_cast<std::size_t>(trial * neurons + neuron);
        const auto first = static_cast<std::size_t>(start[at]);
        const auto count = static_cast<std::size_t>(start[at + 1]) - first;
        return {std::span(bin).subspan(first, count),
                value.empty() ? std::span<const double>{} : std::span(value).subspan(first, count)};
    }
};

/// From an array [trial, bin, neuron]; zeros are left out. O(size).
TrialValues trial_values(std::span<const double> dense, std::int64_t trials, std::int64_t bins,
                         std::int64_t neurons);

/// Trials `chosen`, in that order.
TrialValues selected(const TrialValues& values, std::span<const std::int64_t> chosen);

/// Mean value a bin of every neuron, [neurons]. 0 without trials.
std::vector<double> mean_values(const TrialValues& values);

/// The bias that a neuron starts from: the logit of its mean rate a bin, kept within 1e-6 of 0 and
/// of 1 (section 1; the published code has no upper bound).
double initial_bias(double rate_per_bin);

} // namespace rewire::dynetcp
