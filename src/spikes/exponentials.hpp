#pragma once

#include <bit>
#include <cstdint>
#include <numbers>

namespace rewire::spikes {

/// exp, for the compiler to do several at once in a loop: 2^k times a series of 13 terms, to the
/// last digit or two. Arguments beyond +-700 are taken as that, so that the result is finite.
[[gnu::always_inline]] inline double bounded_exponential(double x)
{
    constexpr auto to_whole = 0x1.8p52; // adding it rounds to a whole number
    constexpr auto ln2_high = 0x1.62e42feep-1;
    constexpr auto ln2_low = 0x1.a39ef35793c76p-33;
    auto bounded = x < 700.0 ? x : 700.0;
    bounded = bounded > -700.0 ? bounded : -700.0;
    const auto shifted = bounded * std::numbers::log2e + to_whole;
    const auto whole = shifted - to_whole;
    const auto r = (bounded - whole * ln2_high) - whole * ln2_low;
    auto series = 1.0 / 479001600;
    series = series * r + 1.0 / 39916800;
    series = series * r + 1.0 / 3628800;
    series = series * r + 1.0 / 362880;
    series = series * r + 1.0 / 40320;
    series = series * r + 1.0 / 5040;
    series = series * r + 1.0 / 720;
    series = series * r + 1.0 / 120;
    series = series * r + 1.0 / 24;
    series = series * r + 1.0 / 6;
    series = series * r + 0.5;
    series = series * r + 1;
    series = series * r + 1;
    // the low bits of `shifted` are k: into the exponent
    const auto power = std::bit_cast<std::uint64_t>(shifted) << 52;
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(series) + power);
}

} // namespace rewire::spikes
