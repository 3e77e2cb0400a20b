#include "lane_spectra.hpp"

#include <rewire/base/dispatch.hpp>

#include <algorithm>
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
                                         const Real* root, Real* residual, Real* power,
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
        const auto squares = z_re * z_re + z_im * z_im;
        store<Real>(e_re, residual + f * 2 * width);
        store<Real>(e_im, residual + (f * 2 + 1) * width);
        store<Real>(squares, power + f * width);
        pooled.traces[f] += sum_of<Real>(squares);
        pooled.residuals[f] += sum_of<Real>(e_re * e_re + e_im * e_im);
        pooled.leverage[f] += sum_of<Real>(weight * (z_re * e_re + z_im * e_im));
    }
}

template <typename Real>
[[gnu::always_inline]] inline void
correct(Real* residual, const Real* correction, const double* of_norm, const double* of_refit,
        std::int64_t frequencies, Real* power, PowerSums<Real>& sums)
{
    constexpr auto width = lanes_of<Real>;
    // in the precision of the spectra within a chunk, in double beyond
    constexpr auto chunk = std::int64_t{256};
    for (std::int64_t first = 0; first < frequencies; first += chunk) {
        auto norm = Vector<Real>{};
        auto refit = Vector<Real>{};
        for (auto f = first; f < std::min(frequencies, first + chunk); ++f) {
            auto re = Vector<Real>{};
            auto im = Vector<Real>{};
            load<Real>(residual + f * 2 * width, re);
            load<Real>(residual + (f * 2 + 1) * width, im);
            re = re * correction[f];
            im = im * correction[f];
            const auto squares = re * re + im * im;
            store<Real>(re, residual + f * 2 * width);
            store<Real>(im, residual + (f * 2 + 1) * width);
            store<Real>(squares, power + f * width);
            norm += squares * static_cast<Real>(of_norm[f]);
            refit += squares * static_cast<Real>(of_refit[f]);
        }
        for (std::size_t l = 0; l < std::size_t{width}; ++l) {
            sums.norm[l] += static_cast<double>(norm[l]);
            sums.refit[l] += static_cast<double>(refit[l]);
        }
    }
}

/// A quarter of a group or all of it.
template <typename Real, typename Out>
[[gnu::always_inline]] inline void place(const Real* spectrum, std::int64_t length,
                                         std::int64_t lane, int part, LaneOf<Out>* transform)
{
    constexpr auto width = lanes_of<Real>;
    constexpr auto step = 2 * lanes_of<Out>;
    constexpr auto bytes = sizeof(Out) * std::size_t{width};
    using Values [[gnu::vector_size(bytes)]] = Out;
    auto* out = reinterpret_cast<Out*>(transform) + lane;
    if (part == 0)
        for (std::int64_t k = 0; k < 2; ++k)
            std::fill(out + k * lanes_of<Out>, out + k * lanes_of<Out> + width, Out{0});
    for (std::int64_t f = 1; f <= length / 2; ++f) {
        auto re = Vector<Real>{};
        auto im = Vector<Real>{};
        load<Real>(spectrum + f * 2 * width, re);
        load<Real>(spectrum + (f * 2 + 1) * width, im);
        const auto a = __builtin_convertvector(re, Values);
        const auto b = __builtin_convertvector(im, Values);
        auto* there = out + f * step;
        auto* mirror = out + (length - f) * step;
        if (part == 0) {
            const auto minus = -b;
            std::memcpy(mirror, &a, bytes);
            std::memcpy(mirror + lanes_of<Out>, &minus, bytes);
            std::memcpy(there, &a, bytes);
            std::memcpy(there + lanes_of<Out>, &b, bytes);
            continue;
        }
        auto at_re = Values{};
        auto at_im = Values{};
        std::memcpy(&at_re, there, bytes);
        std::memcpy(&at_im, there + lanes_of<Out>, bytes);
        at_re -= b;
        at_im += a;
        std::memcpy(there, &at_re, bytes);
        std::memcpy(there + lanes_of<Out>, &at_im, bytes);
        if (2 * f == length)
            continue;
        std::memcpy(&at_re, mirror, bytes);
        std::memcpy(&at_im, mirror + lanes_of<Out>, bytes);
        at_re += b;
        at_im += a;
        std::memcpy(mirror, &at_re, bytes);
        std::memcpy(mirror + lanes_of<Out>, &at_im, bytes);
    }
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
                   double* residual, double* power, const PooledSpectra& pooled)
{
    split(transform, length, root, residual, power, pooled);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void split_floats(const LaneOf<float>* transform, std::int64_t length, const float* root,
                  float* residual, float* power, const PooledSpectra& pooled)
{
    split(transform, length, root, residual, power, pooled);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void correct_doubles(double* residual, const double* correction, const double* of_norm,
                     const double* of_refit, std::int64_t frequencies, double* power,
                     PowerSums<double>& sums)
{
    correct(residual, correction, of_norm, of_refit, frequencies, power, sums);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void correct_floats(float* residual, const float* correction, const double* of_norm,
                    const double* of_refit, std::int64_t frequencies, float* power,
                    PowerSums<float>& sums)
{
    correct(residual, correction, of_norm, of_refit, frequencies, power, sums);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void place_doubles(const double* spectrum, std::int64_t length, std::int64_t lane, int part,
                   LaneOf<double>* transform)
{
    place(spectrum, length, lane, part, transform);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void place_floats(const float* spectrum, std::int64_t length, std::int64_t lane, int part,
                  LaneOf<float>* transform)
{
    place(spectrum, length, lane, part, transform);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void place_rounded(const double* spectrum, std::int64_t length, std::int64_t lane, int part,
                   LaneOf<float>* transform)
{
    place(spectrum, length, lane, part, transform);
}

} // namespace

template <>
void split_spectra(const LaneOf<double>* transform, std::int64_t length, const double* root,
                   double* residual, double* power, const PooledSpectra& pooled)
{
    split_doubles(transform, length, root, residual, power, pooled);
}

template <>
void split_spectra(const LaneOf<float>* transform, std::int64_t length, const float* root,
                   float* residual, float* power, const PooledSpectra& pooled)
{
    split_floats(transform, length, root, residual, power, pooled);
}

template <>
void correct_spectra(double* residual, const double* correction, const double* of_norm,
                     const double* of_refit, std::int64_t frequencies, double* power,
                     PowerSums<double>& sums)
{
    correct_doubles(residual, correction, of_norm, of_refit, frequencies, power, sums);
}

template <>
void correct_spectra(float* residual, const float* correction, const double* of_norm,
                     const double* of_refit, std::int64_t frequencies, float* power,
                     PowerSums<float>& sums)
{
    correct_floats(residual, correction, of_norm, of_refit, frequencies, power, sums);
}

template <>
void place_spectra(const double* spectrum, std::int64_t length, std::int64_t lane, int part,
                   LaneOf<double>* transform)
{
    place_doubles(spectrum, length, lane, part, transform);
}

template <>
void place_spectra(const float* spectrum, std::int64_t length, std::int64_t lane, int part,
                   LaneOf<float>* transform)
{
    place_floats(spectrum, length, lane, part, transform);
}

template <>
void place_spectra(const double* spectrum, std::int64_t length, std::int64_t lane, int part,
                   LaneOf<float>* transform)
{
    place_rounded(spectrum, length, lane, part, transform);
}

template <typename Real>
void rows_to_lanes(const Real* rows, std::int64_t step, std::int64_t count, int part,
                   LaneOf<Real>* lanes)
{
    constexpr auto width = lanes_of<Real>;
    auto* out = reinterpret_cast<Real*>(lanes) + part * width;
    each_block(count, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t l = 0; l < width; ++l)
            for (auto t = first; t < last; ++t)
                out[t * 2 * width + l] = rows[l * step + t];
    });
}

template <typename Real>
void lanes_to_rows(const Real* in, std::int64_t count, const Real* weight, const Real* scale,
                   std::int64_t used, Real* out, std::int64_t step)
{
    constexpr auto width = lanes_of<Real>;
    each_block(count, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t l = 0; l < used; ++l)
            for (auto k = first; k < last; ++k)
                out[l * step + k] = in[k * width + l] * (weight[k] * scale[l]);
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

template void rows_to_lanes(const double*, std::int64_t, std::int64_t, int, LaneOf<double>*);
template void rows_to_lanes(const float*, std::int64_t, std::int64_t, int, LaneOf<float>*);
template void lanes_to_rows(const double*, std::int64_t, const double*, const double*, std::int64_t,
                            double*, std::int64_t);
template void lanes_to_rows(const float*, std::int64_t, const float*, const float*, std::int64_t,
                            float*, std::int64_t);
template void part_to_rows(const LaneOf<double>*, std::int64_t, int, double, std::int64_t, double*,
                           std::int64_t);
template void part_to_rows(const LaneOf<float>*, std::int64_t, int, float, std::int64_t, float*,
                           std::int64_t);

} // namespace rewire::calcium
