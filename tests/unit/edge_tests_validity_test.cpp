// Properties that must hold over independent data sets: how often each test of edges rejects where
// there is no edge, on recordings of several kinds, and what it finds where there is one. One pair
// a data set is counted, since pairs of a session are not independent.

#include "activity_rows.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/calcium/displacement.hpp>
#include <rewire/calcium/edge_tests.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

using namespace rewire;
using namespace rewire::calcium;
using namespace rewire::test;

namespace {

std::size_t at(std::int64_t i)
{
    return static_cast<std::size_t>(i);
}

const auto go_on = Tick([](std::int64_t) { return true; });

/// Chance of an event in a frame, of all neurons.
using Rate = std::function<double(std::int64_t frame)>;

Rate constant(double rate)
{
    return [=](std::int64_t) { return rate; };
}

/// Bursts of the whole population, 2.5 s at 28 frames/s, five times the rate for a tenth of the
/// time.
Rate population_bursts(std::int64_t frames, std::uint64_t seed)
{
    auto stream = base::Stream(seed, {base::key_of("bursts")});
    auto rate = std::vector<double>(at(frames), 0.01);
    for (std::int64_t t = 0; t < frames; ++t)
        if (stream.uniform() < 1.0 / 700)
            for (auto k = t; k < std::min(t + 70, frames); ++k)
                rate[at(k)] = 0.08;
    return [=](std::int64_t t) { return rate[at(t)]; };
}

/// A rate common to all that goes up and down once in 20 s.
Rate slow_wave(std::uint64_t seed)
{
    const auto phase = base::Stream(seed, {base::key_of("phase")}).uniform();
    return [=](std::int64_t t) {
        return 0.04 *
               (1 + 0.8 * std::sin(2 * std::numbers::pi * (phase + static_cast<double>(t) / 560)));
    };
}

/// Events of exponential size. An event of neuron n is copied to n + 1 in the same frame with the
/// probability given: a chain.
Rows simulated_events(std::int64_t neurons, std::int64_t frames, const Rate& rate, double copied,
                      std::uint64_t seed)
{
    auto rows = Rows{};
    for (std::int64_t n = 0; n < neurons; ++n) {
        auto stream = base::Stream(seed, {base::key_of("events"), static_cast<std::uint64_t>(n)});
        auto& row = rows.emplace_back(at(frames), 0.0);
        for (std::int64_t t = 0; t < frames; ++t) {
            const auto from_before =
                stream.uniform() < copied && n > 0 && rows[at(n) - 1][at(t)] > 0;
            if (stream.uniform() < rate(t) || from_before)
                row[at(t)] = 0.5 + stream.exponential();
        }
    }
    return rows;
}

struct Session
{
    activity::Activity events;
    activity::Activity activity;
    std::vector<base::Range> segments;
    FrameCircles circles;
    ShiftMoments moments;

    explicit Session(const Rows& rows) : Session(rows, {}) {}
    /// Cut into segments of a length of their own.
    Session(const Rows& rows, std::span<const std::int32_t> label)
    {
        const auto frames = static_cast<std::int64_t>(rows[0].size());
        events = activity_of(rows, frames);
        for (const auto& row : rows)
            append_events(row, 0, activity);
        segments = {{0, frames}};
        circles = label.empty() ? one_circle(activity.frames) : circles_of(label);
        moments = *shift_moments_of(activity.view(), circles, {}, {}, go_on);
    }

    EdgeTests tests(const EdgeTestOptions& options) const
    {
        const auto jitter = event_jitter_of(events.view(), moments.active, segments, {});
        auto tiles = std::vector<EdgeTile>{};
        for (const auto& tile : pair_tiles(moments.active_count()))
            tiles.push_back(test_tile(moments, &jitter, tile, options));
        return finish_edge_tests(moments, tiles, options);
    }

    DisplacementControl displaced() const
    {
        auto sum = DisplacementTally{};
        const auto options = DisplacementOptions{.lags = moments.lags};
        for (std::int64_t draw = 0; draw < options.draws; ++draw)
            add_to(sum, *run_displacement({.activity = activity.view(),
                                           .circles = circles,
                                           .covariates = {},
                                           .events = events.view(),
                                           .segments = segments,
                                           .jitter = {},
                                           .active = moments.active},
                                          draw, options, {.seed = 5}, go_on));
        return finish_displacement(sum);
    }
};

/// Rejections of one pair, and of any pair family-wise.
struct Rejections
{
    std::int64_t data_sets = 0;
    std::int64_t partial_05 = 0;
    std::int64_t partial_01 = 0;
    std::int64_t marginal_05 = 0;
    std::int64_t fine_05 = 0;
    std::int64_t both_05 = 0;
    std::int64_t family_05 = 0;

    void add(const EdgeTests& tests)
    {
        ++data_sets;
        partial_05 += tests.p_partial[0] <= 0.05 ? 1 : 0;
        partial_01 += tests.p_partial[0] <= 0.01 ? 1 : 0;
        marginal_05 += tests.p_marginal[0] <= 0.05 ? 1 : 0;
        fine_05 += tests.p_fine[0] <= 0.05 ? 1 : 0;
        both_05 += tests.p_both[0] <= 0.05 ? 1 : 0;
        family_05 += std::any_of(tests.p_holm.begin(), tests.p_holm.end(),
                                 [](double p) { return p <= 0.05; })
                         ? 1
                         : 0;
    }
};

/// Within sampling error of a band: a 99.9 % interval reaches it.
void expect_between(double low, double high, std::int64_t rejections, std::int64_t data_sets)
{
    const auto interval = stats::wilson_interval(rejections, data_sets, 3.29);
    EXPECT_LE(interval.low, high) << rejections << " of " << data_sets;
    EXPECT_GE(interval.high, low) << rejections << " of " << data_sets;
}

} // namespace

TEST(EdgeTestsValidity, StationaryActivity)
{
    auto seen = Rejections{};
    for (std::uint64_t seed = 0; seed < 1000; ++seed)
        seen.add(Session(simulated_events(8, 2000, constant(0.02), 0, seed))
                     .tests({.support = Support::shift}));

    expect_between(0.045, 0.055, seen.partial_05, seen.data_sets);
    expect_between(0.009, 0.011, seen.partial_01, seen.data_sets);
    expect_between(0.045, 0.055, seen.marginal_05, seen.data_sets);
    expect_between(0.02, 0.05, seen.fine_05, seen.data_sets);
    expect_between(0, 0.05, seen.both_05, seen.data_sets);
    expect_between(0, 0.05, seen.family_05, seen.data_sets);
}

TEST(EdgeTestsValidity, ManyNeuronsForTheFrames)
{
    // N / T_eff about .25: what the residuals' estimation takes away is given back
    auto seen = Rejections{};
    auto neurons_per_frame = 0.0;
    for (std::uint64_t seed = 0; seed < 250; ++seed) {
        const auto tests = Session(simulated_events(60, 700, constant(0.03), 0, seed)).tests({});
        seen.add(tests);
        neurons_per_frame = tests.neurons_per_frame;
    }

    EXPECT_GT(neurons_per_frame, 0.2);
    EXPECT_LT(neurons_per_frame, warn_neurons_per_frame);
    expect_between(0.045, 0.055, seen.partial_05, seen.data_sets);
    expect_between(0.009, 0.011, seen.partial_01, seen.data_sets);
    expect_between(0, 0.05, seen.family_05, seen.data_sets);
}

TEST(EdgeTestsValidity, SegmentsWithLevelsOfTheirOwn)
{
    // Trials of 100 frames with rates of their own: shifts within trials hold the level, shifts
    // over all of it do not.
    auto within = Rejections{};
    auto across = Rejections{};
    constexpr auto frames = std::int64_t{2004};
    auto label = std::vector<std::int32_t>(at(smoothed_frames(frames)));
    for (std::size_t t = 0; t < label.size(); ++t)
        label[t] = static_cast<std::int32_t>(t / 100);
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        const auto rate = [=](std::int64_t t) {
            return base::Stream(seed, {static_cast<std::uint64_t>(t / 100)}).uniform() < 0.5 ? 0.005
                                                                                             : 0.05;
        };
        const auto rows = simulated_events(6, frames, rate, 0, seed);
        within.add(Session(rows, label).tests({}));
        if (seed < 100)
            across.add(Session(rows).tests({}));
    }

    expect_between(0, 0.06, within.partial_05, within.data_sets);
    expect_between(0, 0.06, within.marginal_05, within.data_sets);
    EXPECT_GE(across.marginal_05, 15) << "of " << across.data_sets;
}

TEST(EdgeTestsValidity, CommonRatesBreakShiftsAndLeaveJitterAlone)
{
    constexpr auto frames = std::int64_t{3000};
    for (const auto bursts : {true, false}) {
        auto seen = Rejections{};
        for (std::uint64_t seed = 0; seed < 400; ++seed) {
            const auto rate = bursts ? population_bursts(frames, seed) : slow_wave(seed);
            seen.add(Session(simulated_events(4, frames, rate, 0, seed)).tests({}));
        }

        expect_between(0, 0.10, seen.fine_05, seen.data_sets);
        expect_between(0, 0.10, seen.both_05, seen.data_sets);
        EXPECT_GE(seen.marginal_05, 60) << "of " << seen.data_sets;
    }
}

TEST(EdgeTestsValidity, TheDisplacementControlSeesIt)
{
    constexpr auto frames = std::int64_t{12'000};
    constexpr auto partial = static_cast<std::size_t>(DisplacedTest::partial);
    constexpr auto marginal = static_cast<std::size_t>(DisplacedTest::marginal);
    constexpr auto fine = static_cast<std::size_t>(DisplacedTest::fine);
    // states of the whole population that last longer than the longest displacement
    auto stream = base::Stream(3, {base::key_of("states")});
    auto state = std::vector<double>(at(frames), 0.01);
    auto active = false;
    for (auto& rate : state) {
        active = stream.uniform() < 1.0 / 500 ? !active : active;
        rate = active ? 0.06 : 0.01;
    }

    const auto quiet = Session(simulated_events(20, frames, constant(0.02), 0, 1)).displaced();
    const auto driven = Session(simulated_events(
                                    20, frames, [&](std::int64_t t) { return state[at(t)]; }, 0, 1))
                            .displaced();

    for (const auto test : {partial, marginal, fine}) {
        EXPECT_LT(quiet.rate[test], 0.10);
        EXPECT_LT(quiet.discoveries[test], 0.01);
    }
    EXPECT_GT(driven.rate[marginal], 0.15); // three times its level
    EXPECT_GT(driven.discoveries[marginal], 0.05);
    EXPECT_LT(driven.rate[fine], 0.10);
    EXPECT_LT(driven.discoveries[fine], 0.01);
}

TEST(EdgeTestsPower, ChainsAreFoundAndWhatTheyImplyIsNot)
{
    // 1 pair in 20 is a link of a chain; explaining away makes pairs further along it correlated
    constexpr auto neurons = std::int64_t{40};
    auto found = 0;
    auto wrong = 0;
    auto links = 0;
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
        const auto tests =
            Session(simulated_events(neurons, 10'000, constant(0.02), 0.25, seed)).tests({});
        for (std::int64_t i = 0; i < neurons; ++i)
            for (auto j = i + 1; j < neurons; ++j) {
                const auto supported = tests.supported[at(base::pair_index(i, j, neurons))];
                links += j == i + 1 ? 1 : 0;
                found += j == i + 1 ? supported : 0;
                wrong += j == i + 1 ? 0 : supported;
            }
    }

    EXPECT_GE(found, links * 95 / 100) << "of " << links;
    EXPECT_LE(wrong, links * 6 / 100);
}
