#include "pair_kernels.hpp"

#if defined(__x86_64__)

// GCC 12 takes the undefined operand of its own intrinsics for a mistake (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <array>
#include <utility>

#define REWIRE_SIMD __attribute__((target("avx512f")))

namespace rewire::dynetcp {

namespace {

constexpr auto lanes = std::int64_t{16};

/// Of two edges at a time: their weights are loaded once.
template <int Lags>
REWIRE_SIMD void forward(const PairTile<float>& tile, const float* bias, float* offsets)
{
    for (std::int64_t edge = 0; edge < tile.edges; edge += 2) {
        const auto both = edge + 1 < tile.edges;
        const auto* first = tile.send + tile.slot[edge] * tile.stride;
        const auto* second = both ? tile.send + tile.slot[edge + 1] * tile.stride : first;
        __m512 sum[2][Lags]; // NOLINT: registers
        for (int lag = 0; lag < Lags; ++lag)
            sum[0][lag] = sum[1][lag] = _mm512_setzero_ps();
        for (std::int64_t k = 0; k < tile.width; k += lanes) {
            const auto shift = _mm512_loadu_ps(tile.shift + k);
            const auto zero = _mm512_setzero_ps();
            const auto one = _mm512_max_ps(_mm512_add_ps(_mm512_loadu_ps(first + k), shift), zero);
            const auto two = _mm512_max_ps(_mm512_add_ps(_mm512_loadu_ps(second + k), shift), zero);
            for (int lag = 0; lag < Lags; ++lag) {
                const auto out = _mm512_loadu_ps(tile.out + lag * tile.width + k);
                sum[0][lag] = _mm512_fmadd_ps(one, out, sum[0][lag]);
                sum[1][lag] = _mm512_fmadd_ps(two, out, sum[1][lag]);
            }
        }
        for (int lag = 0; lag < Lags; ++lag) {
            offsets[edge * Lags + lag] = bias[lag] + _mm512_reduce_add_ps(sum[0][lag]);
            if (both)
                offsets[(edge + 1) * Lags + lag] = bias[lag] + _mm512_reduce_add_ps(sum[1][lag]);
        }
    }
}

/// Weights and their gradients of 16 hidden units stay in registers for all edges.
template <int Lags>
REWIRE_SIMD void backward(const PairTile<float>& tile, const float* d_offsets,
                          const PairGradient<float>& gradient)
{
    for (std::int64_t k = 0; k < tile.width; k += lanes) {
        __m512 out[Lags];   // NOLINT: registers
        __m512 d_out[Lags]; // NOLINT: registers
        for (int lag = 0; lag < Lags; ++lag) {
            out[lag] = _mm512_loadu_ps(tile.out + lag * tile.width + k);
            d_out[lag] = _mm512_loadu_ps(gradient.out + lag * tile.width + k);
        }
        const auto shift = _mm512_loadu_ps(tile.shift + k);
        auto d_shift = _mm512_setzero_ps();
        for (std::int64_t edge = 0; edge < tile.edges; ++edge) {
            const auto row = tile.slot[edge] * tile.stride + k;
            const auto z = _mm512_add_ps(_mm512_loadu_ps(tile.send + row), shift);
            const auto hidden = _mm512_max_ps(z, _mm512_setzero_ps());
            const auto* d = d_offsets + edge * Lags;
            auto even = _mm512_setzero_ps();
            auto odd = _mm512_setzero_ps();
            for (int lag = 0; lag < Lags; ++lag) {
                const auto by = _mm512_set1_ps(d[lag]);
                auto& sum = lag % 2 == 0 ? even : odd;
                sum = _mm512_fmadd_ps(by, out[lag], sum);
                d_out[lag] = _mm512_fmadd_ps(by, hidden, d_out[lag]);
            }
            const auto active = _mm512_cmp_ps_mask(z, _mm512_setzero_ps(), _CMP_GT_OQ);
            const auto d_send = _mm512_maskz_add_ps(active, even, odd);
            d_shift = _mm512_add_ps(d_shift, d_send);
            auto* to = gradient.send + row;
            _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), d_send));
        }
        _mm512_storeu_ps(gradient.shift + k, d_shift);
        for (int lag = 0; lag < Lags; ++lag)
            _mm512_storeu_ps(gradient.out + lag * tile.width + k, d_out[lag]);
    }
}

/// A function for each number of lags, 1 .. most_kernel_lags.
template <std::size_t... Less>
constexpr auto forwards(std::index_sequence<Less...>)
{
    return std::array{forward<static_cast<int>(Less) + 1>...};
}

template <std::size_t... Less>
constexpr auto backwards(std::index_sequence<Less...>)
{
    return std::array{backward<static_cast<int>(Less) + 1>...};
}

using EachLag = std::make_index_sequence<most_kernel_lags>;

} // namespace

void pair_forward_avx512(const PairTile<float>& tile, const float* bias, float* offsets)
{
    static constexpr auto by_lags = forwards(EachLag{});
    by_lags.at(static_cast<std::size_t>(tile.lags - 1))(tile, bias, offsets);
}

void pair_backward_avx512(const PairTile<float>& tile, const float* d_offsets,
                          const PairGradient<float>& gradient)
{
    static constexpr auto by_lags = backwards(EachLag{});
    by_lags.at(static_cast<std::size_t>(tile.lags - 1))(tile, d_offsets, gradient);
}

} // namespace rewire::dynetcp

#endif
