#pragma once

#include <cstdint>

/// The pair network of all edges into one neuron at one bin (section 2, steps 5 and 6), whose first
/// layer falls apart into a part of the sender, one of the receiver and one of the time. Nothing of
/// a pair is stored: what the backward pass needs it computes again.
namespace rewire::dynetcp {

/// Rows are padded with zeros to a multiple of so many.
inline constexpr auto pair_padding = std::int64_t{16};

template <typename Real>
struct PairTile
{
    std::int64_t edges;
    const std::int32_t* slot; ///< [edges] of the senders
    std::int64_t width;       ///< of the hidden layer, padded
    std::int64_t lags;
    const Real* send;  ///< [slots, width] the senders' parts
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
    Real* send;  ///< [slots, width] is added to
    Real* shift; ///< [width] is set
    Real* out;   ///< [lags, width] is added to
};

/// @param d_offsets [edges, lags]
void pair_backward(const PairTile<float>& tile, const float* d_offsets,
                   const PairGradient<float>& gradient);
void pair_backward(const PairTile<double>& tile, const double* d_offsets,
                   const PairGradient<double>& gradient);

} // namespace rewire::dynetcp
