#include "pair_kernels.hpp"

#if defined(__x86_64__)

// GCC 12 takes the undefined operand of its own intrinsics for a mistake (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <utility>

#define REWIRE_SIMD __attribute__((target("avx512f")))

namespace rewire::dynetcp {

namespace {

struct Vector
{
    using Type = __m512;
    static constexpr auto lanes = std::int64_t{16};

    REWIRE_SIMD static Type zero() { return _mm512_setzero_ps(); }
    REWIRE_SIMD static Type set(float value) { return _mm512_set1_ps(value); }
    REWIRE_SIMD static Type load(const float* from) { return _mm512_loadu_ps(from); }
    REWIRE_SIMD static void store(float* to, Type v) { _mm512_storeu_ps(to, v); }
    REWIRE_SIMD static Type add(Type a, Type b) { return _mm512_add_ps(a, b); }
    REWIRE_SIMD static Type multiply_add(Type a, Type b, Type c)
    {
        return _mm512_fmadd_ps(a, b, c);
    }
    REWIRE_SIMD static Type positive(Type z) { return _mm512_max_ps(z, zero()); }
    REWIRE_SIMD static Type where_positive(Type z, Type v)
    {
        return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(z, zero(), _CMP_GT_OQ), v);
    }
    REWIRE_SIMD static float total(Type v) { return _mm512_reduce_add_ps(v); }
};

/// For 32 registers.
struct Shape
{
    static constexpr auto edges_at_once = 2;
    static constexpr auto chains = 2;
    static constexpr auto joined = true;
};

#include "pair_loops.inc"

} // namespace

void pair_forward_avx512(const PairTile<float>& tile, const float* bias, float* offsets)
{
    forward_of_lags(tile, bias, offsets);
}

void pair_backward_avx512(const PairTile<float>& tile, const float* d_offsets,
                          const PairGradient<float>& gradient)
{
    backward_of_lags(tile, d_offsets, gradient);
}

} // namespace rewire::dynetcp

#endif
