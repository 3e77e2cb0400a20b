#include "pair_kernels.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <array>
#include <utility>

#define REWIRE_SIMD __attribute__((target("avx2,fma")))

namespace rewire::dynetcp {

namespace {

constexpr auto lanes = std::int64_t{8};

REWIRE_SIMD float total(__m256 values)
{
    const auto four = _mm_add_ps(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1));
    const auto two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

template <int Lags>
REWIRE_SIMD void forward(const PairTile<float>& tile, const float* bias, float* offsets)
{
    for (std::int64_t edge = 0; edge < tile.edges; ++edge) {
        const auto* send = tile.send + tile.slot[edge] * tile.stride;
        __m256 sum[Lags]; // NOLINT: registers
        for (int lag = 0; lag < Lags; ++lag)
            sum[lag] = _mm256_setzero_ps();
        for (std::int64_t k = 0; k < tile.width; k += lanes) {
            const auto z =
                _mm256_add_ps(_mm256_loadu_ps(send + k), _mm256_loadu_ps(tile.shift + k));
            const auto hidden = _mm256_max_ps(z, _mm256_setzero_ps());
            for (int lag = 0; lag < Lags; ++lag)
                sum[lag] = _mm256_fmadd_ps(hidden, _mm256_loadu_ps(tile.out + lag * tile.width + k),
                                           sum[lag]);
        }
        for (int lag = 0; lag < Lags; ++lag)
            offsets[edge * Lags + lag] = bias[lag] + total(sum[lag]);
    }
}

/// What goes to the senders' parts: 8 hidden units' weights stay in registers for all edges.
template <int Lags>
REWIRE_SIMD void hidden_back(const PairTile<float>& tile, const float* d_offsets,
                             const PairGradient<float>& gradient, std::int64_t k)
{
    __m256 out[Lags]; // NOLINT: registers
    for (int lag = 0; lag < Lags; ++lag)
        out[lag] = _mm256_loadu_ps(tile.out + lag * tile.width + k);
    const auto shift = _mm256_loadu_ps(tile.shift + k);
    auto d_shift = _mm256_setzero_ps();
    for (std::int64_t edge = 0; edge < tile.edges; ++edge) {
        const auto row = tile.slot[edge] * tile.stride + k;
        const auto z = _mm256_add_ps(_mm256_loadu_ps(tile.send + row), shift);
        const auto active = _mm256_cmp_ps(z, _mm256_setzero_ps(), _CMP_GT_OQ);
        const auto* d = d_offsets + edge * Lags;
        auto sum = _mm256_setzero_ps();
        for (int lag = 0; lag < Lags; ++lag)
            sum = _mm256_fmadd_ps(_mm256_set1_ps(d[lag]), out[lag], sum);
        sum = _mm256_and_ps(sum, active);
        d_shift = _mm256_add_ps(d_shift, sum);
        auto* to = gradient.send + row;
        _mm256_storeu_ps(to, _mm256_add_ps(_mm256_loadu_ps(to), sum));
    }
    _mm256_storeu_ps(gradient.shift + k, d_shift);
}

/// What goes to the weights, whose gradients stay in registers for all edges.
template <int Lags>
REWIRE_SIMD void out_back(const PairTile<float>& tile, const float* d_offsets,
                          const PairGradient<float>& gradient, std::int64_t k)
{
    __m256 d_out[Lags]; // NOLINT: registers
    for (int lag = 0; lag < Lags; ++lag)
        d_out[lag] = _mm256_loadu_ps(gradient.out + lag * tile.width + k);
    const auto shift = _mm256_loadu_ps(tile.shift + k);
    for (std::int64_t edge = 0; edge < tile.edges; ++edge) {
        const auto* send = tile.send + tile.slot[edge] * tile.stride + k;
        const auto hidden =
            _mm256_max_ps(_mm256_add_ps(_mm256_loadu_ps(send), shift), _mm256_setzero_ps());
        const auto* d = d_offsets + edge * Lags;
        for (int lag = 0; lag < Lags; ++lag)
            d_out[lag] = _mm256_fmadd_ps(_mm256_set1_ps(d[lag]), hidden, d_out[lag]);
    }
    for (int lag = 0; lag < Lags; ++lag)
        _mm256_storeu_ps(gradient.out + lag * tile.width + k, d_out[lag]);
}

template <int Lags>
REWIRE_SIMD void backward(const PairTile<float>& tile, const float* d_offsets,
                          const PairGradient<float>& gradient)
{
    for (std::int64_t k = 0; k < tile.width; k += lanes) {
        hidden_back<Lags>(tile, d_offsets, gradient, k);
        out_back<Lags>(tile, d_offsets, gradient, k);
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

void pair_forward_avx2(const PairTile<float>& tile, const float* bias, float* offsets)
{
    static constexpr auto by_lags = forwards(EachLag{});
    by_lags.at(static_cast<std::size_t>(tile.lags - 1))(tile, bias, offsets);
}

void pair_backward_avx2(const PairTile<float>& tile, const float* d_offsets,
                        const PairGradient<float>& gradient)
{
    static constexpr auto by_lags = backwards(EachLag{});
    by_lags.at(static_cast<std::size_t>(tile.lags - 1))(tile, d_offsets, gradient);
}

} // namespace rewire::dynetcp

#endif
