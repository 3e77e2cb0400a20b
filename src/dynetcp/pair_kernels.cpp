#include "pair_kernels.hpp"

#include <rewire/base/dispatch.hpp>

#include <algorithm>
#include <array>

namespace rewire::dynetcp {

namespace {

#define REWIRE_INLINE [[gnu::always_inline]] inline

constexpr auto lanes = pair_padding;

template <typename Real>
using Lanes = std::array<Real, lanes>;

/// Hidden activations of one edge, `lanes` of them from `first` on.
template <typename Real>
REWIRE_INLINE Lanes<Real> activations(const PairTile<Real>& tile, const Real* send,
                                      std::int64_t first)
{
    auto result = Lanes<Real>{};
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        const auto z = send[first + static_cast<std::int64_t>(lane)] +
                       tile.shift[first + static_cast<std::int64_t>(lane)];
        result[lane] = z > 0 ? z : Real{0};
    }
    return result;
}

template <typename Real>
REWIRE_INLINE void forward(const PairTile<Real>& tile, const Real* bias, Real* offsets)
{
    for (std::int64_t edge = 0; edge < tile.edges; ++edge) {
        const auto* send = tile.send + tile.slot[edge] * tile.width;
        for (std::int64_t lag = 0; lag < tile.lags; ++lag) {
            const auto* out = tile.out + lag * tile.width;
            auto sum = Lanes<Real>{};
            for (std::int64_t first = 0; first < tile.width; first += lanes) {
                const auto hidden = activations(tile, send, first);
                for (std::size_t lane = 0; lane < lanes; ++lane)
                    sum[lane] += hidden[lane] * out[first + static_cast<std::int64_t>(lane)];
            }
            auto total = bias[lag];
            for (const auto one : sum)
                total += one;
            offsets[edge * tile.lags + lag] = total;
        }
    }
}

template <typename Real>
REWIRE_INLINE void backward(const PairTile<Real>& tile, const Real* d_offsets,
                            const PairGradient<Real>& gradient)
{
    for (std::int64_t first = 0; first < tile.width; first += lanes) {
        auto shift = Lanes<Real>{};
        for (std::int64_t edge = 0; edge < tile.edges; ++edge) {
            const auto row = tile.slot[edge] * tile.width;
            const auto hidden = activations(tile, tile.send + row, first);
            auto d_hidden = Lanes<Real>{};
            for (std::int64_t lag = 0; lag < tile.lags; ++lag) {
                const auto d = d_offsets[edge * tile.lags + lag];
                const auto* out = tile.out + lag * tile.width + first;
                auto* d_out = gradient.out + lag * tile.width + first;
                for (std::size_t lane = 0; lane < lanes; ++lane) {
                    d_hidden[lane] += d * out[lane];
                    d_out[lane] += d * hidden[lane];
                }
            }
            auto* d_send = gradient.send + row + first;
            for (std::size_t lane = 0; lane < lanes; ++lane) {
                const auto d = hidden[lane] > 0 ? d_hidden[lane] : Real{0};
                d_send[lane] += d;
                shift[lane] += d;
            }
        }
        std::copy(shift.begin(), shift.end(), gradient.shift + first);
    }
}

#define REWIRE_PAIRS(Real)                                                                         \
    REWIRE_CLONES("avx512f", "avx2", "default")                                                    \
    void forward_of(const PairTile<Real>& tile, const Real* bias, Real* offsets)                   \
    {                                                                                              \
        forward(tile, bias, offsets);                                                              \
    }                                                                                              \
    REWIRE_CLONES("avx512f", "avx2", "default")                                                    \
    void backward_of(const PairTile<Real>& tile, const Real* d_offsets,                            \
                     const PairGradient<Real>& gradient)                                           \
    {                                                                                              \
        backward(tile, d_offsets, gradient);                                                       \
    }
REWIRE_PAIRS(float)
REWIRE_PAIRS(double)
#undef REWIRE_PAIRS

} // namespace

void pair_forward(const PairTile<float>& tile, const float* bias, float* offsets)
{
    forward_of(tile, bias, offsets);
}

void pair_forward(const PairTile<double>& tile, const double* bias, double* offsets)
{
    forward_of(tile, bias, offsets);
}

void pair_backward(const PairTile<float>& tile, const float* d_offsets,
                   const PairGradient<float>& gradient)
{
    backward_of(tile, d_offsets, gradient);
}

void pair_backward(const PairTile<double>& tile, const double* d_offsets,
                   const PairGradient<double>& gradient)
{
    backward_of(tile, d_offsets, gradient);
}

} // namespace rewire::dynetcp
