#include "lag_sums.hpp"

#include <rewire/base/dispatch.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace rewire::calcium {

namespace {

constexpr auto chunk_frames = std::int64_t{4096};
constexpr auto vector_bytes = 64;
/// Lags that share the loads of e(t) e(t+a).
constexpr auto together = std::int64_t{4};

using Doubles [[gnu::vector_size(vector_bytes)]] = double;
using Floats [[gnu::vector_size(vector_bytes)]] = float;

/// 64 bytes from wherever they lie.
template <typename Vector, typename Real>
[[gnu::always_inline]] inline void load(const Real* from, Vector& values)
{
    std::memcpy(&values, from, sizeof(values));
}

/// One chunk of `count` frames from `e` on; `product` is scratch of chunk_frames. Inlined into the
/// two functions below, of which the compiler makes one for each instruction set.
template <typename Vector, typename Real>
[[gnu::always_inline]] inline void add_chunk(const Real* e, std::int64_t count, std::int64_t lags,
                                             Real* product, double* sum)
{
    constexpr auto width = std::int64_t{vector_bytes / sizeof(Real)};
    const auto whole = count / width * width;
    auto dot = [&]<std::int64_t lanes>(std::int64_t b, double* out) __attribute__((always_inline))
    {
        alignas(vector_bytes) auto part = std::array<Vector, lanes>{};
        auto p = Vector{};
        auto other = Vector{};
        for (std::int64_t t = 0; t < whole; t += width) {
            load(product + t, p);
            for (std::int64_t k = 0; k < lanes; ++k) {
                load(e + t + b + k, other);
                part[static_cast<std::size_t>(k)] += p * other;
            }
        }
        for (std::int64_t k = 0; k < lanes; ++k) {
            auto total = 0.0;
            for (std::int64_t lane = 0; lane < width; ++lane)
                total += static_cast<double>(part[static_cast<std::size_t>(k)][lane]);
            for (auto t = whole; t < count; ++t)
                total += static_cast<double>(product[t] * e[t + b + k]);
            out[k] += total;
        }
    };
    for (std::int64_t a = 0; a <= lags; ++a) {
        for (std::int64_t t = 0; t < count; ++t)
            product[t] = e[t] * e[t + a];
        auto b = a;
        for (; b + together <= lags + 1; b += together, sum += together)
            dot.template operator()<together>(b, sum);
        for (; b <= lags; ++b, ++sum)
            dot.template operator()<1>(b, sum);
    }
}

REWIRE_CLONES("avx512f", "avx2", "default")
void add_double_chunk(const double* e, std::int64_t count, std::int64_t lags, double* product,
                      double* sum)
{
    add_chunk<Doubles>(e, count, lags, product, sum);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void add_float_chunk(const float* e, std::int64_t count, std::int64_t lags, float* product,
                     double* sum)
{
    add_chunk<Floats>(e, count, lags, product, sum);
}

} // namespace

void third_lag_sums(std::span<const double> wrapped, std::int64_t frames, std::int64_t lags,
                    std::span<double> sum)
{
    std::fill(sum.begin(), sum.end(), 0.0);
    auto product = std::array<double, chunk_frames>{};
    for (std::int64_t first = 0; first < frames; first += chunk_frames)
        add_double_chunk(wrapped.data() + first, std::min(chunk_frames, frames - first), lags,
                         product.data(), sum.data());
}

void third_lag_sums(std::span<const float> wrapped, std::int64_t frames, std::int64_t lags,
                    std::span<double> sum)
{
    std::fill(sum.begin(), sum.end(), 0.0);
    auto product = std::array<float, chunk_frames>{};
    for (std::int64_t first = 0; first < frames; first += chunk_frames)
        add_float_chunk(wrapped.data() + first, std::min(chunk_frames, frames - first), lags,
                        product.data(), sum.data());
}

} // namespace rewire::calcium
