#include "oasis_kernels.hpp"

#if defined(__x86_64__)

// GCC 12's own header starts an undefined vector from itself, and warns.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <algorithm>
#include <array>

#define REWIRE_AVX512 __attribute__((target("avx512f,avx512vl")))
#define REWIRE_AVX512_INLINE __attribute__((target("avx512f,avx512vl"), always_inline)) inline

namespace rewire::calcium {

namespace {

constexpr auto lanes_per_group = 8;
constexpr auto doubles_per_pool = std::int64_t{sizeof(Pool) / sizeof(double)};

/// One pool of each of eight neurons, field by field.
struct Fields
{
    __m512d sum;
    __m512d weight;
    __m512d decay;
    __m512d start;
};

/// Eight neurons. As with AVX2 each step of a lane merges or takes the next sample without a
/// branch, here by masks; lanes run ahead of each other by as many merges as they differ.
struct Group
{
    Fields pool;        ///< the tops of the stacks, also in memory
    __m512i top;        ///< where they are, in doubles from `base`
    __m512d frame;      ///< of the next sample, in the recording
    __m256i sample;     ///< its index in the chunk
    double* base;       ///< the stacks lie in one array
    std::int64_t* tops; ///< [8] `top` in memory, for the loads and stores of single pools
};

REWIRE_AVX512_INLINE __m512d two_pools(const double* low, const double* high) noexcept
{
    return _mm512_insertf64x4(_mm512_castpd256_pd512(_mm256_load_pd(low)), _mm256_load_pd(high), 1);
}

/// The halves of two vectors, low or high in each 256 bits, put together again.
REWIRE_AVX512_INLINE __m512d low_halves(__m512d a, __m512d b) noexcept
{
    return _mm512_permutex2var_pd(a, _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0), b);
}
REWIRE_AVX512_INLINE __m512d high_halves(__m512d a, __m512d b) noexcept
{
    return _mm512_permutex2var_pd(a, _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2), b);
}

/// The pools below the tops: eight loads and a transposition, which is faster than gathering.
REWIRE_AVX512_INLINE Fields pools_below(const double* base, const std::int64_t* tops) noexcept
{
    const auto below = base - doubles_per_pool;
    const auto a = two_pools(below + tops[0], below + tops[4]);
    const auto b = two_pools(below + tops[1], below + tops[5]);
    const auto c = two_pools(below + tops[2], below + tops[6]);
    const auto d = two_pools(below + tops[3], below + tops[7]);
    const auto even_ab = _mm512_unpacklo_pd(a, b);
    const auto even_cd = _mm512_unpacklo_pd(c, d);
    const auto odd_ab = _mm512_unpackhi_pd(a, b);
    const auto odd_cd = _mm512_unpackhi_pd(c, d);
    return {low_halves(even_ab, even_cd), low_halves(odd_ab, odd_cd), high_halves(even_ab, even_cd),
            high_halves(odd_ab, odd_cd)};
}

REWIRE_AVX512_INLINE void store_two(double* low, double* high, __m512d pools) noexcept
{
    _mm256_store_pd(low, _mm512_castpd512_pd256(pools));
    _mm256_store_pd(high, _mm512_extractf64x4_pd(pools, 1));
}

REWIRE_AVX512_INLINE void store_pools(double* base, const std::int64_t* tops,
                                      const Fields& pool) noexcept
{
    const auto front_even = _mm512_unpacklo_pd(pool.sum, pool.weight);
    const auto front_odd = _mm512_unpackhi_pd(pool.sum, pool.weight);
    const auto back_even = _mm512_unpacklo_pd(pool.decay, pool.start);
    const auto back_odd = _mm512_unpackhi_pd(pool.decay, pool.start);
    store_two(base + tops[0], base + tops[4], low_halves(front_even, back_even));
    store_two(base + tops[1], base + tops[5], low_halves(front_odd, back_odd));
    store_two(base + tops[2], base + tops[6], high_halves(front_even, back_even));
    store_two(base + tops[3], base + tops[7], high_halves(front_odd, back_odd));
}

REWIRE_AVX512_INLINE void step(Group& group, const double* samples, __m512d decay) noexcept
{
    const auto earlier = pools_below(group.base, group.tops);
    const auto later = group.pool;
    const auto one = _mm512_set1_pd(1);
    const auto merging =
        _mm512_cmp_pd_mask(_mm512_mul_pd(_mm512_mul_pd(earlier.sum, earlier.decay), later.weight),
                           _mm512_mul_pd(later.sum, earlier.weight), _CMP_GT_OQ);
    const auto taking = static_cast<__mmask8>(~merging);

    const auto next = _mm512_i32gather_pd(group.sample, samples, sizeof(double));
    group.pool.sum =
        _mm512_mask_add_pd(next, merging, earlier.sum, _mm512_mul_pd(later.sum, earlier.decay));
    group.pool.weight = _mm512_mask_add_pd(
        one, merging, earlier.weight,
        _mm512_mul_pd(later.weight, _mm512_mul_pd(earlier.decay, earlier.decay)));
    group.pool.decay = _mm512_mask_mul_pd(decay, merging, earlier.decay, later.decay);
    group.pool.start = _mm512_mask_mov_pd(group.frame, merging, earlier.start);

    const auto one_pool = _mm512_set1_epi64(doubles_per_pool);
    group.top =
        _mm512_mask_sub_epi64(_mm512_add_epi64(group.top, one_pool), merging, group.top, one_pool);
    group.sample =
        _mm256_mask_add_epi32(group.sample, taking, group.sample, _mm256_set1_epi32(avx512_lanes));
    group.frame = _mm512_mask_add_pd(group.frame, taking, group.frame, one);
    _mm512_store_si512(group.tops, group.top);
    store_pools(group.base, group.tops, group.pool);
}

/// Steps that are safe for every lane: one takes one sample at most.
REWIRE_AVX512_INLINE std::int64_t steps_left(const Group& group, std::int64_t end) noexcept
{
    return end - static_cast<std::int64_t>(_mm512_reduce_max_pd(group.frame));
}

} // namespace

REWIRE_AVX512 void advance_avx512(const LaneChunk& chunk)
{
    alignas(64) std::array<std::int64_t, avx512_lanes> tops;
    const auto lowest = chunk.top[0];
    const auto decay = _mm512_set1_pd(chunk.decay);
    const auto lane = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    for (auto k = 0; k < avx512_lanes; ++k)
        tops[static_cast<std::size_t>(k)] = (chunk.top[k] - lowest) * doubles_per_pool;
    std::array<Group, 2> groups;
    for (auto g = 0; g < 2; ++g) {
        auto& group = groups[static_cast<std::size_t>(g)];
        group.base = reinterpret_cast<double*>(lowest);
        group.tops = tops.data() + g * lanes_per_group;
        group.top = _mm512_load_si512(group.tops);
        group.pool = pools_below(group.base + doubles_per_pool, group.tops);
        group.sample = _mm256_add_epi32(lane, _mm256_set1_epi32(g * lanes_per_group));
        group.frame = _mm512_set1_pd(static_cast<double>(chunk.first_frame));
    }

    const auto end = chunk.first_frame + chunk.frames;
    auto steps = chunk.frames;
    while (steps > 0) {
        for (; steps > 0; --steps) {
            step(groups[0], chunk.samples, decay);
            step(groups[1], chunk.samples, decay);
        }
        steps = std::min(steps_left(groups[0], end), steps_left(groups[1], end));
    }

    alignas(64) std::array<double, avx512_lanes> frames;
    _mm512_store_pd(frames.data(), groups[0].frame);
    _mm512_store_pd(frames.data() + lanes_per_group, groups[1].frame);
    for (auto k = 0; k < avx512_lanes; ++k) {
        const auto index = static_cast<std::size_t>(k);
        chunk.top[k] = lowest + tops[index] / doubles_per_pool;
        finish_lane(chunk, avx512_lanes, k,
                    static_cast<std::int64_t>(frames[index]) - chunk.first_frame);
    }
}

} // namespace rewire::calcium

#pragma GCC diagnostic pop

#endif
