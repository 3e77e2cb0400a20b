#pragma once

#include <cstdint>

/// The pair network of all edges into one neuron at one bin (section 2, steps 5 and 6), whose first
/// layer falls apart into a part of the sender, one of the receiver and one of the time. Nothing of
/// a pair is stored: what the backward pass needs it computes again.
namespace rewire::dynetcp {

/// Rows are padded with zeros to a multiple of so many.
inline constexpr auto pair_padding = std::int64_t{16};
constexpr std::int64_t padded(std::int64_t width) noexcept
{
    return (width + pair_padding - 1) / pair_padding * pair_padding;
}
/// An odd number of such parts, which in single precision are cache lines: then rows do not meet in
/// a few sets of the cache.
constexpr std::int64_t pair_stride(std::int64_t width) noexcept
{
    return (padded(width) / pair_padding | 1) * pair_padding;
}

template <typename Real>
struct PairTile
{
    std::int64_t edges;
    const std::int32_t* slot; ///< [edges] of the senders
    std::int64_t width;       ///< of the hidden layer, padded
    std::int64_t stride;      ///< from one sender's row to the next
    std::int64_t lags;
    const Real* send;  ///< [slots, width] the senders' parts, rows `stride` apart
    const Real* shift; ///< [width] the receiver's part, the time's and the bias
    const Real* out;   ///< [lags, width] second layer
};

/// offsets [edges, lags] = bias + out * max(0, send + shift)
void pair_forward(const PairTile<float>& tile, const float* bias, float* offsets);
void pair_forward(const PairTile<double>& tile, const double* bias, double* offsets);

/// Where the gradient goes.
template <typename Real>
struct PairGradient
{
    Real* send;  ///< [slots, width] is added to, rows `stride` apart
    Real* shift; ///< [width] is set
    Real* out;   ///< [lags, width] is added to
};

/// @param d_offsets [edges, lags]
void pair_backward(const PairTile<float>& tile, const float* d_offsets,
                   const PairGradient<float>& gradient);
void pair_backward(const PairTile<double>& tile, const double* d_offsets,
                   const PairGradient<double>& gradient);

/// Kernels of one instruction set, for single precision and up to most_lags lags; they use fused
/// multiply-adds, so processors of different sets differ in the last bits.
inline constexpr auto most_kernel_lags = std::int64_t{16};
#if defined(__x86_64__)
void pair_forward_avx2(const PairTile<float>& tile, const float* bias, float* offsets);
void pair_forward_avx512(const PairTile<float>& tile, const float* bias, float* offsets);
void pair_backward_avx2(const PairTile<float>& tile, const float* d_offsets,
                        const PairGradient<float>& gradient);
void pair_backward_avx512(const PairTile<float>& tile, const float* d_offsets,
                          const PairGradient<float>& gradient);
#endif

} // namespace rewire::dynetcp
