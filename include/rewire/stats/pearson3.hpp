#pragma once

/// Tails of a standardised sum whose first three moments are known: the Pearson III distribution
/// (a shifted gamma distribution) with mean 0, variance 1 and the given skewness g > 0. With
/// a = 4 / g^2 it is (Gamma(a) - a) / sqrt(a), and its support begins at -2 / g.
///
/// Relative error of the upper tail below 1e-11 down to 1e-30 and 1e-9 down to 1e-290 (incomplete
/// gamma functions of Boost.Math); about 0.2 to 0.5 us a call.
namespace rewire::stats {

/// Smaller skewness counts as this much: the distribution is then the normal one to four digits
/// at 1e-6, and a = 4e6 is still an easy argument. A skewness that is negative is treated alike,
/// which is conservative for the upper tail.
inline constexpr auto least_skewness = 1e-3;

/// Up to here the bound of the distribution at -2 / g lies far enough out (4 standard deviations)
/// for its lower tail to be used.
inline constexpr auto most_skewness_of_lower_tail = 0.5;

/// P(Z >= score), Z with skewness max(skewness, least_skewness). 1 below the support, 0 below the
/// smallest double, NaN for a NaN.
double pearson3_upper_tail(double score, double skewness);

/// log10 of the same, finite where the tail itself is no longer a double. 0 below the support.
double log10_pearson3_upper_tail(double score, double skewness);

/// Down to here the lower tail is taken at its word: rates have been measured that far. Further out
/// it tells more of the bound than of the data.
inline constexpr auto least_lower_tail = 1e-3;

/// P(Z <= score): of Pearson III for skewness <= most_skewness_of_lower_tail, of the normal
/// distribution beyond, where the bound would make the tail too small by orders of magnitude. Below
/// least_lower_tail the larger of the two, so that no score beyond the bound has p = 0. Never
/// decreases with the score; 0 below the smallest double, NaN for a NaN.
double pearson3_lower_tail(double score, double skewness);

/// log10 of the same, finite where the tail itself is no longer a double.
double log10_pearson3_lower_tail(double score, double skewness);

} // namespace rewire::stats
