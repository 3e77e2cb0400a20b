#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/calcium/event_smoothing.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

using namespace rewire;
using calcium::NeuronStatus;
using testing::ElementsAre;

namespace {

constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Spikes as OASIS leaves them: mostly 0, exponential where not.
std::vector<double> random_spikes(std::int64_t frames, double share, std::uint64_t seed)
{
    auto stream = base::Stream(seed, {});
    auto spikes = std::vector<double>(static_cast<std::size_t>(frames));
    for (auto& spike : spikes)
        spike = stream.uniform() < share ? stream.exponential() : 0;
    return spikes;
}

double obvious_threshold(const std::vector<double>& spikes, double alpha)
{
    const auto count = static_cast<double>(spikes.size());
    const auto mean = std::accumulate(spikes.begin(), spikes.end(), 0.0) / count;
    auto squares = 0.0;
    for (const auto spike : spikes)
        squares += (spike - mean) * (spike - mean);
    return mean + alpha * std::sqrt(squares / (count - 1));
}

std::vector<double> dense_of(const activity::ActivityView& activity, std::int64_t neuron)
{
    auto dense = std::vector<double>(static_cast<std::size_t>(activity.frames));
    const auto frames = activity.frames_of(neuron);
    const auto values = activity.values_of(neuron);
    for (auto k = std::size_t{0}; k < frames.size(); ++k)
        dense[static_cast<std::size_t>(frames[k])] = values[k];
    return dense;
}

} // namespace

TEST(EventThreshold, IsTheMeanAndTwoStandardDeviations)
{
    // mean 1, squared deviations 1 + 1 + 1 + 9 over 3: sd 2
    const auto spikes = std::vector<double>{0, 0, 0, 4};

    EXPECT_DOUBLE_EQ(calcium::event_threshold(spikes), 5);
    EXPECT_DOUBLE_EQ(calcium::event_threshold(spikes, 1), 3);
}

TEST(EventThreshold, DegenerateTraces)
{
    EXPECT_EQ(calcium::event_threshold(std::vector<double>{}), 0);
    EXPECT_EQ(calcium::event_threshold(std::vector<double>{3}), 3);
    EXPECT_EQ(calcium::event_threshold(std::vector<double>(10)), 0);
    EXPECT_TRUE(std::isnan(calcium::event_threshold(std::vector<double>{0, not_a_number, 1})));
}

TEST(EventThreshold, EqualsTheObviousSumOnRandomSpikes)
{
    for (const auto frames : {2, 3, 50, 5000})
        for (const auto share : {0.0, 0.05, 0.5, 1.0}) {
            const auto spikes = random_spikes(frames, share, 7);

            EXPECT_NEAR(calcium::event_threshold(spikes), obvious_threshold(spikes, 2), 1e-12);
        }
}

TEST(KeepEvents, KeepsWhatReachesTheThreshold)
{
    const auto spikes = std::vector<double>{0, 1, 2, 3};

    EXPECT_THAT(calcium::keep_events(spikes, 2), ElementsAre(0, 0, 2, 3));
    EXPECT_THAT(calcium::keep_events(spikes, not_a_number), ElementsAre(0, 1, 2, 3));
}

TEST(SmoothEvents, SpreadsOneEventOverFiveFrames)
{
    auto events = std::vector<double>(11);
    events[5] = 2;

    const auto smooth = calcium::smooth_events(events);

    // original frame 5 is smoothed frame 3
    EXPECT_THAT(smooth, ElementsAre(0, 0.66, 1.34, 2, 1.34, 0.66, 0));
}

TEST(SmoothEvents, FewerThanFiveFramesLeaveNothing)
{
    for (const auto frames : {0u, 1u, 4u})
        EXPECT_TRUE(calcium::smooth_events(std::vector<double>(frames, 1.0)).empty());
    EXPECT_THAT(calcium::smooth_events(std::vector<double>(5, 1.0)),
                ElementsAre(testing::DoubleEq(3)));
    EXPECT_EQ(calcium::smoothed_frames(4), 0);
    EXPECT_EQ(calcium::smoothed_frames(5), 1);
}

TEST(AppendEvents, AreTheDenseStepsBitForBit)
{
    auto activity = activity::Activity{};
    auto expected = std::vector<std::vector<double>>{};
    for (const auto share : {0.0, 0.01, 0.1, 0.6, 1.0})
        for (auto seed = std::uint64_t{1}; seed <= 5; ++seed) {
            const auto spikes = random_spikes(400, share, seed);

            const auto summary = calcium::append_events(spikes, 1.0, activity);

            const auto threshold = calcium::event_threshold(spikes, 1.0);
            EXPECT_EQ(summary.threshold, threshold);
            expected.push_back(calcium::smooth_events(calcium::keep_events(spikes, threshold)));
        }
    ASSERT_EQ(activity.neurons(), static_cast<std::int64_t>(expected.size()));
    for (auto n = std::int64_t{0}; n < activity.neurons(); ++n)
        EXPECT_EQ(dense_of(activity.view(), n), expected[static_cast<std::size_t>(n)]);
}

TEST(AppendEvents, EntriesAreAscendingAndNotZero)
{
    auto activity = activity::Activity{};

    calcium::append_events(random_spikes(3000, 0.3, 3), 0.5, activity);

    EXPECT_TRUE(std::is_sorted(activity.frame.begin(), activity.frame.end(), std::less_equal<>{}));
    EXPECT_THAT(activity.value, testing::Each(testing::Ne(0)));
}

TEST(AppendEvents, EventsAtTheEndsReachInward)
{
    auto spikes = std::vector<double>(40);
    spikes.front() = spikes.back() = 3;
    auto activity = activity::Activity{};

    const auto summary = calcium::append_events(spikes, 2, activity);

    EXPECT_EQ(summary.events, 2);
    EXPECT_THAT(activity.frame, ElementsAre(0, 35));
    EXPECT_THAT(activity.value, ElementsAre(3 * 0.33, 3 * 0.33));
}

TEST(AppendEvents, Status)
{
    auto activity = activity::Activity{};
    auto broken = std::vector<double>(60);
    auto active = broken;
    broken[10] = not_a_number;
    active[10] = 1;

    EXPECT_EQ(calcium::append_events(active, 2, activity).status, NeuronStatus::active);
    EXPECT_EQ(calcium::append_events(broken, 2, activity).status, NeuronStatus::not_finite);
    EXPECT_EQ(calcium::append_events(std::vector<double>(60), 2, activity).status,
              NeuronStatus::silent);
    EXPECT_EQ(calcium::append_events(std::vector<double>(60, 1.0), 2, activity).status,
              NeuronStatus::constant);
    EXPECT_THAT(activity.start, ElementsAre(0, 5, 5, 5, 61));
}

TEST(SmoothingWidth, IsTheOddNumberOfFramesNearestToTheSeconds)
{
    EXPECT_EQ(calcium::taps_for(5 / 28.0, 28), 5);
    EXPECT_EQ(calcium::taps_for(0.18, 28), 5);
    EXPECT_EQ(calcium::taps_for(0.18, 3.7), 1);
    EXPECT_EQ(calcium::taps_for(1.0, 3.7), 3);
    EXPECT_EQ(calcium::taps_for(1.0, 4), 5); // halfway between 3 and 5
    EXPECT_EQ(calcium::taps_for(1e-9, 28), 1);
    EXPECT_EQ(calcium::taps_for(100, 100), 10001);
    for (const auto& [width, rate] :
         {std::pair{0.0, 28.0}, {-1.0, 28.0}, {1.0, 0.0}, {1e9, 28.0}, {1.0, std::nan("")}})
        EXPECT_THROW(calcium::taps_for(width, rate), base::InputError);
}

TEST(SmoothingWidth, FiveTapsAreThePapersAndOthersTheSameTriangle)
{
    EXPECT_THAT(calcium::smoothing_weights(5), ElementsAre(.33, .67, 1, .67, .33));
    EXPECT_THAT(calcium::smoothing_weights(1), ElementsAre(1));
    EXPECT_THAT(calcium::smoothing_weights(3), ElementsAre(.5, 1, .5));
    EXPECT_THAT(calcium::smoothing_weights(7), ElementsAre(.25, .5, .75, 1, .75, .5, .25));
    for (const auto taps : {0, 2, -1, 10003})
        EXPECT_THROW(calcium::smoothing_weights(taps), base::InputError);
}

TEST(SmoothingWidth, AppendedEventsAreTheObviousOnesForAnyNumberOfTaps)
{
    for (const auto taps : {1, 3, 5, 9, 31})
        for (const auto frames : {1, 4, 31, 200}) {
            const auto spikes = random_spikes(frames, 0.1, static_cast<std::uint64_t>(taps));
            auto activity = activity::Activity{};

            calcium::append_events(spikes, 0.5, activity, taps);

            const auto weights = calcium::smoothing_weights(taps);
            const auto events = calcium::keep_events(spikes, calcium::event_threshold(spikes, 0.5));
            auto dense = std::vector<double>(
                static_cast<std::size_t>(calcium::smoothed_frames(frames, taps)));
            for (std::size_t k = 0; k < activity.frame.size(); ++k)
                dense[static_cast<std::size_t>(activity.frame[k])] = activity.value[k];
            for (std::size_t j = 0; j < dense.size(); ++j) {
                auto expected = 0.0;
                for (std::size_t k = 0; k < weights.size(); ++k)
                    expected += weights[k] * events[j + k];
                EXPECT_EQ(dense[j], expected);
            }
            EXPECT_EQ(calcium::smooth_events(events, taps), dense);
            EXPECT_EQ(activity.frames, std::max(0, frames - taps + 1));
        }
}
