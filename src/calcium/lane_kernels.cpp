#include "lane_kernels.hpp"

#include <rewire/base/dispatch.hpp>

#include <array>
#include <cstddef>
#include <numbers>

namespace rewire::calcium {

namespace {

template <typename Real, std::size_t radix>
using Points = std::array<LaneOf<Real>, radix>;

template <typename Real>
[[gnu::always_inline]] inline void butterfly(Points<Real, 2>& a, Real)
{
    const auto b = a[0];
    a[0] = {b.re + a[1].re, b.im + a[1].im};
    a[1] = {b.re - a[1].re, b.im - a[1].im};
}

template <typename Real>
[[gnu::always_inline]] inline void butterfly(Points<Real, 3>& a, Real sign)
{
    const auto sine = sign * std::numbers::sqrt3_v<Real> / 2;
    const auto half_of = Real{0.5};
    const auto sum = LaneOf<Real>{a[1].re + a[2].re, a[1].im + a[2].im};
    const auto turned = LaneOf<Real>{(a[2].im - a[1].im) * sine, (a[1].re - a[2].re) * sine};
    const auto half = LaneOf<Real>{a[0].re - sum.re * half_of, a[0].im - sum.im * half_of};
    a[0] = {a[0].re + sum.re, a[0].im + sum.im};
    a[1] = {half.re + turned.re, half.im + turned.im};
    a[2] = {half.re - turned.re, half.im - turned.im};
}

template <typename Real>
[[gnu::always_inline]] inline void butterfly(Points<Real, 4>& a, Real sign)
{
    using Lane = LaneOf<Real>;
    const auto even_sum = Lane{a[0].re + a[2].re, a[0].im + a[2].im};
    const auto even_difference = Lane{a[0].re - a[2].re, a[0].im - a[2].im};
    const auto odd_sum = Lane{a[1].re + a[3].re, a[1].im + a[3].im};
    const auto turned = Lane{(a[3].im - a[1].im) * sign, (a[1].re - a[3].re) * sign};
    a[0] = {even_sum.re + odd_sum.re, even_sum.im + odd_sum.im};
    a[1] = {even_difference.re + turned.re, even_difference.im + turned.im};
    a[2] = {even_sum.re - odd_sum.re, even_sum.im - odd_sum.im};
    a[3] = {even_difference.re - turned.re, even_difference.im - turned.im};
}

template <typename Real>
[[gnu::always_inline]] inline void butterfly(Points<Real, 5>& a, Real sign)
{
    using Lane = LaneOf<Real>;
    constexpr auto cosine1 = static_cast<Real>(0.309016994374947424); // of 2 pi / 5
    constexpr auto cosine2 = static_cast<Real>(-0.809016994374947424);
    const auto sine1 = sign * static_cast<Real>(0.951056516295153572);
    const auto sine2 = sign * static_cast<Real>(0.587785252292473129);
    const auto sum1 = Lane{a[1].re + a[4].re, a[1].im + a[4].im};
    const auto sum2 = Lane{a[2].re + a[3].re, a[2].im + a[3].im};
    const auto difference1 = Lane{a[1].re - a[4].re, a[1].im - a[4].im};
    const auto difference2 = Lane{a[2].re - a[3].re, a[2].im - a[3].im};
    const auto near1 = Lane{a[0].re + sum1.re * cosine1 + sum2.re * cosine2,
                            a[0].im + sum1.im * cosine1 + sum2.im * cosine2};
    const auto near2 = Lane{a[0].re + sum1.re * cosine2 + sum2.re * cosine1,
                            a[0].im + sum1.im * cosine2 + sum2.im * cosine1};
    const auto turned1 = Lane{difference1.re * sine1 + difference2.re * sine2,
                              difference1.im * sine1 + difference2.im * sine2};
    const auto turned2 = Lane{difference1.re * sine2 - difference2.re * sine1,
                              difference1.im * sine2 - difference2.im * sine1};
    a[0] = {a[0].re + sum1.re + sum2.re, a[0].im + sum1.im + sum2.im};
    a[1] = {near1.re - turned1.im, near1.im + turned1.re};
    a[4] = {near1.re + turned1.im, near1.im - turned1.re};
    a[2] = {near2.re - turned2.im, near2.im + turned2.re};
    a[3] = {near2.re + turned2.im, near2.im - turned2.re};
}

template <typename Real>
[[gnu::always_inline]] inline LaneOf<Real> turned_by(const LaneOf<Real>& a, const Real* factor)
{
    const auto re = factor[0];
    const auto im = factor[1];
    return {a.re * re - a.im * im, a.re * im + a.im * re};
}

template <typename Real, std::size_t radix>
[[gnu::always_inline]] inline void small_pass(const LanePass<Real>& pass)
{
    constexpr auto r = static_cast<std::int64_t>(radix);
    for (std::int64_t q = 0; q < pass.rest; ++q) {
        const auto* factor = pass.twiddle + q * 2 * (r - 1);
        for (std::int64_t k = 0; k < pass.stride; ++k) {
            auto a = Points<Real, radix>{};
            for (std::size_t j = 0; j < radix; ++j)
                a[j] = pass.from[k + pass.stride * (q + pass.rest * static_cast<std::int64_t>(j))];
            butterfly(a, pass.sign);
            auto* out = pass.to + k + pass.stride * r * q;
            out[0] = a[0];
            for (std::size_t j = 1; j < radix; ++j)
                out[pass.stride * static_cast<std::int64_t>(j)] =
                    turned_by(a[j], factor + 2 * (j - 1));
        }
    }
}

constexpr auto most_halves = static_cast<std::size_t>((largest_direct_prime - 1) / 2);

/// A prime's points as sums and differences of those that mirror each other.
template <typename Real>
struct Mirrored
{
    std::array<LaneOf<Real>, most_halves> sum;
    std::array<LaneOf<Real>, most_halves> difference;
};

/// Points m and p - m, for `count` consecutive m: x(0) + sum_k cos s(k) +- i sign sum_k sin d(k).
/// The sums stay in registers.
template <typename Real, std::size_t count>
[[gnu::always_inline]] inline void
prime_points(const LanePass<Real>& pass, const Mirrored<Real>& mirrored, const LaneOf<Real>& zero,
             std::int64_t m, const Real* factor, LaneOf<Real>* out)
{
    const auto half = (pass.radix - 1) / 2;
    auto even = Points<Real, count>{};
    auto odd = Points<Real, count>{};
    even.fill(zero);
    const auto* turns = pass.turns + (m - 1) * half * 2;
    for (std::int64_t k = 0; k < half; ++k, turns += 2) {
        const auto& sum = mirrored.sum[static_cast<std::size_t>(k)];
        const auto& difference = mirrored.difference[static_cast<std::size_t>(k)];
        for (std::size_t l = 0; l < count; ++l) {
            const auto* turn = turns + static_cast<std::int64_t>(l) * half * 2;
            even[l].re += sum.re * turn[0];
            even[l].im += sum.im * turn[0];
            odd[l].re += difference.re * turn[1];
            odd[l].im += difference.im * turn[1];
        }
    }
    for (std::size_t l = 0; l < count; ++l) {
        const auto first = m + static_cast<std::int64_t>(l);
        const auto mirror = pass.radix - first;
        const auto turned = LaneOf<Real>{odd[l].im * -pass.sign, odd[l].re * pass.sign};
        out[pass.stride * first] = turned_by(
            LaneOf<Real>{even[l].re + turned.re, even[l].im + turned.im}, factor + 2 * (first - 1));
        out[pass.stride * mirror] =
            turned_by(LaneOf<Real>{even[l].re - turned.re, even[l].im - turned.im},
                      factor + 2 * (mirror - 1));
    }
}

template <typename Real>
[[gnu::always_inline]] inline void prime_pass(const LanePass<Real>& pass)
{
    constexpr auto together = std::int64_t{4};
    const auto half = (pass.radix - 1) / 2;
    auto mirrored = Mirrored<Real>{};
    for (std::int64_t q = 0; q < pass.rest; ++q) {
        const auto* factor = pass.twiddle + q * 2 * (pass.radix - 1);
        for (std::int64_t k = 0; k < pass.stride; ++k) {
            const auto* from = pass.from + k + pass.stride * q;
            const auto step = pass.stride * pass.rest;
            const auto first = from[0];
            auto zero = first;
            for (std::int64_t j = 1; j <= half; ++j) {
                const auto a = from[step * j];
                const auto b = from[step * (pass.radix - j)];
                auto& sum = mirrored.sum[static_cast<std::size_t>(j - 1)];
                sum = {a.re + b.re, a.im + b.im};
                mirrored.difference[static_cast<std::size_t>(j - 1)] = {a.re - b.re, a.im - b.im};
                zero = {zero.re + sum.re, zero.im + sum.im};
            }
            auto* out = pass.to + k + pass.stride * pass.radix * q;
            out[0] = zero;
            auto m = std::int64_t{1};
            for (; m + together - 1 <= half; m += together)
                prime_points<Real, together>(pass, mirrored, first, m, factor, out);
            for (; m <= half; ++m)
                prime_points<Real, 1>(pass, mirrored, first, m, factor, out);
        }
    }
}

template <typename Real>
[[gnu::always_inline]] inline void any_pass(const LanePass<Real>& pass)
{
    switch (pass.radix) {
    case 2:
        return small_pass<Real, 2>(pass);
    case 3:
        return small_pass<Real, 3>(pass);
    case 4:
        return small_pass<Real, 4>(pass);
    case 5:
        return small_pass<Real, 5>(pass);
    default:
        return prime_pass<Real>(pass);
    }
}

template <typename Real>
[[gnu::always_inline]] inline void multiply(const LaneOf<Real>* from, const Real* factor,
                                            LaneOf<Real>* to, std::int64_t count)
{
    for (std::int64_t k = 0; k < count; ++k)
        to[k] = turned_by(from[k], factor + 2 * k);
}

template <typename Real>
[[gnu::always_inline]] inline void move(const LaneOf<Real>* from, std::int64_t from_step,
                                        LaneOf<Real>* to, std::int64_t to_step, std::int64_t count)
{
    for (std::int64_t k = 0; k < count; ++k)
        to[k * to_step] = from[k * from_step];
}

} // namespace

REWIRE_CLONES("avx512f", "avx2", "default")
void run_pass(const LanePass<float>& pass)
{
    any_pass(pass);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void run_pass(const LanePass<double>& pass)
{
    any_pass(pass);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void multiply_lanes(const LaneOf<float>* from, const float* factor, LaneOf<float>* to,
                    std::int64_t count)
{
    multiply(from, factor, to, count);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void multiply_lanes(const LaneOf<double>* from, const double* factor, LaneOf<double>* to,
                    std::int64_t count)
{
    multiply(from, factor, to, count);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void move_lanes(const LaneOf<float>* from, std::int64_t from_step, LaneOf<float>* to,
                std::int64_t to_step, std::int64_t count)
{
    move(from, from_step, to, to_step, count);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void move_lanes(const LaneOf<double>* from, std::int64_t from_step, LaneOf<double>* to,
                std::int64_t to_step, std::int64_t count)
{
    move(from, from_step, to, to_step, count);
}

} // namespace rewire::calcium
