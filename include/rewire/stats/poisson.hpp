#pragma once

#include <cstdint>

namespace rewire::stats {

/// Both tails of a count; the count itself is in both.
struct Tails
{
    double upper = 1; ///< P(X >= count)
    double lower = 1; ///< P(X <= count)
};

/// Tails of a Poisson number: P(X >= k) = P(k, mean) and P(X <= k) = Q(k + 1, mean), the
/// regularised incomplete gamma functions (Abramowitz and Stegun 26.4.21; Boost.Math). The tail on
/// the count's side of the mean has a relative error below 1e-11 for counts up to 1e4 and below
/// 1e-9 up to 1e6, as far out as 1e-300 (0 where it is no longer a double). The other is what that
/// leaves of 1, to an absolute 1e-11. About 0.2 us. Throws nothing.
/// @param mean 0, or what is no mean (negative, NaN): the number is 0. @pre finite
/// @param count below 0: it is always above, {1, 0}
Tails poisson_tails(double mean, std::int64_t count);

} // namespace rewire::stats
