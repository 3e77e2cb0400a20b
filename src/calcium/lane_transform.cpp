#include "lane_transform.hpp"

#include <rewire/base/dispatch.hpp>

#include <array>
#include <cmath>
#include <numbers>
#include <utility>

namespace rewire::calcium {

namespace {

[[gnu::always_inline]] inline void butterfly(std::array<Lane, 2>& a, float)
{
    const auto b = a[0];
    a[0] = {b.re + a[1].re, b.im + a[1].im};
    a[1] = {b.re - a[1].re, b.im - a[1].im};
}

[[gnu::always_inline]] inline void butterfly(std::array<Lane, 3>& a, float sign)
{
    const auto sine = sign * std::numbers::sqrt3_v<float> / 2;
    const auto sum = Lane{a[1].re + a[2].re, a[1].im + a[2].im};
    const auto turned = Lane{(a[2].im - a[1].im) * sine, (a[1].re - a[2].re) * sine};
    const auto half = Lane{a[0].re - sum.re * 0.5F, a[0].im - sum.im * 0.5F};
    a[0] = {a[0].re + sum.re, a[0].im + sum.im};
    a[1] = {half.re + turned.re, half.im + turned.im};
    a[2] = {half.re - turned.re, half.im - turned.im};
}

[[gnu::always_inline]] inline void butterfly(std::array<Lane, 4>& a, float sign)
{
    const auto even_sum = Lane{a[0].re + a[2].re, a[0].im + a[2].im};
    const auto even_difference = Lane{a[0].re - a[2].re, a[0].im - a[2].im};
    const auto odd_sum = Lane{a[1].re + a[3].re, a[1].im + a[3].im};
    const auto turned = Lane{(a[3].im - a[1].im) * sign, (a[1].re - a[3].re) * sign};
    a[0] = {even_sum.re + odd_sum.re, even_sum.im + odd_sum.im};
    a[1] = {even_difference.re + turned.re, even_difference.im + turned.im};
    a[2] = {even_sum.re - odd_sum.re, even_sum.im - odd_sum.im};
    a[3] = {even_difference.re - turned.re, even_difference.im - turned.im};
}

[[gnu::always_inline]] inline void butterfly(std::array<Lane, 5>& a, float sign)
{
    constexpr auto cosine1 = 0.309016994374947424F; // of 2 pi / 5
    constexpr auto cosine2 = -0.809016994374947424F;
    const auto sine1 = sign * 0.951056516295153572F;
    const auto sine2 = sign * 0.587785252292473129F;
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

template <std::size_t radix>
[[gnu::always_inline]] inline void pass(const Lane* from, Lane* to, std::int64_t rest,
                                        std::int64_t stride, const float* twiddle, float sign)
{
    for (std::int64_t q = 0; q < rest; ++q) {
        const auto* factor = twiddle + q * 2 * (static_cast<std::int64_t>(radix) - 1);
        for (std::int64_t k = 0; k < stride; ++k) {
            auto a = std::array<Lane, radix>{};
            for (std::size_t j = 0; j < radix; ++j)
                a[j] = from[k + stride * (q + rest * static_cast<std::int64_t>(j))];
            butterfly(a, sign);
            auto* out = to + k + stride * static_cast<std::int64_t>(radix) * q;
            out[0] = a[0];
            for (std::size_t j = 1; j < radix; ++j) {
                const auto re = factor[2 * j - 2];
                const auto im = factor[2 * j - 1];
                out[stride * static_cast<std::int64_t>(j)] = {a[j].re * re - a[j].im * im,
                                                              a[j].re * im + a[j].im * re};
            }
        }
    }
}

REWIRE_CLONES("avx512f", "avx2", "default")
void run_stage(std::int64_t radix, const Lane* from, Lane* to, std::int64_t rest,
               std::int64_t stride, const float* twiddle, float sign)
{
    switch (radix) {
    case 2:
        return pass<2>(from, to, rest, stride, twiddle, sign);
    case 3:
        return pass<3>(from, to, rest, stride, twiddle, sign);
    case 4:
        return pass<4>(from, to, rest, stride, twiddle, sign);
    default:
        return pass<5>(from, to, rest, stride, twiddle, sign);
    }
}

} // namespace

LaneTransform::LaneTransform(std::int64_t length, Direction direction)
    : sign_(direction == Direction::forward ? -1.0F : 1.0F)
{
    auto remaining = length;
    auto stride = std::int64_t{1};
    while (remaining > 1) {
        auto radix = std::int64_t{4};
        while (remaining % radix != 0)
            radix = radix == 4 ? 2 : radix == 2 ? 3 : 5;
        auto stage =
            Stage{.radix = radix, .rest = remaining / radix, .stride = stride, .twiddle = {}};
        for (std::int64_t q = 0; q < stage.rest; ++q)
            for (std::int64_t j = 1; j < radix; ++j) {
                const auto angle = 2 * std::numbers::pi * static_cast<double>(q * j) /
                                   static_cast<double>(remaining);
                stage.twiddle.push_back(static_cast<float>(std::cos(angle)));
                stage.twiddle.push_back(sign_ * static_cast<float>(std::sin(angle)));
            }
        stages_.push_back(std::move(stage));
        remaining /= radix;
        stride *= radix;
    }
}

Lane* LaneTransform::run(Lane* data, Lane* scratch) const noexcept
{
    for (const auto& stage : stages_) {
        run_stage(stage.radix, data, scratch, stage.rest, stage.stride, stage.twiddle.data(),
                  sign_);
        std::swap(data, scratch);
    }
    return data;
}

} // namespace rewire::calcium
