// Interval jitter in closed form against placing the events, all placements or many.

#include "activity_rows.hpp"

#include <rewire/base/error.hpp>
#include <rewire/calcium/edge_tests.hpp>
#include <rewire/calcium/event_jitter.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/stats/pearson3.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace rewire;
using namespace rewire::calcium;
using namespace rewire::test;
using testing::ElementsAreArray;

namespace {

std::size_t at(std::int64_t i)
{
    return static_cast<std::size_t>(i);
}

/// Sparse events at the given rate.
Rows events_of(std::int64_t neurons, std::int64_t frames, double rate, std::uint64_t seed)
{
    auto rows = Rows{};
    for (std::int64_t n = 0; n < neurons; ++n) {
        auto stream = base::Stream(seed, {base::key_of("events"), static_cast<std::uint64_t>(n)});
        auto& row = rows.emplace_back(at(frames), 0.0);
        for (auto& value : row)
            value = stream.uniform() < rate ? 0.5 + stream.exponential() : 0;
    }
    return rows;
}

std::vector<std::int64_t> all_of(std::int64_t neurons)
{
    auto all = std::vector<std::int64_t>(at(neurons));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

EventJitter jitter_of(const Rows& rows, const std::vector<base::Range>& segments,
                      const EventJitterOptions& options)
{
    const auto frames = static_cast<std::int64_t>(rows[0].size());
    const auto all = all_of(static_cast<std::int64_t>(rows.size()));
    return event_jitter_of(activity_of(rows, frames).view(), all, segments, options);
}

/// y: every event spread by the autocorrelation of the taps, within the frames given.
std::vector<double> spread(const std::vector<double>& events)
{
    const auto taps = std::vector<double>(smoothing_taps.begin(), smoothing_taps.end());
    auto y = std::vector<double>(events.size());
    const auto length = static_cast<std::int64_t>(events.size());
    for (std::int64_t t = 0; t < length; ++t)
        for (std::int64_t a = 0; a < 5; ++a)
            for (std::int64_t b = 0; b < 5; ++b)
                if (const auto to = t + a - b; to >= 0 && to < length)
                    y[at(to)] += events[at(t)] * taps[at(a)] * taps[at(b)];
    return y;
}

struct Slow
{
    double coincidence = 0;
    double expected = 0;
    double variance = 0;
    double third = 0;
};

/// j jittered within whole windows of each segment: every event visits every frame of its window.
Slow slow_moments(const Rows& rows, std::size_t i, std::size_t j,
                  const std::vector<base::Range>& segments, std::int64_t window)
{
    auto result = Slow{};
    for (const auto& segment : segments) {
        const auto used = segment.size() / window * window;
        const auto cut = [&](std::size_t n) {
            const auto first = rows[n].begin() + segment.first;
            return std::vector<double>(first, first + used);
        };
        const auto y = spread(cut(i));
        const auto s = cut(j);
        for (std::int64_t t = 0; t < used; ++t) {
            if (s[at(t)] == 0)
                continue;
            const auto first = t / window * window;
            auto mean = 0.0;
            for (auto u = first; u < first + window; ++u)
                mean += y[at(u)] / static_cast<double>(window);
            result.coincidence += y[at(t)] * s[at(t)];
            result.expected += mean * s[at(t)];
            for (auto u = first; u < first + window; ++u) {
                const auto d = (y[at(u)] - mean) * s[at(t)];
                result.variance += d * d / static_cast<double>(window);
                result.third += d * d * d / static_cast<double>(window);
            }
        }
    }
    return result;
}

void expect_as_slow(const Rows& rows, const std::vector<base::Range>& segments, std::int64_t window)
{
    const auto n = static_cast<std::int64_t>(rows.size());

    const auto jitter = jitter_of(rows, segments, {.window_frames = window});
    const auto near = [](double ours, double expected) {
        EXPECT_NEAR(ours, expected, 1e-10 * std::max(1.0, std::abs(expected)));
    };
    for (const auto& of_pairs : pair_tiles(n)) {
        const auto tile = tile_jitter(jitter, of_pairs);
        for (auto i = of_pairs.rows.first; i < of_pairs.rows.last; ++i)
            for (auto j = of_pairs.columns.first; j < of_pairs.columns.last; ++j) {
                const auto k = at((i - of_pairs.rows.first) * of_pairs.columns.size() + j -
                                  of_pairs.columns.first);
                const auto forth = slow_moments(rows, at(i), at(j), segments, window);
                const auto back = slow_moments(rows, at(j), at(i), segments, window);
                near(tile.coincidence[k], forth.coincidence);
                near(tile.columns_jittered.expected[k], forth.expected);
                near(tile.columns_jittered.variance[k], forth.variance);
                near(tile.columns_jittered.third_moment[k], forth.third);
                near(tile.rows_jittered.expected[k], back.expected);
                near(tile.rows_jittered.variance[k], back.variance);
                near(tile.rows_jittered.third_moment[k], back.third);
            }
    }
}

} // namespace

TEST(EventJitter, EveryEventVisitsItsWindow)
{
    expect_as_slow(events_of(5, 205, 0.1, 1), {{0, 205}}, 14);
    expect_as_slow(events_of(5, 205, 0.1, 2), {{0, 205}}, 8);
}

TEST(EventJitter, WindowsDoNotCrossSegments)
{
    expect_as_slow(events_of(4, 200, 0.15, 3), {{0, 45}, {45, 90}, {100, 105}, {120, 200}}, 10);
}

TEST(EventJitter, TilesFindTheirBlocks)
{
    expect_as_slow(events_of(tile_neurons + 3, 30, 0.2, 6), {{0, 30}}, 10);
}

TEST(EventJitter, IncompleteWindowsAreLeftOut)
{
    const auto jitter =
        jitter_of(events_of(2, 100, 0.2, 3), {{0, 47}, {50, 100}}, {.window_frames = 14});

    EXPECT_EQ(jitter.windows, 3 + 3);
    EXPECT_EQ(jitter.frames_left_out, 5 + 8);
}

TEST(EventJitter, CoverageCountsEventsThatNoWindowTakesIn)
{
    const auto rows = events_of(3, 200, 0.2, 3);
    const auto segments = std::vector<base::Range>{{0, 47}, {50, 100}, {110, 120}};
    const auto chosen = std::vector<std::int64_t>{0, 2};
    auto within = std::int64_t{0};
    auto outside = std::int64_t{0};
    for (const auto neuron : chosen)
        for (std::int64_t t = 0; t < 200; ++t)
            if (rows[at(neuron)][at(t)] != 0) {
                within += t < 47 || (t >= 50 && t < 100) || (t >= 110 && t < 120) ? 1 : 0;
                outside += (t >= 42 && t < 47) || (t >= 92 && t < 100) || (t >= 110 && t < 120);
            }

    const auto coverage = window_coverage(activity_of(rows, 200).view(), chosen, segments, 14);
    const auto none = window_coverage(activity_of(rows, 200).view(), chosen, segments, 60);

    EXPECT_EQ(coverage.windows, 3 + 3);
    EXPECT_EQ(coverage.events, within);
    EXPECT_EQ(coverage.events_outside, outside);
    EXPECT_GT(outside, 0);
    EXPECT_EQ(none.windows, 0);
    EXPECT_EQ(none.share_outside(), 1);
    EXPECT_EQ(WindowCoverage{}.share_outside(), 0);
}

TEST(EventJitter, CoincidenceIsThatOfTheSmoothedTraces)
{
    const auto rows = events_of(4, 140, 0.1, 5);
    auto smoothed = Rows{};
    for (const auto& row : rows) { // with margins, so that nothing is lost at the ends
        auto padded = std::vector<double>(4, 0.0);
        padded.insert(padded.end(), row.begin(), row.end());
        padded.insert(padded.end(), 4, 0.0);
        smoothed.push_back(smooth_events(padded));
    }

    const auto tile =
        tile_jitter(jitter_of(rows, {{0, 140}}, {.window_frames = 14}), pair_tiles(4).at(0));

    for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t j = 0; j < 4; ++j)
            EXPECT_NEAR(tile.coincidence[i * 4 + j], dot(smoothed[i], smoothed[j]), 1e-10);
}

TEST(EventJitter, TailsAreThoseOfManyPlacements)
{
    // p of the closed form beside the share of random placements that reach the coincidence
    constexpr auto frames = std::int64_t{1400};
    constexpr auto window = std::int64_t{14};
    constexpr auto placements = 20'000;
    auto rows = events_of(2, frames, 0.03, 7);
    for (std::size_t t = 0; t < rows[0].size(); t += 60) // a little of what one looks for
        rows[1][t] = rows[0][t] = 1;
    const auto y = spread(rows[0]);
    const auto jitter = jitter_of(rows, {{0, frames}}, {.window_frames = window});
    const auto tile = tile_jitter(jitter, pair_tiles(2).at(0));
    const auto& moments = tile.columns_jittered;
    auto stream = base::Stream(3, {4});

    for (const auto above : {0.0, 1.0, 2.0, 3.0}) {
        const auto level = moments.expected[1] + above * std::sqrt(moments.variance[1]);
        auto reached = 0;
        for (auto k = 0; k < placements; ++k) {
            auto sum = 0.0;
            for (std::int64_t t = 0; t < frames; ++t)
                if (rows[1][at(t)] != 0)
                    sum += rows[1][at(t)] * y[at(t / window * window +
                                                 static_cast<std::int64_t>(stream.below(window)))];
            reached += sum >= level ? 1 : 0;
        }
        const auto share = static_cast<double>(reached) / placements;
        const auto p = stats::pearson3_upper_tail(above, moments.third_moment[1] /
                                                             std::pow(moments.variance[1], 1.5));
        EXPECT_NEAR(share, p, 5 * std::sqrt(p * (1 - p) / placements) + 0.1 * p) << above;
    }
}

TEST(EventJitter, DisplacementTurnsEventsAroundTheirSegment)
{
    const auto rows = events_of(3, 120, 0.2, 8);
    const auto segments = std::vector<base::Range>{{0, 50}, {60, 120}};
    auto turned = rows;
    for (const auto& segment : segments)
        for (std::int64_t t = 0; t < segment.size(); ++t)
            turned[1][at(segment.first + (t + 20) % segment.size())] =
                rows[1][at(segment.first + t)];

    const auto displaced =
        jitter_of(rows, segments, {.window_frames = 10, .displacement = {0, 20, 0}});
    const auto expected = jitter_of(turned, segments, {.window_frames = 10});

    const auto& ours = displaced.blocks.at(0);
    const auto& turned_first = expected.blocks.at(0);
    EXPECT_THAT(ours.mean, ElementsAreArray(turned_first.mean));
    EXPECT_THAT(ours.cubes, ElementsAreArray(turned_first.cubes));
    EXPECT_THAT(ours.events.row, ElementsAreArray(turned_first.events.row));
}

TEST(EventJitter, OnlyTheNamedNeuronsAreTakenIn)
{
    const auto rows = events_of(5, 140, 0.1, 5);
    const auto named = std::vector<std::int64_t>{1, 4};
    const auto segments = std::vector<base::Range>{{0, 140}};

    const auto some = event_jitter_of(activity_of(rows, 140).view(), named, segments, {});
    const auto expected = jitter_of({rows[1], rows[4]}, segments, {});

    EXPECT_EQ(some.rows, 2);
    EXPECT_THAT(some.blocks.at(0).second, ElementsAreArray(expected.blocks.at(0).second));
    EXPECT_THAT(some.blocks.at(0).square_sum, ElementsAreArray(expected.blocks.at(0).square_sum));
}

TEST(EventJitter, BadInputIsRefused)
{
    const auto rows = events_of(2, 100, 0.1, 5);

    EXPECT_THROW(jitter_of(rows, {{0, 100}}, {.window_frames = 1}), base::InputError);
    EXPECT_THROW(jitter_of(rows, {{0, 101}}, {}), base::InputError);
    EXPECT_THROW(jitter_of(rows, {{20, 100}, {0, 10}}, {}), base::InputError);
    EXPECT_THROW(jitter_of(rows, {{0, 100}}, {.displacement = {1}}), base::InputError);
}

TEST(EventJitter, NoWindowsMeanThatNothingCanBeSaid)
{
    const auto jitter = jitter_of(events_of(3, 10, 0.5, 1), {{0, 10}}, {.window_frames = 14});

    EXPECT_EQ(jitter.windows, 0);
    EXPECT_THAT(fine_tails(jitter, pair_tiles(3).at(0)), testing::Each(1.0));
}

TEST(JitterWindow, IsHalfASecondAndAtLeastEightFrames)
{
    EXPECT_EQ(jitter_window_frames(28), 14);
    EXPECT_EQ(jitter_window_frames(3.7), 8);
    EXPECT_EQ(jitter_window_frames(28, 1), 28);
}
