#include "lane_spectra.hpp"

#include <rewire/base/dispatch.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace rewire::calcium {

namespace {

template <typename Real>
using Vector = typename LaneVector<Real>::Type;

/// 64 bytes from or to wherever they lie.
template <typename Real>
[[gnu::always_inline]] inline void load(const Real* from, Vector<Real>& values)
{
    std::memcpy(&values, from, sizeof(values));
}

template <typename Real>
[[gnu::always_inline]] inline void store(const Vector<Real>& values, Real* to)
{
    std::memcpy(to, &values, sizeof(values));
}

/// By halves, so that it takes few steps.
template <typename Real>
[[gnu::always_inline]] inline double sum_of(const Vector<Real>& values)
{
    auto part = std::array<Real, lanes_of<Real>>{};
    std::memcpy(part.data(), &values, sizeof(values));
    for (auto half = part.size() / 2; half > 0; half /= 2)
        for (std::size_t l = 0; l < half; ++l)
            part[l] += part[l + half];
    return static_cast<double>(part[0]);
}

template <typename Real>
[[gnu::always_inline]] inline void split(const LaneOf<Real>* transform, std::int64_t length,
                                         const Real* root, Real* residuals, Real* traces,
                                         const PooledSpectra& pooled)
{
    constexpr auto width = lanes_of<Real>;
    const auto half_of = Real{0.5};
    auto weight = Vector<Real>{};
    load<Real>(root, weight);
    for (std::int64_t f = 0; f <= length / 2; ++f) {
        const auto c = transform[f];
        const auto d = transform[f == 0 ? 0 : length - f];
        const auto z_re = (c.re + d.re) * half_of;
        const auto z_im = (c.im - d.im) * half_of;
        const auto e_re = (c.im + d.im) * half_of;
        const auto e_im = (d.re - c.re) * half_of;
        const auto of_trace = z_re * z_re + z_im * z_im;
        const auto of_residual = e_re * e_re + e_im * e_im;
        store<Real>(of_residual, residuals + f * width);
        store<Real>(of_trace, traces + f * width);
        pooled.traces[f] += sum_of<Real>(of_trace);
        pooled.residuals[f] += sum_of<Real>(of_residual);
        pooled.leverage[f] += sum_of<Real>(weight * (z_re * e_re + z_im * e_im));
    }
}

template <typename Real>
[[gnu::always_inline]] inline void filter(LaneOf<Real>* transform, const Real* factor,
                                          std::int64_t length)
{
    for (std::int64_t f = 0; f <= length / 2; ++f) {
        transform[f].re *= factor[f];
        transform[f].im *= factor[f];
        if (f == 0 || 2 * f == length)
            continue;
        transform[length - f].re *= factor[f];
        transform[length - f].im *= factor[f];
    }
}

/// In eight parts: a fixed order that vectors can follow.
template <typename Real>
[[gnu::always_inline]] inline PowerSums correct(Real* power, const double* correction,
                                                const double* of_norm, const double* of_refit,
                                                std::int64_t frequencies)
{
    constexpr auto parts = std::int64_t{8};
    auto norm = std::array<double, parts>{};
    auto refit = std::array<double, parts>{};
    const auto whole = frequencies / parts * parts;
    for (std::int64_t f = 0; f < whole; f += parts)
        for (std::int64_t k = 0; k < parts; ++k) {
            const auto value = static_cast<double>(power[f + k]) * correction[f + k];
            power[f + k] = static_cast<Real>(value);
            norm[static_cast<std::size_t>(k)] += value * of_norm[f + k];
            refit[static_cast<std::size_t>(k)] += value * of_refit[f + k];
        }
    for (auto f = whole; f < frequencies; ++f) {
        const auto value = static_cast<double>(power[f]) * correction[f];
        power[f] = static_cast<Real>(value);
        norm[static_cast<std::size_t>(f - whole)] += value * of_norm[f];
        refit[static_cast<std::size_t>(f - whole)] += value * of_refit[f];
    }
    auto sums = PowerSums{};
    for (std::size_t k = 0; k < std::size_t{parts}; ++k) {
        sums.norm += norm[k];
        sums.refit += refit[k];
    }
    return sums;
}

/// Blocks of numbers that stay in the first cache while they are turned around.
template <typename Visit>
[[gnu::always_inline]] inline void each_block(std::int64_t count, Visit visit)
{
    constexpr auto block = std::int64_t{128};
    for (std::int64_t first = 0; first < count; first += block)
        visit(first, std::min(count, first + block));
}

REWIRE_CLONES("avx512f", "avx2", "default")
void split_doubles(const LaneOf<double>* transform, std::int64_t length, const double* root,
                   double* residuals, double* traces, const PooledSpectra& pooled)
{
    split(transform, length, root, residuals, traces, pooled);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void split_floats(const LaneOf<float>* transform, std::int64_t length, const float* root,
                  float* residuals, float* traces, const PooledSpectra& pooled)
{
    split(transform, length, root, residuals, traces, pooled);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void filter_doubles(LaneOf<double>* transform, const double* factor, std::int64_t length)
{
    filter(transform, factor, length);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void filter_floats(LaneOf<float>* transform, const float* factor, std::int64_t length)
{
    filter(transform, factor, length);
}

REWIRE_CLONES("avx512f", "avx2", "default")
PowerSums correct_doubles(double* power, const double* correction, const double* of_norm,
                          const double* of_refit, std::int64_t frequencies)
{
    return correct(power, correction, of_norm, of_refit, frequencies);
}

REWIRE_CLONES("avx512f", "avx2", "default")
PowerSums correct_floats(float* power, const double* correction, const double* of_norm,
                         const double* of_refit, std::int64_t frequencies)
{
    return correct(power, correction, of_norm, of_refit, frequencies);
}

} // namespace

template <>
void split_spectra(const LaneOf<double>* transform, std::int64_t length, const double* root,
                   double* residuals, double* traces, const PooledSpectra& pooled)
{
    split_doubles(transform, length, root, residuals, traces, pooled);
}

template <>
void split_spectra(const LaneOf<float>* transform, std::int64_t length, const float* root,
                   float* residuals, float* traces, const PooledSpectra& pooled)
{
    split_floats(transform, length, root, residuals, traces, pooled);
}

template <>
void filter_lanes(LaneOf<double>* transform, const double* factor, std::int64_t length)
{
    filter_doubles(transform, factor, length);
}

template <>
void filter_lanes(LaneOf<float>* transform, const float* factor, std::int64_t length)
{
    filter_floats(transform, factor, length);
}

template <>
PowerSums correct_power(double* power, const double* correction, const double* of_norm,
                        const double* of_refit, std::int64_t frequencies)
{
    return correct_doubles(power, correction, of_norm, of_refit, frequencies);
}

template <>
PowerSums correct_power(float* power, const double* correction, const double* of_norm,
                        const double* of_refit, std::int64_t frequencies)
{
    return correct_floats(power, correction, of_norm, of_refit, frequencies);
}

template <typename Real>
void lanes_to_rows(const Real* in, std::int64_t count, const Real* weight, std::int64_t used,
                   Real* out, std::int64_t step)
{
    constexpr auto width = lanes_of<Real>;
    each_block(count, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t l = 0; l < used; ++l)
            for (auto k = first; k < last; ++k)
                out[l * step + k] = in[k * width + l] * weight[k];
    });
}

template <typename Real>
void part_to_rows(const LaneOf<Real>* in, std::int64_t count, int part, Real scale,
                  std::int64_t used, Real* out, std::int64_t step)
{
    constexpr auto width = lanes_of<Real>;
    const auto* from = reinterpret_cast<const Real*>(in) + part * width;
    each_block(count, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t l = 0; l < used; ++l)
            for (auto t = first; t < last; ++t)
                out[l * step + t] = from[t * 2 * width + l] * scale;
    });
}

template void lanes_to_rows(const double*, std::int64_t, const double*, std::int64_t, double*,
                            std::int64_t);
template void lanes_to_rows(const float*, std::int64_t, const float*, std::int64_t, float*,
                            std::int64_t);
template void part_to_rows(const LaneOf<double>*, std::int64_t, int, double, std::int64_t, double*,
                           std::int64_t);
template void part_to_rows(const LaneOf<float>*, std::int64_t, int, float, std::int64_t, float*,
                           std::int64_t);

} // namespace rewire::calcium
