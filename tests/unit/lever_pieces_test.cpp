#include "behaviour_series.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/behaviour/lever_clock.hpp>
#include <rewire/behaviour/mask_series.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace rewire;
using namespace rewire::behaviour;
using testing::AllOf;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using test::message_of;
using test::times;

namespace {

using Values = std::vector<double>;
constexpr auto nan_value = std::numeric_limits<double>::quiet_NaN();

/// A press of 0.16 s width every 3 s, from 2 s on.
double position(double time_s)
{
    auto sum = 1.5;
    for (auto centre = 2.0; centre < 700; centre += 3)
        if (std::abs(time_s - centre) < 1)
            sum += 0.6 * std::exp(-0.5 * std::pow((time_s - centre) / 0.08, 2));
    return sum;
}

Values positions(const Values& time_s)
{
    auto values = Values{};
    for (const auto time : time_s)
        values.push_back(position(time));
    return values;
}

/// Independent noise on every sample.
Values noise(std::size_t samples, double sd, std::uint64_t seed)
{
    auto stream = base::Stream(seed, {1});
    auto values = Values(samples);
    std::generate(values.begin(), values.end(), [&] { return sd * stream.normal(); });
    return values;
}

Epochs whole_epochs(const Values& time_s, const Values& frames)
{
    const auto movements =
        lever_movements(on_even_clock(positions(time_s), time_s, 0, frames, "x"));
    return epochs_of_intervals(movements.start_s, movements.stop_s, frames);
}

std::vector<std::uint8_t> mask_where(const Epochs& epochs, const std::vector<std::uint8_t>& known)
{
    auto mask = mask_of(epochs);
    for (std::size_t i = 0; i < mask.size(); ++i)
        if (known[i] == 0)
            mask[i] = 0;
    return mask;
}

} // namespace

TEST(LeverUnit, ThePublishedThresholdIsForVolts)
{
    EXPECT_EQ(published_threshold("volts", "lever"), 0.0007);
    EXPECT_EQ(published_threshold("V", "lever"), 0.0007);
    EXPECT_THAT(published_threshold("mV", "lever"), DoubleNear(0.7, 1e-12));
    EXPECT_THAT(published_threshold("millivolts", "lever"), DoubleNear(0.7, 1e-12));
    EXPECT_THAT(published_threshold("\xc2\xb5V", "lever"), DoubleNear(700, 1e-9));
    for (const auto* unit : {"meters", "degrees", "a.u.", "unknown", "MV", "mm", "m"}) {
        EXPECT_FALSE(volts_in(unit)) << unit;
        EXPECT_THAT(message_of([&] { published_threshold(unit, "a.nwb:/lever"); }),
                    AllOf(HasSubstr(std::string("in ") + unit), HasSubstr("--lever-threshold auto"),
                          HasSubstr("a.nwb:/lever")));
    }
    EXPECT_THAT(message_of([] { published_threshold("", "lever"); }), HasSubstr("names no unit"));
}

TEST(NoiseThreshold, FindsTheMovementsOfAKnownTraceInAnyUnit)
{
    const auto at = times(60'000, 0.001);
    auto trace = positions(at);
    const auto added = noise(trace.size(), 0.02, 7);
    std::transform(trace.begin(), trace.end(), added.begin(), trace.begin(), std::plus<>());

    auto found = std::vector<LeverMovements>{};
    for (const auto scale : {1.0, 1e-3, 360.0}) {
        auto scaled = trace;
        for (auto& value : scaled)
            value *= scale;
        const auto threshold = noise_threshold(lever_speed(scaled, 1000));
        found.push_back(lever_movements(scaled, 1000, 0, {.threshold_per_ms = threshold}));
    }

    ASSERT_EQ(found[0].start_s.size(), 20U); // presses at 2, 5, ... 59 s
    for (std::size_t k = 0; k < 20; ++k) {
        const auto centre = 2 + 3 * static_cast<double>(k);
        EXPECT_LT(found[0].start_s[k], centre - 0.08);
        EXPECT_GT(found[0].start_s[k], centre - 0.6);
        EXPECT_GT(found[0].stop_s[k], centre + 0.08);
        EXPECT_LT(found[0].stop_s[k], centre + 0.6);
    }
    for (const auto& other : {found[1], found[2]}) {
        EXPECT_EQ(other.start_s, found[0].start_s);
        EXPECT_EQ(other.stop_s, found[0].stop_s);
    }
}

TEST(NoiseThreshold, NoiseAloneHardlyEverMoves)
{
    auto movements = std::size_t{0};
    for (std::uint64_t seed = 1; seed <= 10; ++seed) { // a hundred minutes
        const auto trace = noise(600'000, 0.3, seed);
        const auto threshold = noise_threshold(lever_speed(trace, 1000));
        movements +=
            lever_movements(trace, 1000, 0, {.threshold_per_ms = threshold}).start_s.size();
    }

    EXPECT_LE(movements, 4U); // 0.5 expected
}

TEST(NoiseThreshold, ATraceThatRestsWithoutNoise)
{
    const auto at = times(60'000, 0.001);
    const auto trace = positions(at);
    const auto still = Values(5000, 1.5);

    const auto threshold = noise_threshold(lever_speed(trace, 1000));

    EXPECT_EQ(lever_movements(trace, 1000, 0, {.threshold_per_ms = threshold}).start_s.size(), 20U);
    EXPECT_THAT(lever_movements(still, 1000, 0,
                                {.threshold_per_ms = noise_threshold(lever_speed(still, 1000))})
                    .start_s,
                IsEmpty());
    EXPECT_THROW(noise_threshold({}), base::InputError);
}

TEST(LeverPieces, AWholeTraceGivesWhatItGivesWithoutThem)
{
    const auto at = times(60'000, 0.001, 5);
    const auto frames = times(1680, 1 / 28.0, 5);

    const auto pieces = lever_pieces(positions(at), at, 0, frames, "lever");
    const auto covered = lever_epochs(pieces, frames, "lever");
    const auto stated =
        lever_epochs(lever_pieces(positions(at), at, 1000, frames, "lever"), frames, "lever");

    EXPECT_EQ(pieces.piece.size(), 1U);
    EXPECT_THAT(covered.known, IsEmpty());
    EXPECT_EQ(covered.epochs, whole_epochs(at, frames));
    EXPECT_EQ(stated.epochs, covered.epochs);
}

TEST(LeverPieces, FramesInAGapAreUnknownAndTheOthersAsTheyWere)
{
    const auto all = times(60'000, 0.001);
    const auto frames = times(1680, 1 / 28.0);
    auto kept = Values{};
    for (const auto time : all)
        if (time < 24.3 || time > 27.4) // between presses at 23 and 29, without that at 26
            kept.push_back(time);
    auto missing = positions(all);
    for (std::size_t k = 0; k < missing.size(); ++k)
        if (!(all[k] < 24.3 || all[k] > 27.4))
            missing[k] = nan_value;

    EXPECT_THAT(message_of([&] { on_even_clock(positions(kept), kept, 0, frames, "lever"); }),
                HasSubstr("--uncovered mask"));
    const auto covered =
        lever_epochs(lever_pieces(positions(kept), kept, 0, frames, "lever"), frames, "lever");
    const auto by_nan =
        lever_epochs(lever_pieces(missing, all, 1000, frames, "lever"), frames, "lever");

    ASSERT_EQ(covered.known.size(), frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i)
        EXPECT_EQ(covered.known[i], frames[i] < 24.3 || frames[i] > 27.4 ? 1 : 0) << frames[i];
    EXPECT_NEAR(static_cast<double>(covered.unknown_frames()), 3.1 * 28, 1.5);
    EXPECT_EQ(mask_where(covered.epochs, covered.known),
              mask_where(whole_epochs(all, frames), covered.known));
    EXPECT_EQ(by_nan.epochs, covered.epochs);
    EXPECT_EQ(by_nan.known, covered.known);
}

TEST(LeverPieces, AMovementThatAGapCutsIsUnknownAsAWhole)
{
    const auto all = times(60'000, 0.001);
    const auto frames = times(1680, 1 / 28.0);
    auto kept = Values{};
    for (const auto time : all)
        if (time < 26.0 || time > 27.4) // the gap begins in the middle of the press at 26
            kept.push_back(time);

    const auto covered =
        lever_epochs(lever_pieces(positions(kept), kept, 0, frames, "lever"), frames, "lever");

    const auto whole = whole_epochs(all, frames);
    const auto press = std::find_if(whole.movements.begin(), whole.movements.end(),
                                    [](const base::Range& run) { return run.last > 26 * 28; });
    for (auto frame = press->first + 3; frame < 26 * 28; ++frame)
        EXPECT_EQ(covered.known[static_cast<std::size_t>(frame)], 0) << frame;
    EXPECT_EQ(covered.known[static_cast<std::size_t>(press->first - 14)], 1);
    EXPECT_EQ(mask_where(covered.epochs, covered.known), mask_where(whole, covered.known));
}

TEST(LeverPieces, AShorterTraceLeavesTheRestUnknown)
{
    const auto at = times(30'000, 0.001, 10); // 10 s to 40 s of 60 s
    const auto frames = times(1680, 1 / 28.0);

    const auto covered =
        lever_epochs(lever_pieces(positions(at), at, 1000, frames, "lever"), frames, "lever");

    for (std::size_t i = 0; i < frames.size(); ++i)
        EXPECT_EQ(covered.known[i], frames[i] >= 10 && frames[i] < 40 ? 1 : 0) << frames[i];
    EXPECT_THAT(message_of([&] {
                    const auto later = times(100, 1 / 28.0, 50);
                    lever_epochs(lever_pieces(positions(at), at, 1000, later, "lever"), later,
                                 "a.nwb:/lever");
                }),
                AllOf(HasSubstr("known at no imaging frame"), HasSubstr("a.nwb:/lever")));
    EXPECT_THAT(message_of([&] {
                    const auto few = times(500, 0.001);
                    lever_pieces(positions(few), few, 1000, frames, "lever");
                }),
                HasSubstr("nowhere known for a second"));
}

TEST(MaskSeries, FramesWithoutASampleAreUnknownWhereAskedFor)
{
    const auto frames = times(12, 1);          // 0 .. 11 s
    const auto at = Values{2, 3, 4, 5, 9, 10}; // nothing before, in between, after
    const auto mask = Values{1, 1, 0, nan_value, 1, 0};

    const auto covered = covered_epochs_of_mask_series(mask, at, frames, "mask");

    //                                          0  1  2  3  4  5  6  7  8  9 10 11
    EXPECT_THAT(covered.known, ElementsAre(0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1));
    EXPECT_THAT(mask_of(covered.epochs), ElementsAre(0, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0));
    EXPECT_EQ(covered.unknown_frames(), 5);
    EXPECT_THROW(epochs_of_mask_series(mask, at, frames, "mask"), base::InputError);
}

TEST(MaskSeries, AWholeMaskIsKnownEverywhere)
{
    const auto frames = times(50, 0.1);
    const auto at = times(500, 0.01);
    auto mask = Values{};
    for (std::size_t k = 0; k < at.size(); ++k)
        mask.push_back(k / 60 % 2 == 0 ? 0 : 1);

    const auto covered = covered_epochs_of_mask_series(mask, at, frames, "mask");

    EXPECT_THAT(covered.known, IsEmpty());
    EXPECT_EQ(covered.epochs, epochs_of_mask_series(mask, at, frames, "mask"));
}

TEST(Dilation, OfMoreFramesThanThereAreDoesNotOverflow)
{
    const auto epochs = Epochs{10, {{4, 5}}};

    const auto all = dilated(epochs, std::numeric_limits<std::int64_t>::max());

    EXPECT_EQ(all, (Epochs{10, {{0, 10}}}));
}
