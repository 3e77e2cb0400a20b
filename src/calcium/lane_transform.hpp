#pragma once

#include <cstdint>
#include <vector>

namespace rewire::calcium {

/// Sixteen floats, one of each of sixteen sequences that are transformed side by side: one AVX-512
/// register, two of AVX2, four of SSE.
constexpr auto lanes = std::int64_t{16};
using LaneValues [[gnu::vector_size(64)]] = float;

/// Aligned by hand: the vectors bring the alignment of the narrowest target, but the clone for
/// AVX-512 relies on that of the widest.
struct alignas(64) Lane
{
    LaneValues re;
    LaneValues im;
};

/// Discrete Fourier transform of sixteen complex sequences at once, not normalised, of a length
/// whose prime factors are 2, 3 and 5 (Stockham's ordering; radix 4, 2, 3, 5). Libraries that can
/// be used here transform one sequence at a time, without vector instructions; sequences side by
/// side need no shuffling and leave the result where the look-up wants it.
class LaneTransform
{
  public:
    enum class Direction
    {
        forward,  ///< sum x exp(-2 pi i f t / n)
        backward, ///< sum x exp(+2 pi i f t / n)
    };

    /// @pre length > 0 with prime factors 2, 3, 5 only
    LaneTransform(std::int64_t length, Direction direction);

    /// Transforms `data`; both buffers are overwritten. Returns the one that holds the result.
    Lane* run(Lane* data, Lane* scratch) const noexcept;

  private:
    struct Stage
    {
        std::int64_t radix = 0;
        std::int64_t rest = 0;      ///< length of the remaining transforms
        std::int64_t stride = 0;    ///< of one sequence
        std::vector<float> twiddle; ///< [rest, radix - 1, (re, im)]
    };

    std::vector<Stage> stages_;
    float sign_;
};

} // namespace rewire::calcium
