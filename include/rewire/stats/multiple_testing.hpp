#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::stats {

/// q-values of Benjamini and Hochberg (1995): q of the k-th smallest of m p-values is the smallest
/// p_(l) m / l over l >= k, at most 1. Rejecting q <= level keeps the expected share of false
/// rejections at the level for independent or positively dependent tests. NaN is not part of the
/// family (m counts the others) and stays NaN. O(m log m).
/// @pre p-values in [0, 1] or NaN
std::vector<double> benjamini_hochberg(std::span<const double> p_value);

/// Adjusted p-values of Holm (1979): the k-th smallest of m becomes the largest p_(l) (m - l + 1)
/// over l <= k, at most 1. Rejecting those <= level keeps the chance of any false rejection at the
/// level, whatever the dependence. NaN is not part of the family and stays NaN. O(m log m).
/// @pre p-values in [0, 1] or NaN
std::vector<double> holm(std::span<const double> p_value);

/// Both adjustments of one family, sorted once.
struct Adjustments
{
    std::vector<double> q_value;
    std::vector<double> holm;
};
Adjustments adjusted(std::span<const double> p_value);

/// The adjustments of one large family whose p-values are looked at part by part: the same numbers
/// as the two functions above give, without an index for every test. 24 B a
/// p-value, 32 while they are made.
class AdjustedFamily
{
  public:
    /// @param p_value in any order; NaN is not part of the family
    explicit AdjustedFamily(std::vector<double> p_value);

    std::int64_t size() const noexcept { return static_cast<std::int64_t>(p_.size()); }
    /// q-value of a member. @pre p is one of the p-values, or NaN (which stays NaN)
    double benjamini_hochberg(double p) const;
    double holm(double p) const;

  private:
    double at(const std::vector<double>& adjusted, double p) const;

    std::vector<double> p_; ///< ascending
    std::vector<double> q_;
    std::vector<double> holm_;
};

/// p of a Monte Carlo test, (exceed + 1) / (draws + 1): the observed statistic counts as one of
/// the draws, so that P(p <= a) <= a. `exceed` counts the draws at least as extreme.
/// @pre 0 <= exceed <= draws
constexpr double monte_carlo_p(std::int64_t exceed, std::int64_t draws) noexcept
{
    return static_cast<double>(exceed + 1) / static_cast<double>(draws + 1);
}

struct Interval
{
    double low = 0;
    double high = 1;
};

/// Wilson's score interval of a proportion; `z` standard normal quantile (1.96 for 95 %).
/// [0, 1] for no trials.
Interval wilson_interval(std::int64_t successes, std::int64_t trials, double z = 1.959963984540054);
/// The same of a share, for trials that are worth another number than there are: dependent ones.
Interval wilson_interval_of_share(double share, double trials, double z = 1.959963984540054);

} // namespace rewire::stats
