#include "behaviour_series.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/behaviour/interpolation.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace rewire;
using namespace rewire::behaviour;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

using test::message_of;

namespace {

using Values = std::vector<double>;

/// The straight line through the neighbours, by looking at every pair of samples.
double by_definition(const Values& values, const Values& time_s, double at_s)
{
    for (std::size_t i = 0; i + 1 < time_s.size(); ++i)
        if (time_s[i] <= at_s && at_s <= time_s[i + 1])
            return values[i] +
                   (values[i + 1] - values[i]) * (at_s - time_s[i]) / (time_s[i + 1] - time_s[i]);
    return at_s < time_s.front() ? values.front() : values.back();
}

} // namespace

TEST(Interpolation, FollowsTheStraightLineBetweenSamples)
{
    auto random = base::Stream(5, {1});
    auto time_s = Values{};
    auto values = Values{};
    for (auto i = 0; i < 200; ++i) {
        time_s.push_back(0.05 * i + 0.04 * random.uniform());
        values.push_back(random.uniform() - 0.5);
    }
    auto frames = Values{};
    for (auto i = 0; i < 140; ++i)
        frames.push_back(0.07 * i);

    const auto at_frames = interpolated(values, 1, 0, time_s, frames, "series");

    ASSERT_EQ(at_frames.size(), frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i)
        EXPECT_NEAR(at_frames[i], by_definition(values, time_s, frames[i]), 1e-12);
}

TEST(Interpolation, TakesOneChannel)
{
    EXPECT_THAT(
        interpolated(Values{1, 10, 2, 20, 3, 30}, 2, 1, Values{0, 1, 2}, Values{0.5, 2}, "series"),
        ElementsAre(15, 30));
}

TEST(Interpolation, RefusesWhatItWouldHaveToInvent)
{
    const auto at = [](const Values& values, const Values& time_s, const Values& frames) {
        return message_of([&] { interpolated(values, 1, 0, time_s, frames, "file:series"); });
    };

    EXPECT_THAT(at({1, 2, 3, 4}, {0, 1, 9, 10}, {0.5, 1.5, 2.5}),
                AllOf(HasSubstr("no samples from 1.000 s to 9.000 s"), HasSubstr("file:series")));
    EXPECT_THAT(at({1, std::nan(""), 3}, {0, 1, 2}, {0, 0.5, 1.5}),
                HasSubstr("near 0.500 s is not a number"));
    EXPECT_THAT(at({1, 2, 3}, {0, 1, 2}, {0, 2, 4, 6, 8}),
                AllOf(HasSubstr("lasts from 0.000 s"), HasSubstr("study.tsv")));
    EXPECT_THAT(at({1, 2, 3}, {0, 2, 1}, {0, 0.5}), HasSubstr("not after"));
    EXPECT_THAT(at({}, {}, {0, 0.5}), HasSubstr("no samples"));
}

TEST(Interpolation, PassesOverAGapWithoutFrames)
{
    EXPECT_THAT(
        interpolated(Values{1, 2, 3, 4}, 1, 0, Values{0, 1, 9, 10}, Values{0.5, 1, 9.5}, "series"),
        ElementsAre(1.5, 2, 3.5));
}

TEST(Averages, AreTheMeanOfTheLineOverTheFrame)
{
    auto random = base::Stream(6, {1});
    for (const auto sample_step : {0.011, 0.05, 0.2}) { // faster than frames, as fast, slower
        auto time_s = Values{};
        auto values = Values{};
        for (auto i = 0; sample_step * i < 10.5; ++i) {
            time_s.push_back(sample_step * (i + 0.3 * random.uniform()) - 0.3);
            values.push_back(random.uniform() - 0.5);
        }
        auto frames = Values{};
        for (auto i = 0; i < 140; ++i)
            frames.push_back(0.07 * i);

        const auto means = averaged(values, 1, 0, time_s, frames, "series");

        ASSERT_EQ(means.size(), frames.size());
        for (std::size_t i = 0; i < frames.size(); ++i) {
            constexpr auto parts = 2000;
            auto mean = 0.0;
            for (auto k = 0; k < parts; ++k)
                mean += by_definition(values, time_s, frames[i] + 0.07 * (k + 0.5) / parts) / parts;
            EXPECT_NEAR(means[i], mean, 1e-5);
        }
    }
}

TEST(Averages, EndWithTheFrameBeforeAGapOfTheClock)
{
    auto time_s = Values{};
    auto values = Values{};
    for (auto i = 0; i <= 100; ++i) {
        time_s.push_back(0.1 * i);
        values.push_back(0.1 * i);
    }

    const auto means = averaged(values, 1, 0, time_s, Values{0, 1, 2, 7, 8}, "series");

    EXPECT_NEAR(means[2], 2.5, 1e-12);
    EXPECT_NEAR(means[3], 7.5, 1e-12);
    EXPECT_NEAR(means[4], 8.5, 1e-12);
}

TEST(Averages, RefuseGapsAndWhatIsNotANumber)
{
    const auto of = [](const Values& values, const Values& time_s, const Values& frames) {
        return message_of([&] { averaged(values, 1, 0, time_s, frames, "file:series"); });
    };

    EXPECT_THAT(of({1, 2, 3, 4}, {0, 1, 9, 10}, {0.5, 1.5, 2.5}),
                AllOf(HasSubstr("no samples from 1.000 s to 9.000 s"), HasSubstr("file:series")));
    EXPECT_THAT(of({1, 2, std::nan(""), 3, 4}, {0, 1, 2, 3, 4}, {0, 1.5, 3}),
                HasSubstr("is not a number"));
}

TEST(ShareWithin, IsThatOfTheFrameAndCountsTwiceCoveredTimeOnce)
{
    const auto frames = Values{0, 1, 2, 3, 10, 11};

    EXPECT_THAT(
        share_within(Values{3.5, 0.5, 0.75, 3.75, 2}, Values{3.75, 1.5, 1.25, 9, 2}, frames),
        ElementsAre(0.5, 0.5, 0, 0.5, 0, 0));
    EXPECT_THAT(share_within(Values{}, Values{}, frames), ElementsAre(0, 0, 0, 0, 0, 0));
    EXPECT_THAT(share_within(Values{-5}, Values{50}, frames), ElementsAre(1, 1, 1, 1, 1, 1));
}
