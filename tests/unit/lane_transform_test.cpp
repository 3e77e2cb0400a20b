#include "lane_transform.hpp"

#include <rewire/base/random.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <vector>

using namespace rewire;
using calcium::lanes_of;
using calcium::LaneTransform;

namespace {

template <typename Real>
using Lanes = std::vector<calcium::LaneOf<Real>>;

template <typename Real>
Lanes<Real> random_lanes(std::int64_t length)
{
    auto stream = base::Stream(1, {static_cast<std::uint64_t>(length)});
    auto lanes = Lanes<Real>(static_cast<std::size_t>(length));
    for (auto& lane : lanes)
        for (std::int64_t l = 0; l < lanes_of<Real>; ++l) {
            lane.re[l] = static_cast<Real>(stream.uniform() - 0.5);
            lane.im[l] = static_cast<Real>(stream.uniform() - 0.5);
        }
    return lanes;
}

/// One frequency of one lane, term by term: more digits than the transforms have.
template <typename Real>
std::complex<double> frequency_of(const Lanes<Real>& lanes, std::int64_t f, std::int64_t lane,
                                  double sign)
{
    using Long = long double;
    const auto length = static_cast<std::int64_t>(lanes.size());
    auto sum = std::complex<Long>{};
    for (std::int64_t t = 0; t < length; ++t) {
        const auto& point = lanes[static_cast<std::size_t>(t)];
        const auto angle = static_cast<Long>(sign) * 2 * std::numbers::pi_v<Long> *
                           static_cast<Long>(f * t % length) / static_cast<Long>(length);
        sum += std::complex<Long>(static_cast<Long>(point.re[lane]),
                                  static_cast<Long>(point.im[lane])) *
               std::polar(Long{1}, angle);
    }
    return {static_cast<double>(sum.real()), static_cast<double>(sum.imag())};
}

template <typename Real>
void expect_transform(std::int64_t length, typename LaneTransform<Real>::Direction direction)
{
    const auto sign = direction == LaneTransform<Real>::Direction::forward ? -1.0 : 1.0;
    const auto input = random_lanes<Real>(length);
    auto data = input;
    auto scratch = input;

    const auto* out = LaneTransform<Real>(length, direction).run(data.data(), scratch.data());

    const auto tolerance = 20 * static_cast<double>(std::numeric_limits<Real>::epsilon()) *
                           std::sqrt(static_cast<double>(length));
    const auto step = std::max<std::int64_t>(1, length / 11);
    for (std::int64_t f = 0; f < length; f += step)
        for (const auto lane : {std::int64_t{0}, lanes_of<Real> - 1}) {
            const auto expected = frequency_of(input, f, lane, sign);
            EXPECT_NEAR(static_cast<double>(out[f].re[lane]), expected.real(), tolerance)
                << length << " at " << f;
            EXPECT_NEAR(static_cast<double>(out[f].im[lane]), expected.imag(), tolerance)
                << length << " at " << f;
        }
}

} // namespace

// small lengths; every radix; primes summed up, convolved; two factors; a large prime beside small
class LaneTransformOf : public testing::TestWithParam<std::int64_t>
{
};

TEST_P(LaneTransformOf, IsTheSumTermByTerm)
{
    using Double = LaneTransform<double>::Direction;
    using Single = LaneTransform<float>::Direction;

    expect_transform<double>(GetParam(), Double::forward);
    expect_transform<double>(GetParam(), Double::backward);
    expect_transform<float>(GetParam(), Single::forward);
    expect_transform<float>(GetParam(), Single::backward);
}

INSTANTIATE_TEST_SUITE_P(Lengths, LaneTransformOf,
                         testing::Values(1, 2, 3, 4, 5, 7, 12, 60, 101, 127, 131, 262, 396, 997,
                                         2048, 2049, 4099, 10403, 12000));
