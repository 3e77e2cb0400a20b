#pragma once

#include <cstdint>

namespace rewire::calcium {

/// Sixteen floats or eight doubles, one of each of as many sequences that are transformed side by
/// side: one AVX-512 register, two of AVX2, four of SSE.
template <typename Real>
struct LaneVector;
template <>
struct LaneVector<float>
{
    using Type [[gnu::vector_size(64)]] = float;
};
template <>
struct LaneVector<double>
{
    using Type [[gnu::vector_size(64)]] = double;
};
template <typename Real>
constexpr auto lanes_of = std::int64_t{64 / sizeof(Real)};

/// Complex numbers of as many sequences. Aligned by hand: the vectors bring the alignment of the
/// narrowest target, but the clone for AVX-512 relies on that of the widest.
template <typename Real>
struct alignas(64) LaneOf
{
    typename LaneVector<Real>::Type re;
    typename LaneVector<Real>::Type im;
};

/// One pass of Stockham's: `rest` butterflies of `radix`, for each of `stride` places.
template <typename Real>
struct LanePass
{
    const LaneOf<Real>* from = nullptr;
    LaneOf<Real>* to = nullptr;
    std::int64_t radix = 0;
    std::int64_t rest = 0;
    std::int64_t stride = 0;
    const Real* twiddle = nullptr; ///< [rest, radix - 1, (re, im)]
    const Real* turns = nullptr;   ///< of other primes: [h, h, (cos, sin)], h = (radix - 1) / 2
    Real sign = -1;
};

/// Largest prime whose butterfly is summed up term by term. Beyond, a convolution is faster.
inline constexpr auto largest_direct_prime = std::int64_t{127};

// radix 2, 3, 4, 5 or a prime up to the largest
void run_pass(const LanePass<float>& pass);
void run_pass(const LanePass<double>& pass);

// to[k] = from[k] factor[k], complex; `factor` [count, (re, im)]; may be in place
void multiply_lanes(const LaneOf<float>* from, const float* factor, LaneOf<float>* to,
                    std::int64_t count);
void multiply_lanes(const LaneOf<double>* from, const double* factor, LaneOf<double>* to,
                    std::int64_t count);

// to[k to_step] = from[k from_step]
void move_lanes(const LaneOf<float>* from, std::int64_t from_step, LaneOf<float>* to,
                std::int64_t to_step, std::int64_t count);
void move_lanes(const LaneOf<double>* from, std::int64_t from_step, LaneOf<double>* to,
                std::int64_t to_step, std::int64_t count);

} // namespace rewire::calcium
