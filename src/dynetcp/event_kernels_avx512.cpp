#include "event_kernels.hpp"

#if defined(__x86_64__)

// GCC 12 takes the undefined operand of its own intrinsics for a mistake (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#define REWIRE_SIMD __attribute__((target("avx512f")))

namespace rewire::dynetcp {

namespace {

constexpr auto lanes = std::int64_t{16};
constexpr auto most_vectors = std::int64_t{8};

/// Of `left` values those in a vector from its first on.
REWIRE_SIMD __mmask16 first_of(std::int64_t left)
{
    return static_cast<__mmask16>((1U << std::clamp(left, std::int64_t{0}, lanes)) - 1U);
}

/// Sums that spikes are added to by turns: what the last spike has just written would have to be
/// waited for, if the next one's bins overlapped it.
constexpr auto sums = std::int64_t{8};

/// Lags first .. first+count-1 of all senders; a sender's row stays in registers for its spikes.
/// @param logits [sums, stride]
template <int Vectors>
REWIRE_SIMD void gather(const Events& events, std::int64_t first, std::int64_t count,
                        const float* weights, float* logits, std::int64_t stride)
{
    __mmask16 mask[Vectors]; // NOLINT: registers
    for (int v = 0; v < Vectors; ++v)
        mask[v] = first_of(count - v * lanes);
    for (std::int64_t sender = 0; sender < events.neurons; ++sender) {
        const auto last = events.start[sender + 1];
        auto event = events.start[sender];
        if (event == last)
            continue;
        const auto* row = weights + sender * events.lags + first;
        __m512 weight[Vectors]; // NOLINT: registers
        for (int v = 0; v < Vectors; ++v)
            weight[v] = _mm512_maskz_loadu_ps(mask[v], row + v * lanes);
        for (; event < last; ++event) {
            const auto bin = events.bin[event] + first;
            auto* to = logits + (event - events.start[0]) % sums * stride + bin;
            const auto whole = bin + count <= events.bins;
            for (int v = 0; v < Vectors; ++v) {
                const auto which = whole ? mask[v] : first_of(events.bins - bin - v * lanes);
                const auto sum =
                    _mm512_add_ps(_mm512_maskz_loadu_ps(which, to + v * lanes), weight[v]);
                _mm512_mask_storeu_ps(to + v * lanes, which, sum);
            }
        }
    }
}

template <int Vectors>
REWIRE_SIMD void scatter(const Events& events, std::int64_t first, std::int64_t count,
                         const float* residuals, float* gradient)
{
    __mmask16 mask[Vectors]; // NOLINT: registers
    for (int v = 0; v < Vectors; ++v)
        mask[v] = first_of(count - v * lanes);
    for (std::int64_t sender = 0; sender < events.neurons; ++sender) {
        const auto last = events.start[sender + 1];
        auto event = events.start[sender];
        if (event == last)
            continue;
        auto* row = gradient + sender * events.lags + first;
        __m512 sum[Vectors]; // NOLINT: registers
        for (int v = 0; v < Vectors; ++v)
            sum[v] = _mm512_maskz_loadu_ps(mask[v], row + v * lanes);
        for (; event < last; ++event) {
            const auto bin = events.bin[event] + first;
            const auto left = std::min(count, events.bins - bin);
            const auto* from = residuals + bin;
            if (left == count)
                for (int v = 0; v < Vectors; ++v)
                    sum[v] =
                        _mm512_add_ps(sum[v], _mm512_maskz_loadu_ps(mask[v], from + v * lanes));
            else
                for (int v = 0; v < Vectors; ++v)
                    sum[v] = _mm512_add_ps(sum[v], _mm512_maskz_loadu_ps(first_of(left - v * lanes),
                                                                         from + v * lanes));
        }
        for (int v = 0; v < Vectors; ++v)
            _mm512_mask_storeu_ps(row + v * lanes, mask[v], sum[v]);
    }
}

REWIRE_SIMD void add_sums(std::int64_t bins, const float* parts, std::int64_t stride, float* logits)
{
    for (std::int64_t bin = 0; bin < bins; bin += lanes) {
        const auto mask = first_of(bins - bin);
        auto sum = _mm512_maskz_loadu_ps(mask, logits + bin);
        for (std::int64_t k = 0; k < sums; ++k)
            sum = _mm512_add_ps(sum, _mm512_loadu_ps(parts + k * stride + bin));
        _mm512_mask_storeu_ps(logits + bin, mask, sum);
    }
}

/// A function for each number of vectors, 1 .. most_vectors.
template <std::size_t... Less>
constexpr auto gathers(std::index_sequence<Less...>)
{
    return std::array{gather<static_cast<int>(Less) + 1>...};
}

template <std::size_t... Less>
constexpr auto scatters(std::index_sequence<Less...>)
{
    return std::array{scatter<static_cast<int>(Less) + 1>...};
}

using EachCount = std::make_index_sequence<most_vectors>;

/// use(number of the function, first lag, lags) of lags as many as fit into registers.
template <typename Use>
void each_stretch(std::int64_t lags, Use use)
{
    constexpr auto most = most_vectors * lanes;
    for (std::int64_t first = 0; first < lags; first += most) {
        const auto count = std::min(most, lags - first);
        use(static_cast<std::size_t>((count - 1) / lanes), first, count);
    }
}

} // namespace

void gather_avx512(const Events& events, const float* weights, float* logits)
{
    static constexpr auto by_vectors = gathers(EachCount{});
    static thread_local auto room = std::vector<float>{};
    const auto stride = (events.bins + lanes) / lanes * lanes;
    room.assign(static_cast<std::size_t>(sums * stride), 0.0F);
    each_stretch(events.lags, [&](std::size_t which, std::int64_t first, std::int64_t count) {
        by_vectors.at(which)(events, first, count, weights, room.data(), stride);
    });
    add_sums(events.bins, room.data(), stride, logits);
}

void scatter_avx512(const Events& events, const float* residuals, float* gradient)
{
    static constexpr auto by_vectors = scatters(EachCount{});
    each_stretch(events.lags, [&](std::size_t which, std::int64_t first, std::int64_t count) {
        by_vectors.at(which)(events, first, count, residuals, gradient);
    });
}

} // namespace rewire::dynetcp

#endif
