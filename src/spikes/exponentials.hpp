#pragma once

#include <cstdint>
#include <numbers>

namespace rewire::spikes {

/// exp of a double or of a vector of them, for the compiler to do several at once: 2^k times a
/// series of 13 terms, to the last digit or two. Arguments beyond +-700 are taken as that, so that
/// the result is finite.
/// @tparam Bits std::uint64_t, or a vector of as many as `Value` has
template <typename Value, typename Bits>
[[gnu::always_inline]] inline void bounded_exponential_of(const Value& x, Value& out)
{
    constexpr auto to_whole = 0x1.8p52; // adding it rounds to a whole number
    constexpr auto ln2_high = 0x1.62e42feep-1;
    constexpr auto ln2_low = 0x1.a39ef35793c76p-33;
    const auto limit = Value{} + 700.0;
    Value bounded = x < limit ? x : limit;
    bounded = bounded > -limit ? bounded : -limit;
    const Value shifted = bounded * std::numbers::log2e + to_whole;
    const Value whole = shifted - to_whole;
    const Value r = (bounded - whole * ln2_high) - whole * ln2_low;
    Value series = r * (1.0 / 479001600) + 1.0 / 39916800;
    series = series * r + 1.0 / 3628800;
    series = series * r + 1.0 / 362880;
    series = series * r + 1.0 / 40320;
    series = series * r + 1.0 / 5040;
    series = series * r + 1.0 / 720;
    series = series * r + 1.0 / 120;
    series = series * r + 1.0 / 24;
    series = series * r + 1.0 / 6;
    series = series * r + 0.5;
    series = series * r + 1.0;
    series = series * r + 1.0;
    // the low bits of `shifted` are k: into the exponent
    const Bits power = __builtin_bit_cast(Bits, shifted) << 52;
    const Bits moved = __builtin_bit_cast(Bits, series) + power;
    out = __builtin_bit_cast(Value, moved); // std::bit_cast would return a vector, from any target
}

[[gnu::always_inline]] inline double bounded_exponential(double x)
{
    auto result = 0.0;
    bounded_exponential_of<double, std::uint64_t>(x, result);
    return result;
}

} // namespace rewire::spikes
