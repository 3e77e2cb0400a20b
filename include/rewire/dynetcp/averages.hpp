#pragma once

#include <rewire/dynetcp/trial_values.hpp>

#include <cstdint>
#include <span>
#include <vector>

/// Averages of dynamic weights over trials (section 6): of those at whose bin and lag the sender
/// fired; the receiver's spikes play no part.
namespace rewire::dynetcp {

/// Sums over trials of one edge, [bin, lag], lag 0 first.
struct SpikeAlignedSums
{
    std::int64_t bins = 0;
    std::int64_t lags = 0;
    std::vector<double> weight; ///< sum over trials of W(t, d) x_j(t - d)
    std::vector<double> spikes; ///< of x_j(t - d)

    SpikeAlignedSums(std::int64_t bins, std::int64_t lags);
    /// @param weights of the edge j -> i in this trial, [bin, lag], static part included
    /// O(spikes of j * lags): bins without a spike of the sender are not looked at.
    template <typename Real>
    void add(const TrialValues& values, std::int64_t trial, std::int64_t sender,
             std::span<const Real> weights);
};

struct SpikeAlignedAverage
{
    std::vector<double> weight; ///< [bin, lag]; 0 where the sender never fired
    std::vector<double> spikes; ///< [bin, lag] that it is an average of
};

/// Sums over the `window` most recent bins at the same lag, t - window + 1 .. t (fewer at the
/// start), numerator and denominator each, then their ratio, as in the published code; 0 and 1: the
/// bin alone.
SpikeAlignedAverage average_of(const SpikeAlignedSums& sums, std::int64_t window);

} // namespace rewire::dynetcp
