#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/calcium/baseline.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace rewire;
using testing::Each;
using testing::ElementsAre;

namespace {

/// Smoothing that changes nothing: the taps next to the middle are below 1e-300.
constexpr auto no_smoothing = 0.01;

} // namespace

TEST(Baseline, MaximinFollowsTheLowerEnvelope)
{
    const auto trace = std::vector<double>{1, 5, 1, 0, 9, 2};

    const auto baseline = calcium::maximin_baseline(trace, 1, 3, no_smoothing);

    // minima over three neighbours: 1 1 0 0 0 2; maxima of those: 1 1 1 0 2 2
    EXPECT_THAT(baseline, ElementsAre(1, 1, 1, 0, 2, 2));
}

TEST(Baseline, MaximinIsTheObviousWindowOnRandomTraces)
{
    for (const auto frames : {1, 2, 5, 100})
        for (const auto window : {1, 2, 5, 31, 400}) {
            auto stream = base::Stream(3, {static_cast<std::uint64_t>(frames)});
            auto trace = std::vector<double>(static_cast<std::size_t>(frames));
            std::generate(trace.begin(), trace.end(), [&] { return stream.normal(); });
            const auto half = (window % 2 == 0 ? window + 1 : window) / 2;
            const auto obvious = [&](const std::vector<double>& x, bool lowest) {
                auto out = std::vector<double>{};
                for (auto t = 0; t < frames; ++t) {
                    const auto first = x.begin() + std::max(t - half, 0);
                    const auto last = x.begin() + std::min(t + half + 1, frames);
                    out.push_back(lowest ? *std::min_element(first, last)
                                         : *std::max_element(first, last));
                }
                return out;
            };

            const auto baseline = calcium::maximin_baseline(trace, 1, window, no_smoothing);

            EXPECT_EQ(baseline, obvious(obvious(trace, true), false));
        }
}

TEST(Baseline, SmoothingKeepsAConstantTraceAtBothEdges)
{
    const auto trace = std::vector<double>(50, 3.0);

    EXPECT_THAT(calcium::maximin_baseline(trace, 10, 1, 10), Each(testing::DoubleEq(3)));
    EXPECT_DOUBLE_EQ(calcium::smoothed_minimum(trace), 3); // 40 taps each side, 50 frames
    EXPECT_DOUBLE_EQ(calcium::smoothed_minimum(std::vector<double>{3}), 3);
}

TEST(Baseline, PercentileIsLinearBetweenNeighbours)
{
    const auto trace = std::vector<double>{5, 1, 3, 2, 4}; // sorted 1 .. 5, steps of 25 %

    EXPECT_DOUBLE_EQ(calcium::percentile_baseline(trace, 0), 1);
    EXPECT_DOUBLE_EQ(calcium::percentile_baseline(trace, 25), 2);
    EXPECT_DOUBLE_EQ(calcium::percentile_baseline(trace, 30), 2.2);
    EXPECT_DOUBLE_EQ(calcium::percentile_baseline(trace, 100), 5);
}

TEST(Baseline, NoFrames)
{
    const auto none = std::vector<double>{};

    EXPECT_TRUE(calcium::maximin_baseline(none, 10).empty());
    EXPECT_TRUE(std::isnan(calcium::percentile_baseline(none)));
    EXPECT_TRUE(std::isinf(calcium::smoothed_minimum(none)));
}

TEST(Baseline, OptionsThatCannotBe)
{
    const auto trace = std::vector<double>(10);

    EXPECT_THROW(calcium::maximin_baseline(trace, 0), base::InputError);
    EXPECT_THROW(calcium::maximin_baseline(trace, 10, -1), base::InputError);
    EXPECT_THROW(calcium::percentile_baseline(trace, 101), base::InputError);
    EXPECT_THROW(calcium::smoothed_minimum(trace, 0), base::InputError);
}
