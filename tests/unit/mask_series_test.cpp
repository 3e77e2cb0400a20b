#include "behaviour_series.hpp"

#include <rewire/base/error.hpp>
#include <rewire/behaviour/mask_series.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace rewire;
using namespace rewire::behaviour;
using base::Range;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

using test::message_of;
using test::times;

namespace {

using Values = std::vector<double>;

} // namespace

TEST(MaskSeries, AnyTwoValuesAreAMask)
{
    const auto nan = std::nan("");

    EXPECT_EQ(mask_values(Values{0, 1, 1, 0}), (MaskValues{0, 1}));
    EXPECT_EQ(mask_values(Values{255, 0, 255}), (MaskValues{0, 255}));
    EXPECT_EQ(mask_values(Values{1, -1}), (MaskValues{-1, 1}));
    EXPECT_EQ(mask_values(Values{nan, 2, nan, 5, 2}), (MaskValues{2, 5}));
    EXPECT_EQ(mask_values(Values{0, 0}), MaskValues{});
    EXPECT_EQ(mask_values(Values{1}), MaskValues{});
    EXPECT_EQ(mask_values(Values{3, 3}), std::nullopt);
    EXPECT_EQ(mask_values(Values{0, 1, 2}), std::nullopt);
    EXPECT_EQ(mask_values(Values{0.5, 0.2, 0.3}), std::nullopt);
    EXPECT_EQ(mask_values(Values{}), std::nullopt);
    EXPECT_EQ(mask_values(Values{nan}), std::nullopt);
}

TEST(MaskSeries, AFrameTakesTheSampleBeforeIt)
{
    // Samples at 10.0, 10.5, ...; frames every 0.2 s from 10.0.
    const auto mask = Values{0, 255, 255, 0};

    const auto epochs = epochs_of_mask_series(mask, times(4, 0.5, 10), times(10, 0.2, 10), "mask");

    EXPECT_EQ(epochs.frames, 10);
    EXPECT_THAT(epochs.movements, ElementsAre(Range{3, 8})); // 10.6 ... 11.4
}

TEST(MaskSeries, RoundingOfTimestampsMovesNoEdge)
{
    auto at = times(100, 1 / 28.0);
    for (auto& time : at)
        time = static_cast<float>(time);
    auto mask = Values(100);
    std::fill(mask.begin() + 40, mask.begin() + 60, 1);

    const auto epochs = epochs_of_mask_series(mask, at, times(100, 1 / 28.0), "mask");

    EXPECT_THAT(epochs.movements, ElementsAre(Range{40, 60}));
}

TEST(MaskSeries, HasToCoverTheImagingButForAFrame)
{
    const auto frames = times(121, 1);
    const auto covers = [&](std::size_t samples, double first_s) {
        return message_of([&] {
            epochs_of_mask_series(Values(samples, 1.0), times(samples, 0.1, first_s), frames,
                                  "file.nwb:/mask");
        });
    };

    EXPECT_EQ(covers(1200, 0), "no error");
    EXPECT_EQ(covers(1191, 0), "no error"); // to 119.1 s, the last frame is at 120
    EXPECT_EQ(covers(1200, 0.95), "no error");
    EXPECT_THAT(covers(300, 0), AllOf(HasSubstr("from 0.000 s to 30.000 s"),
                                      HasSubstr("the imaging from 0.000 s to 120.000 s"),
                                      HasSubstr("file.nwb:/mask")));
    EXPECT_THAT(covers(1189, 0), HasSubstr("to 118.900 s"));
    EXPECT_THAT(covers(1200, 1.5), HasSubstr("from 1.500 s"));
}

TEST(MaskSeries, AGapIsNotFilledWithTheLastValue)
{
    auto at = times(600, 0.1);
    for (std::size_t k = 200; k < at.size(); ++k)
        at[k] += 60;
    const auto mask = Values(600, 1.0);
    const auto within = [&](const Values& frames) {
        return message_of([&] { epochs_of_mask_series(mask, at, frames, "mask"); });
    };
    // Imaging that pauses together with the mask.
    auto pausing = times(300, 0.2);
    for (std::size_t k = 100; k < pausing.size(); ++k)
        pausing[k] += 60;

    EXPECT_THAT(within(times(600, 0.2)), HasSubstr("no samples from 19.900 s to 80.000 s"));
    EXPECT_EQ(within(pausing), "no error");
}

TEST(MaskSeries, SaysWhatIsWrongWithTheSamples)
{
    auto mask = Values(100, 1.0);
    const auto at = times(100, 1);
    const auto message = [&](const Values& values, const Values& time_s) {
        return message_of([&] { epochs_of_mask_series(values, time_s, times(100, 1), "mask"); });
    };
    EXPECT_THAT(message(mask, times(99, 1)), HasSubstr("100 samples but 99 times"));
    EXPECT_THAT(message({}, {}), HasSubstr("no samples"));
    EXPECT_THAT(message(mask, Values(100, 3.0)), HasSubstr("time of sample 1 (3.000000 s)"));
    EXPECT_THAT(message(mask, times(100, std::numeric_limits<double>::infinity())),
                HasSubstr("time of sample 0 is not a number"));
    mask[60] = mask[70] = std::nan("");
    EXPECT_THAT(message(mask, at), AllOf(HasSubstr("sample 60 (60.000 s) of the binary series is "
                                                   "not a number"),
                                         HasSubstr("of 100 samples 2")));
    mask[3] = 0;
    mask[4] = 7;
    EXPECT_THAT(message(mask, at), HasSubstr("does not hold two values"));
}
