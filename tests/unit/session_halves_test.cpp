#include "activity_rows.hpp"

#include <rewire/base/random.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/calcium/session_halves.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

using namespace rewire;
using namespace rewire::calcium;

namespace {

constexpr auto rate_hz = 28.0;

using test::Rows;

Rows random_events(std::int64_t neurons, std::int64_t frames)
{
    auto stream = base::Stream(3, {1});
    auto rows = Rows(static_cast<std::size_t>(neurons),
                     std::vector<double>(static_cast<std::size_t>(frames), 0.0));
    for (auto& row : rows)
        for (auto& value : row)
            if (stream.uniform() < 0.05)
                value = 0.5 + stream.uniform();
    return rows;
}

activity::Activity sparse(const Rows& rows)
{
    return test::activity_of(rows, static_cast<std::int64_t>(rows.front().size()));
}

} // namespace

TEST(InterleavedHalves, take_blocks_in_turns)
{
    const auto frames = all_frames(1500 * 28);

    const auto halves = interleaved_halves(frames, rate_hz);

    EXPECT_EQ(halves.blocks, 34);
    EXPECT_EQ(halves.a.size() + halves.b.size(), frames.size());
    const auto runs = runs_of_frames(halves.a);
    EXPECT_EQ(runs.size(), 17U);
    for (const auto& run : runs) {
        EXPECT_GE(static_cast<double>(run.size()) / rate_hz, 30);
        EXPECT_LE(static_cast<double>(run.size()) / rate_hz, 60);
    }
    auto both = halves.a;
    both.insert(both.end(), halves.b.begin(), halves.b.end());
    std::sort(both.begin(), both.end());
    EXPECT_EQ(both, frames);
}

TEST(InterleavedHalves, of_a_short_session_are_two_blocks)
{
    const auto halves = interleaved_halves(all_frames(100), rate_hz);

    EXPECT_EQ(halves.blocks, 2);
    EXPECT_EQ(halves.a.size(), 50U);
    EXPECT_EQ(halves.b.front(), 50);
    EXPECT_TRUE(interleaved_halves({}, rate_hz).a.empty());
}

TEST(InterleavedHalves, parts_leave_out_every_frame_once)
{
    const auto frames = std::vector<std::int32_t>{3, 4, 5, 9, 10, 11, 12};
    auto left_out = std::vector<int>(13, 0);

    for (std::int64_t part = 0; part < 3; ++part) {
        const auto kept = without_part(frames, 3, part);
        EXPECT_TRUE(kept.size() == 4 || kept.size() == 5);
        for (const auto frame : frames)
            if (std::find(kept.begin(), kept.end(), frame) == kept.end())
                ++left_out[static_cast<std::size_t>(frame)];
    }

    for (const auto frame : frames)
        EXPECT_EQ(left_out[static_cast<std::size_t>(frame)], 1);
}

TEST(PartialCorrelationOfFrames, is_that_of_the_frames_alone)
{
    const auto rows = random_events(6, 800);
    const auto frames = std::vector<std::int32_t>(interleaved_halves(all_frames(800), 4.0).a);
    auto chosen = Rows(6);
    auto covariate = std::vector<double>(800);
    std::iota(covariate.begin(), covariate.end(), 0.0);
    auto chosen_covariate = std::vector<double>{};
    for (const auto frame : frames) {
        for (std::size_t n = 0; n < rows.size(); ++n)
            chosen[n].push_back(rows[n][static_cast<std::size_t>(frame)]);
        chosen_covariate.push_back(covariate[static_cast<std::size_t>(frame)]);
    }
    const auto activity = sparse(rows);
    const auto alone = sparse(chosen);

    const auto found = partial_correlation_of_frames(activity.view(), frames, {}, {1, covariate});

    EXPECT_EQ(found.value, partial_correlation(alone.view(), {}, {1, chosen_covariate}).value);
}

TEST(JitterCorrectedCoincidence, by_hand)
{
    constexpr auto window = 10;
    const auto rows = random_events(5, 200);
    const auto events = sparse(rows);
    const auto segments = std::vector<base::Range>{{0, 60}, {80, 200}};
    const auto taps = std::vector<double>{0.5, 1, 0.5};

    const auto found = jitter_corrected_coincidence(events.view(), segments,
                                                    {.window_frames = window, .taps = taps},
                                                    [](std::int64_t) { return true; });

    // l * s within each segment, D and the mean over each window
    const auto kernel = std::vector<double>{0.25, 1, 1.5, 1, 0.25};
    const auto smoothed = [&](std::size_t n, std::int64_t t, const base::Range& segment) {
        auto sum = 0.0;
        for (std::int64_t k = -2; k <= 2; ++k)
            if (t + k >= segment.first && t + k < segment.last)
                sum += kernel[static_cast<std::size_t>(k + 2)] *
                       rows[n][static_cast<std::size_t>(t + k)];
        return sum;
    };
    const auto corrected = [&](std::size_t i, std::size_t j) {
        auto sum = 0.0;
        for (const auto& segment : segments)
            for (auto first = segment.first; first < segment.last; first += window) {
                auto mean = 0.0;
                for (auto t = first; t < first + window; ++t)
                    mean += smoothed(i, t, segment) / window;
                for (auto t = first; t < first + window; ++t)
                    sum += (smoothed(i, t, segment) - mean) * rows[j][static_cast<std::size_t>(t)];
            }
        return sum;
    };
    const auto squares = [&](std::size_t n) {
        auto sum = 0.0;
        for (const auto& segment : segments)
            for (auto t = segment.first; t < segment.last; ++t)
                sum += std::pow(rows[n][static_cast<std::size_t>(t)], 2);
        return sum;
    };
    ASSERT_TRUE(found);
    auto pair = std::size_t{0};
    for (std::size_t i = 0; i < 5; ++i)
        for (auto j = i + 1; j < 5; ++j)
            EXPECT_NEAR((*found)[pair++],
                        (corrected(i, j) + corrected(j, i)) / 2 /
                            std::sqrt(squares(i) * squares(j)),
                        1e-12);
}

TEST(JitterCorrectedCoincidence, of_a_silent_neuron_is_0)
{
    auto rows = random_events(3, 100);
    std::fill(rows[1].begin(), rows[1].end(), 0.0);
    const auto events = sparse(rows);
    const auto whole = std::vector<base::Range>{{0, 100}};

    const auto found = jitter_corrected_coincidence(events.view(), whole, {.window_frames = 10},
                                                    [](std::int64_t) { return true; });
    const auto stopped = jitter_corrected_coincidence(events.view(), whole, {.window_frames = 10},
                                                      [](std::int64_t) { return false; });

    ASSERT_TRUE(found);
    EXPECT_EQ((*found)[0], 0);
    EXPECT_NE((*found)[1], 0);
    EXPECT_EQ((*found)[2], 0);
    EXPECT_FALSE(stopped);
}
