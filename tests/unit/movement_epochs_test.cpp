#include <rewire/base/error.hpp>
#include <rewire/behaviour/movement_epochs.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace rewire;
using namespace rewire::behaviour;
using base::Range;
using testing::ElementsAre;

namespace {

using Mask = std::vector<std::uint8_t>;

} // namespace

TEST(MovementEpochs, AMaskComesBackAsItWas)
{
    for (const auto& mask : {Mask{}, Mask{0}, Mask{1}, Mask{0, 1, 1, 0, 1}, Mask{1, 0, 0, 1, 1, 1}})
        EXPECT_EQ(mask_of(epochs_of_mask(mask)), mask);

    const auto epochs = epochs_of_mask(Mask{0, 1, 1, 0, 1});

    EXPECT_THAT(epochs.movements, ElementsAre(Range{1, 3}, Range{4, 5}));
    EXPECT_EQ(epochs.frames, 5);
    EXPECT_EQ(epochs.movement_frames(), 3);
    EXPECT_THROW(epochs_of_mask(Mask{0, 2}), base::InputError);
}

TEST(MovementEpochs, IntervalsAreHalfOpenMayOverlapAndNeedNoOrder)
{
    const auto times = std::vector<double>{10.0, 10.1, 10.2, 10.3, 10.4, 10.5, 10.6};

    const auto epochs =
        epochs_of_intervals(std::vector<double>{10.45, 9.0, 10.05, 10.3, 10.32},
                            std::vector<double>{99.0, 9.5, 10.2, 10.3, 10.38}, times);

    // 10.05-10.2 holds 10.1 only; 10.3-10.3 nothing; 10.32-10.38 no frame; 10.45- the last two.
    EXPECT_THAT(epochs.movements, ElementsAre(Range{1, 2}, Range{5, 7}));
}

TEST(MovementEpochs, IntervalsThatTouchAreOneMovement)
{
    const auto times = std::vector<double>{0, 1, 2, 3, 4};

    const auto epochs =
        epochs_of_intervals(std::vector<double>{1, 2}, std::vector<double>{2, 4}, times);

    EXPECT_THAT(epochs.movements, ElementsAre(Range{1, 4}));
}

TEST(MovementEpochs, SayWhatIsWrongWithIntervals)
{
    const auto times = std::vector<double>{0, 1, 2};
    const auto one = std::vector<double>{1.0};
    const auto none = std::vector<double>{};

    EXPECT_THROW(epochs_of_intervals(one, none, times), base::InputError);
    EXPECT_THROW(epochs_of_intervals(one, std::vector<double>{0.5}, times), base::InputError);
    EXPECT_THROW(epochs_of_intervals(one, std::vector<double>{std::nan("")}, times),
                 base::InputError);
    EXPECT_THROW(epochs_of_intervals(one, one, std::vector<double>{0, 0, 1}), base::InputError);
    EXPECT_THROW(epochs_of_intervals(one, one, std::vector<double>{0, std::nan("")}),
                 base::InputError);
}

TEST(MovementEpochs, DilationJoinsWhatTouchesAndStopsAtTheEnds)
{
    const auto epochs = epochs_of_mask(Mask{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1});

    EXPECT_THAT(dilated(epochs, 2).movements, ElementsAre(Range{0, 8}, Range{9, 12}));
    EXPECT_EQ(dilated(epochs, 0), epochs);
    EXPECT_THROW(dilated(epochs, -1), base::InputError);
}

TEST(MovementEpochs, TheSmoothedAxisIsTwoFramesShorterAtEachEnd)
{
    const auto mask = Mask{1, 1, 1, 0, 0, 1, 0, 1, 1};

    const auto smoothed = on_smoothed_axis(epochs_of_mask(mask));

    EXPECT_EQ(mask_of(smoothed), Mask(mask.begin() + 2, mask.end() - 2));
    EXPECT_EQ(on_smoothed_axis(epochs_of_mask(Mask{1, 1, 1})), Epochs{});
    EXPECT_EQ(mask_of(on_smoothed_axis(epochs_of_mask(Mask{0, 0, 1, 0, 0}))), Mask{1});
}
