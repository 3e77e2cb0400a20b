#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// What spike-aligned averages of dynamic weights (averages.hpp) say of an edge: its course over
/// the trial, when it is present, and how it agrees with a conditional JPSTH. Matrices of an edge
/// are [bin, lag], lag 0 first.
namespace rewire::dynetcp {

/// The functional lag: that of the static weight which is largest in size, lag 0 aside (two neurons
/// that fire together have it in both directions). @pre two lags at least
std::int64_t functional_lag(std::span<const float> static_weight);

/// One lag of averages over the `window` most recent bins, [bin]. NaN where the sender fired in no
/// trial in any of these bins.
/// @param smoothed [bin, lag] @param spikes [bin, lag] of each bin alone
std::vector<double> weight_course(std::span<const float> smoothed,
                                  std::span<const std::int32_t> spikes, std::int64_t lags,
                                  std::int64_t lag, std::int64_t window);

/// The lag at which an edge is strongest over the whole trial.
struct TrialPeak
{
    std::int64_t lag = -1; ///< -1: the sender fires in no trial
    double weight = 0;     ///< NaN: the same
};
/// Of averages of single bins, the mean at each lag over all spikes of the sender that they are
/// averages of; the largest, and of equal ones that of the shorter lag.
/// @param weight [bin, lag] @param spikes [bin, lag]
TrialPeak peak_over_trial(std::span<const float> weight, std::span<const std::int32_t> spikes,
                          std::int64_t lags);

/// The paper's dynamic graph (Results, Fig. 6): a connection is present where the dynamic weight
/// exceeds the static one in size.
struct RatioRule
{
    std::vector<double> ratio; ///< [bin] W_dyn / W_st; NaN where there is no W_dyn
    std::vector<std::int8_t>
        present; ///< [bin] 1 excites, -1 inhibits (the sign of W_dyn), 0 absent
};
/// Present where |W_dyn / W_st| > threshold. For W_st > 0 these are the paper's two conditions;
/// where W_st < 0 its wording would call inhibition that grows an excitatory connection. Without a
/// static weight (0) the ratio is NaN and nothing present.
RatioRule ratio_rule(std::span<const double> course, double static_weight, double threshold = 1);

/// Conditional JPSTH of an edge along its lags (Methods, cJPSTH): P(receiver at t | sender at t -
/// d), averaged over the `window` most recent bins at the same lag that lie in the trial. 0 where
/// the sender is silent, as its bins count in the average. NaN for t < d.
/// @param joint [bin, lag] share of the trials with the receiver at t and the sender at t - d
/// @param sender [bin] share of the trials in which the sender fires
std::vector<double> conditional_by_lag(std::span<const double> joint,
                                       std::span<const double> sender, std::int64_t lags,
                                       std::int64_t window);

struct AgreementRule
{
    std::int64_t window = 10; ///< bins that both matrices are averaged over
    double margin = 0.09;     ///< of the normalised matrices, the paper's
};

struct Agreement
{
    double pearson = 0;    ///< over the cells of both
    double difference = 0; ///< mean of the normalised weight minus the normalised histogram
    double tost_p = 0;     ///< that the mean difference is within the margin is the alternative
    std::int64_t cells = 0;
};

/// Two matrices [bin, lag] of one edge; cells that are NaN in either are left out. The correlation
/// is over all others. For the equivalence test each matrix is brought to 0 .. 1 by its smallest
/// and largest value; it goes by bins `window` apart, which share no spikes of their averages, as
/// pairs that are taken for independent: tost_p is the larger p of two one-sided paired t-tests
/// against -margin and +margin. NaN where a matrix is constant or has too few cells.
Agreement agreement_of(std::span<const double> weight, std::span<const double> conditional,
                       std::int64_t lags, const AgreementRule& rule);

} // namespace rewire::dynetcp
