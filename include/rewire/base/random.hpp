#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace rewire::base {

/// 64-bit key of a name or number, for naming a random stream. Stable over versions and machines.
std::uint64_t key_of(std::string_view name) noexcept;

/// A stream of random numbers that is named by what is drawn, never by rank, thread or order:
/// Philox4x32-10 (Random123) keyed by the seed, with the stream's name in the upper half of the
/// counter. Two streams with the same seed and name give the same numbers wherever they are drawn.
///
///     auto stream = Stream(seed, {key_of("shift"), key_of(subject), key_of(session), surrogate});
class Stream
{
  public:
    Stream(std::uint64_t seed, std::initializer_list<std::uint64_t> name) noexcept;

    std::uint32_t bits32() noexcept;
    std::uint64_t bits64() noexcept;

    /// Uniform in [0, 1), 53 random bits.
    double uniform() noexcept;
    /// Uniform integer in [0, bound), without bias. @pre bound > 0
    std::uint64_t below(std::uint64_t bound) noexcept;
    /// Standard normal (Box-Muller).
    double normal() noexcept;
    /// Exponential with mean 1.
    double exponential() noexcept;
    /// Poisson with the given mean (>= 0). Exact; cost proportional to the mean.
    std::int64_t poisson(double mean) noexcept;

  private:
    void refill() noexcept;

    std::array<std::uint32_t, 2> key_;
    std::array<std::uint32_t, 4> counter_{};
    std::array<std::uint32_t, 4> block_{};
    int used_ = 4;
    double spare_normal_ = 0;
    bool has_spare_ = false;
};

/// `count` distinct integers of [0, bound), in random order (the head of a Fisher-Yates shuffle).
/// @pre 0 <= count <= bound. Memory O(bound).
std::vector<std::int64_t> distinct_below(Stream& stream, std::int64_t bound, std::int64_t count);

/// A uniformly random permutation of 0..count-1.
std::vector<std::int64_t> permutation(Stream& stream, std::int64_t count);

} // namespace rewire::base
