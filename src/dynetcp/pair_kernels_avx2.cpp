#include "pair_kernels.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <utility>

#define REWIRE_SIMD __attribute__((target("avx2,fma")))

namespace rewire::dynetcp {

namespace {

struct Vector
{
    using Type = __m256;
    static constexpr auto lanes = std::int64_t{8};

    REWIRE_SIMD static Type zero() { return _mm256_setzero_ps(); }
    REWIRE_SIMD static Type set(float value) { return _mm256_set1_ps(value); }
    REWIRE_SIMD static Type load(const float* from) { return _mm256_loadu_ps(from); }
    REWIRE_SIMD static void store(float* to, Type v) { _mm256_storeu_ps(to, v); }
    REWIRE_SIMD static Type add(Type a, Type b) { return _mm256_add_ps(a, b); }
    REWIRE_SIMD static Type multiply_add(Type a, Type b, Type c)
    {
        return _mm256_fmadd_ps(a, b, c);
    }
    REWIRE_SIMD static Type positive(Type z) { return _mm256_max_ps(z, zero()); }
    REWIRE_SIMD static Type where_positive(Type z, Type v)
    {
        return _mm256_and_ps(v, _mm256_cmp_ps(z, zero(), _CMP_GT_OQ));
    }
    REWIRE_SIMD static float total(Type v)
    {
        const auto four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
        const auto two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
    }
};

/// For 16 registers.
struct Shape
{
    static constexpr auto edges_at_once = 1;
    static constexpr auto chains = 1;
    static constexpr auto joined = false;
};

#include "pair_loops.inc"

} // namespace

void pair_forward_avx2(const PairTile<float>& tile, const float* bias, float* offsets)
{
    forward_of_lags(tile, bias, offsets);
}

void pair_backward_avx2(const PairTile<float>& tile, const float* d_offsets,
                        const PairGradient<float>& gradient)
{
    backward_of_lags(tile, d_offsets, gradient);
}

} // namespace rewire::dynetcp

#endif
