#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

/// Exponentials without branches and calls, which the compiler vectorises under strict rules of
/// rounding; `std::exp` it does not.
namespace rewire::dynetcp {

/// exp(-a) of a in [0, 700] to 2e-16: 2^k by the exponent's bits, the rest by the series of exp
/// within ln(2)/2.
[[gnu::always_inline]] inline double exp_of_minus(double a)
{
    constexpr auto log2_e = 1.4426950408889634;
    constexpr auto ln2_high = 6.93147180369123816490e-01;
    constexpr auto ln2_low = 1.90821492927058770002e-10;
    constexpr auto rounder = 6755399441055744.0; // 1.5 * 2^52: the sum's last bits are the integer
    const auto shifted = -a * log2_e + rounder;
    const auto k = shifted - rounder;
    const auto r = (-a - k * ln2_high) - k * ln2_low;
    auto sum = 1.0 / 479001600;
    for (const auto factor : {1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
                              1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0})
        sum = sum * r + factor;
    const auto exponent =
        (std::bit_cast<std::int64_t>(shifted) << 52) + std::bit_cast<std::int64_t>(1.0);
    return sum * std::bit_cast<double>(exponent);
}

/// The same of a in [0, 80] to 1e-7.
[[gnu::always_inline]] inline float exp_of_minus(float a)
{
    constexpr auto log2_e = 1.44269504F;
    constexpr auto ln2_high = 0.693359375F;
    constexpr auto ln2_low = -2.12194440e-4F;
    constexpr auto rounder = 12582912.0F; // 1.5 * 2^23
    const auto shifted = -a * log2_e + rounder;
    const auto k = shifted - rounder;
    const auto r = (-a - k * ln2_high) - k * ln2_low;
    auto sum = 1.0F / 5040;
    for (const auto factor : {1.0F / 720, 1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F})
        sum = sum * r + factor;
    const auto exponent =
        (std::bit_cast<std::int32_t>(shifted) << 23) + std::bit_cast<std::int32_t>(1.0F);
    return sum * std::bit_cast<float>(exponent);
}

/// Largest magnitude that exp_of_minus takes.
template <typename Real>
inline constexpr Real largest_exponent = sizeof(Real) == sizeof(float) ? Real{80} : Real{700};

template <typename Real>
[[gnu::always_inline]] inline Real sigmoid(Real x)
{
    const auto a = std::abs(x);
    const auto z = exp_of_minus(a < largest_exponent<Real> ? a : largest_exponent<Real>);
    return (x >= 0 ? Real{1} : z) / (1 + z);
}

/// To 1e-16 (1e-7), absolute.
template <typename Real>
[[gnu::always_inline]] inline Real hyperbolic_tangent(Real x)
{
    const auto a = 2 * std::abs(x);
    const auto z = exp_of_minus(a < largest_exponent<Real> ? a : largest_exponent<Real>);
    const auto size = (1 - z) / (1 + z);
    return x >= 0 ? size : -size;
}

} // namespace rewire::dynetcp
