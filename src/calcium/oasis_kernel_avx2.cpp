#include "oasis_kernels.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>

#define REWIRE_AVX2 __attribute__((target("avx2")))

namespace rewire::calcium {

namespace {

/// Each step of a lane merges the top two pools or takes the next sample, without a branch: what
/// comes next is not predictable, and a wrong guess costs as much as the step. The six lanes are
/// independent and hide each other's latency. A pool is one register.
struct Lane
{
    __m256d pool; ///< the top of the stack, also in memory
    Pool* top;
    const double* sample; ///< the next one
    std::int64_t frame;   ///< of it, in the recording
};

REWIRE_AVX2 inline void step(Lane& lane, __m256d fresh) noexcept
{
    const auto earlier = _mm256_load_pd(reinterpret_cast<const double*>(lane.top - 1));
    const auto later = lane.pool;
    const auto decay = _mm256_permute4x64_pd(earlier, 0b10101010);

    // {sum_e decay, weight_e} times {weight_l, sum_l}: the two sides of `violates`
    const auto left = _mm_mul_sd(_mm256_castpd256_pd128(earlier), _mm256_castpd256_pd128(decay));
    const auto sides = _mm_mul_pd(left, _mm_permute_pd(_mm256_castpd256_pd128(later), 1));
    const auto violation = _mm_cmplt_sd(_mm_permute_pd(sides, 1), sides);
    const auto merging = _mm_cvtsi128_si64(_mm_castpd_si128(violation)); // -1 or 0

    const auto factor = _mm256_blend_pd(decay, _mm256_mul_pd(decay, decay), 0b0010);
    const auto product = _mm256_mul_pd(later, factor);
    const auto sum = _mm256_add_pd(earlier, product);
    const auto merged = _mm256_blend_pd(_mm256_blend_pd(sum, product, 0b0100), earlier, 0b1000);

    const auto first = _mm256_broadcast_sd(lane.sample);
    const auto start = _mm256_set1_pd(static_cast<double>(lane.frame));
    const auto next = _mm256_blend_pd(_mm256_blend_pd(fresh, first, 0b0001), start, 0b1000);

    lane.pool = _mm256_blendv_pd(next, merged, _mm256_broadcastsd_pd(violation));
    lane.top += 1 + 2 * merging;
    lane.frame += 1 + merging;
    lane.sample += avx2_lanes * (1 + merging);
    _mm256_store_pd(reinterpret_cast<double*>(lane.top), lane.pool);
}

} // namespace

REWIRE_AVX2 void advance_avx2(const LaneChunk& chunk)
{
    const auto fresh = _mm256_set_pd(0, chunk.decay, 1, 0);
    const auto end = chunk.first_frame + chunk.frames;
    auto lanes = std::array<Lane, avx2_lanes>{};
    for (auto k = 0; k < avx2_lanes; ++k)
        lanes[static_cast<std::size_t>(k)] = {
            _mm256_load_pd(reinterpret_cast<const double*>(chunk.top[k])), chunk.top[k],
            chunk.samples + k, chunk.first_frame};

    // A step takes one sample at most, so this many are safe for every lane.
    auto steps = chunk.frames;
    while (steps > 0) {
        for (; steps > 0; --steps)
#pragma GCC unroll 6
            for (auto k = 0; k < avx2_lanes; ++k)
                step(lanes[static_cast<std::size_t>(k)], fresh);
        steps = end;
        for (const auto& lane : lanes)
            steps = std::min(steps, end - lane.frame);
    }
    for (auto k = 0; k < avx2_lanes; ++k) {
        const auto& lane = lanes[static_cast<std::size_t>(k)];
        chunk.top[k] = lane.top;
        finish_lane(chunk, avx2_lanes, k, lane.frame - chunk.first_frame);
    }
}

} // namespace rewire::calcium

#endif
