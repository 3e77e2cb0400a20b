// From tiles to the p-values of a session.

#include "activity_rows.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/calcium/displacement.hpp>
#include <rewire/calcium/edge_tests.hpp>
#include <rewire/stats/multiple_testing.hpp>
#include <rewire/stats/pearson3.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace rewire;
using namespace rewire::calcium;
using namespace rewire::test;

namespace {

std::size_t at(std::int64_t i)
{
    return static_cast<std::size_t>(i);
}

const auto go_on = Tick([](std::int64_t) { return true; });

struct Session
{
    Rows rows;
    activity::Activity activity;
    ShiftMoments moments;
    EventJitter jitter;
    std::vector<base::Range> segments;

    explicit Session(Rows given) : rows(std::move(given))
    {
        const auto frames = static_cast<std::int64_t>(rows[0].size());
        activity = activity_of(rows, frames);
        moments = *shift_moments_of(activity.view(), one_circle(frames), {}, {}, go_on);
        segments = {{0, frames}};
        jitter = event_jitter_of(activity.view(), moments.active, segments, {});
    }

    std::vector<EdgeTile> tiles(const EdgeTestOptions& options) const
    {
        auto result = std::vector<EdgeTile>{};
        for (const auto& tile : pair_tiles(moments.active_count()))
            result.push_back(test_tile(moments, &jitter, tile, options));
        return result;
    }
    EdgeTests tests(const EdgeTestOptions& options = {}) const
    {
        return finish_edge_tests(moments, tiles(options), options);
    }
};

/// Neurons 1 and 3 are silent; 0 and 2 share a third of their events.
Session small_session()
{
    auto rows = random_rows(5, 1500, 0.03, 3);
    std::fill(rows[1].begin(), rows[1].end(), 0.0);
    std::fill(rows[3].begin(), rows[3].end(), 0.0);
    return Session(std::move(rows));
}

template <typename T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b)
{
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](T x, T y) {
               return x == y || (std::isnan(x) && std::isnan(y));
           });
}

} // namespace

TEST(PairTiles, CoverEveryPairOnce)
{
    for (const auto n : {0, 1, 2, 127, 128, 129, 300}) {
        auto seen = std::vector<int>(at(base::pair_count(n)), 0);
        auto pairs = std::int64_t{0};
        for (const auto& tile : pair_tiles(n)) {
            pairs += tile.pairs();
            for (auto i = tile.rows.first; i < tile.rows.last; ++i)
                for (auto j = tile.columns.first; j < tile.columns.last; ++j)
                    if (i < j)
                        ++seen[at(base::pair_index(i, j, n))];
        }

        EXPECT_EQ(pairs, base::pair_count(n));
        EXPECT_THAT(seen, testing::Each(1));
    }
}

TEST(EdgeTests, TheSameBitsHoweverTilesAreHandedOut)
{
    const auto session = Session(random_rows(300, 1400, 0.05, 2));
    const auto options = EdgeTestOptions{.two_sided = true};
    const auto expected = session.tests(options);
    auto backwards = std::vector<EdgeTile>{};
    auto all = pair_tiles(300);
    std::reverse(all.begin(), all.end());
    // another rank makes its own tables
    const auto other = Session(random_rows(300, 1400, 0.05, 2));
    for (std::size_t k = 0; k < all.size(); ++k) {
        const auto& at_work = k % 2 == 0 ? session : other;
        backwards.push_back(test_tile(at_work.moments, &at_work.jitter, all[k], options));
    }

    const auto tests = finish_edge_tests(session.moments, backwards, options);

    ASSERT_EQ(all.size(), 6U);
    EXPECT_TRUE(same_bits(tests.p_partial, expected.p_partial));
    EXPECT_TRUE(same_bits(tests.p_marginal, expected.p_marginal));
    EXPECT_TRUE(same_bits(tests.p_fine, expected.p_fine));
    EXPECT_TRUE(same_bits(tests.p_both, expected.p_both));
    EXPECT_TRUE(same_bits(tests.log10_p_both, expected.log10_p_both));
    EXPECT_TRUE(same_bits(tests.q_both, expected.q_both));
    EXPECT_TRUE(same_bits(tests.p_holm, expected.p_holm));
    EXPECT_EQ(tests.sign, expected.sign);
    EXPECT_EQ(tests.effective_frames, expected.effective_frames);
    EXPECT_EQ(tests.drive, expected.drive);
    EXPECT_EQ(noise_edges(tests, 0.1), noise_edges(expected, 0.1));
}

TEST(EdgeTests, PairsWithAnInactiveNeuronAreNotTested)
{
    const auto tests = small_session().tests();

    EXPECT_EQ(tests.tested, 3);
    for (std::int64_t i = 0; i < 5; ++i)
        for (auto j = i + 1; j < 5; ++j) {
            const auto pair = at(base::pair_index(i, j, 5));
            const auto inactive = i == 1 || j == 1 || i == 3 || j == 3;
            EXPECT_EQ(std::isnan(tests.p_partial[pair]), inactive);
            EXPECT_EQ(std::isnan(tests.q_both[pair]), inactive);
            EXPECT_EQ(std::isnan(tests.partial_correlation[pair]), inactive);
            if (inactive)
                EXPECT_EQ(tests.supported[pair], 0);
        }
}

TEST(EdgeTests, BothIsTheLargerOfTheTwoThatWereAskedFor)
{
    const auto session = Session(random_rows(12, 1500, 0.03, 3));

    const auto by_jitter = session.tests({.support = Support::jitter});
    const auto by_shift = session.tests({.support = Support::shift});

    for (std::size_t pair = 0; pair < by_jitter.p_both.size(); ++pair) {
        EXPECT_EQ(by_jitter.p_both[pair],
                  std::max(by_jitter.p_partial[pair], by_jitter.p_fine[pair]));
        EXPECT_EQ(by_shift.p_both[pair],
                  std::max(by_shift.p_partial[pair], by_shift.p_marginal[pair]));
        EXPECT_DOUBLE_EQ(by_jitter.log10_p_both[pair], std::log10(by_jitter.p_both[pair]));
        EXPECT_EQ(by_jitter.supported[pair] != 0, by_jitter.q_both[pair] <= 0.05);
    }
    EXPECT_EQ(by_jitter.q_both, stats::benjamini_hochberg(by_jitter.p_both));
    EXPECT_EQ(by_jitter.p_holm, stats::holm(by_jitter.p_both));
    EXPECT_EQ(by_jitter.supported_count,
              std::count(by_jitter.supported.begin(), by_jitter.supported.end(), 1));
}

TEST(EdgeTests, TwoSidedTakesTheSmallerTailTwice)
{
    const auto session = Session(random_rows(12, 1500, 0.03, 3));

    const auto one = session.tests({.support = Support::shift});
    const auto two = session.tests({.support = Support::shift, .two_sided = true});

    for (std::size_t pair = 0; pair < one.p_both.size(); ++pair) {
        const auto negative = two.p_both_negative[pair] < one.p_both[pair];
        EXPECT_EQ(two.sign[pair], negative ? -1 : 1);
        const auto smaller = std::min(one.p_both[pair], two.p_both_negative[pair]);
        EXPECT_EQ(two.p_both[pair], std::min(1.0, 2 * smaller));
        EXPECT_NEAR(two.log10_p_both[pair], std::log10(two.p_both[pair]), 1e-12);
    }
    EXPECT_TRUE(one.sign.empty());
    EXPECT_TRUE(one.p_both_negative.empty());
}

TEST(EdgeTests, FarBelowNothingIsSmallerThanItsLogarithm)
{
    // one neuron is the other upside down, but for noise; white, so that skewness is small
    auto rows = Rows{{}, {}, {}};
    auto stream = base::Stream(5, {});
    for (auto t = 0; t < 4000; ++t) {
        const auto shared = stream.normal();
        rows[0].push_back(shared + 0.3 * stream.normal());
        rows[1].push_back(-shared + 0.3 * stream.normal());
        rows[2].push_back(stream.normal());
    }
    const auto session = Session(std::move(rows));

    const auto tests = session.tests({.support = Support::shift, .two_sided = true});

    EXPECT_EQ(tests.sign[0], -1);
    EXPECT_EQ(tests.p_both[0], 0); // below the smallest double
    EXPECT_LT(tests.log10_p_both[0], -308);
    EXPECT_TRUE(std::isfinite(tests.log10_p_both[0]));
}

TEST(EdgeTests, WithoutEventsThereIsOnlySupportByShifts)
{
    const auto session = Session(random_rows(4, 600, 0.05, 1));
    const auto tile = pair_tiles(4).at(0);

    const auto tested = test_tile(session.moments, nullptr, tile, {.support = Support::shift});

    EXPECT_TRUE(std::all_of(tested.p_fine.begin(), tested.p_fine.end(),
                            [](double p) { return std::isnan(p); }));
    EXPECT_THROW(test_tile(session.moments, nullptr, tile, {}), base::InputError);
    const auto fewer = std::vector<std::int64_t>{0, 1};
    const auto other = event_jitter_of(session.activity.view(), fewer, session.segments, {});
    EXPECT_THROW(test_tile(session.moments, &other, tile, {}), base::InputError);
}

TEST(EdgeTests, TooFewEffectiveFramesAreSaid)
{
    // white noise: T_eff is about the number of frames
    const auto enough = [](std::int64_t neurons, std::int64_t frames) {
        auto rows = Rows{};
        for (std::int64_t n = 0; n < neurons; ++n) {
            auto stream = base::Stream(4, {static_cast<std::uint64_t>(n)});
            auto& row = rows.emplace_back();
            for (std::int64_t t = 0; t < frames; ++t)
                row.push_back(stream.normal());
        }
        return Session(std::move(rows)).tests();
    };

    const auto many = enough(20, 400);
    EXPECT_EQ(many.enough, EffectiveFrames::enough);
    EXPECT_NEAR(many.effective_frames, 400, 40);
    EXPECT_EQ(enough(20, 50).enough, EffectiveFrames::few);
    EXPECT_EQ(enough(20, 30).enough, EffectiveFrames::too_few);
}

TEST(EdgeTests, ASessionWithoutMomentsHasNoValues)
{
    const auto rows = random_rows(4, 600, 0.05, 1);
    const auto none = ShiftMoments{.status = ShiftMomentStatus::ill_conditioned, .neurons = 4};

    const auto tests = finish_edge_tests(none, {}, {});

    EXPECT_EQ(tests.tested, 0);
    EXPECT_EQ(tests.p_both.size(), 6U);
    EXPECT_TRUE(std::isnan(tests.q_both[3]));
    EXPECT_EQ(tests.enough, EffectiveFrames::too_few);
    EXPECT_EQ(noise_edges(tests, 0.1), 0);
}

TEST(NoiseEdges, IsTheSumOfTails)
{
    auto tests = EdgeTests{};
    tests.null_sd = {0.1, 0.2};
    tests.skewness = {0.3, 0.0};

    EXPECT_DOUBLE_EQ(noise_edges(tests, 0.3),
                     stats::pearson3_upper_tail(3, 0.3) + stats::pearson3_upper_tail(1.5, 0.0));
    EXPECT_TRUE(std::isnan(noise_edges(tests, std::nan(""))));
}

TEST(LargestActiveShare, IsThatOfTheFullestFrame)
{
    const auto rows = Rows{{0, 1, 0, 1, 2}, {0, 0, 2, 1, 0}, {0, 0, 0, 0, 0}, {3, 0, 2, 1, 0}};
    const auto events = activity_of(rows, 5);
    const auto active = std::vector<std::int64_t>{0, 1, 3};
    const auto share = [&](std::vector<base::Range> segments) {
        return largest_active_share(events.view(), active, segments);
    };

    EXPECT_DOUBLE_EQ(share({{0, 5}}), 1);
    EXPECT_DOUBLE_EQ(share({{0, 3}, {4, 5}}), 2.0 / 3);
    EXPECT_DOUBLE_EQ(share({{4, 5}}), 1.0 / 3);
    EXPECT_EQ(share({}), 0);
    EXPECT_EQ(largest_active_share({}, {}, {}), 0);
}

namespace {

DisplacementInput input_of(const Session& session, const FrameCircles& circles)
{
    return {.activity = session.activity.view(),
            .circles = circles,
            .covariates = {},
            .events = session.activity.view(),
            .segments = session.segments,
            .jitter = {},
            .active = session.moments.active};
}

} // namespace

TEST(Displacement, MovesARandomHalfByOneNumberOfFrames)
{
    const auto options = DisplacementOptions{};
    const auto active = std::vector<std::int64_t>{0, 2, 3, 5, 6, 9};

    const auto first = displacement_of(0, 10, active, options, {.seed = 1});
    const auto middle = displacement_of(1, 10, active, options, {.seed = 1});
    const auto last = displacement_of(2, 10, active, options, {.seed = 1});

    EXPECT_EQ(first.size(), 10U);
    EXPECT_EQ(std::count(first.begin(), first.end(), 56), 3);
    EXPECT_EQ(std::count(middle.begin(), middle.end(), 125), 3); // sqrt(56 * 280)
    EXPECT_EQ(std::count(last.begin(), last.end(), 280), 3);
    for (const auto inactive : {1, 4, 7, 8})
        EXPECT_EQ(first[at(inactive)], 0);
    EXPECT_EQ(first, displacement_of(0, 10, active, options, {.seed = 1}));
    EXPECT_THROW(displacement_of(3, 10, active, options, {}), base::InputError);
    EXPECT_THROW(displacement_of(0, 10, active, {.shortest_frames = 0}, {}), base::InputError);
}

TEST(Displacement, ReachIsWhatShortStretchesAllow)
{
    const auto options = DisplacementOptions{}; // 56 to 280 frames
    const auto whole = std::vector<std::int64_t>{20'000};
    const auto short_ones = std::vector<std::int64_t>{30, 30, 140};

    const auto far = displacement_reach(whole, options);
    const auto near = displacement_reach(short_ones, options);

    EXPECT_DOUBLE_EQ(far.shortest_frames, 56);
    EXPECT_DOUBLE_EQ(far.longest_frames, 280);
    EXPECT_EQ(far.cut_share, 0);
    EXPECT_DOUBLE_EQ(near.shortest_frames, (60 * 15 + 140 * 56) / 200.0);
    EXPECT_DOUBLE_EQ(near.longest_frames, (60 * 15 + 140 * 70) / 200.0);
    EXPECT_DOUBLE_EQ(near.cut_share, 0.3);
    EXPECT_EQ(displacement_reach({}, options).longest_frames, 0);
    EXPECT_DOUBLE_EQ(displacement_reach(whole, {.draws = 1}).longest_frames, 56);
}

TEST(Displacement, CountsAreThoseOfTheDisplacedSession)
{
    const auto session = Session(random_rows(20, 1500, 0.03, 3));
    const auto circles = one_circle(1500);
    const auto options = DisplacementOptions{.level = 0.2, .lags = session.moments.lags};
    const auto by = displacement_of(1, 20, session.moments.active, options, {.seed = 7});
    auto moved = session.rows;
    for (std::size_t n = 0; n < moved.size(); ++n)
        std::rotate(moved[n].begin(), moved[n].end() - by[n], moved[n].end());
    const auto expected = Session(std::move(moved)).tests();
    const auto q = stats::benjamini_hochberg(expected.p_partial);
    auto pairs = 0;
    auto rejected = 0;
    auto discovered = 0;
    for (std::int64_t i = 0; i < 20; ++i)
        for (auto j = i + 1; j < 20; ++j)
            if (by[at(i)] != by[at(j)]) {
                const auto pair = at(base::pair_index(i, j, 20));
                ++pairs;
                rejected += expected.p_partial[pair] <= 0.2 ? 1 : 0;
                discovered += q[pair] <= 0.2 ? 1 : 0;
            }

    const auto tally =
        *run_displacement(input_of(session, circles), 1, options, {.seed = 7}, go_on);

    EXPECT_EQ(tally.draws, 1);
    EXPECT_EQ(tally.pairs, pairs);
    EXPECT_EQ(tally.rejected[0], rejected);
    EXPECT_EQ(tally.discovered[0], discovered);
    EXPECT_GT(tally.rejected[2], 0);
}

TEST(Displacement, TwoSidedCountsNegativeTailsToo)
{
    const auto session = Session(random_rows(20, 1500, 0.03, 3));
    const auto circles = one_circle(1500);
    const auto options = DisplacementOptions{
        .level = 0.2, .tests = {.two_sided = true}, .lags = session.moments.lags};
    const auto by = displacement_of(1, 20, session.moments.active, options, {.seed = 7});
    auto moved = session.rows;
    for (std::size_t n = 0; n < moved.size(); ++n)
        std::rotate(moved[n].begin(), moved[n].end() - by[n], moved[n].end());
    const auto displaced = Session(std::move(moved));
    const auto expected = displaced.tests({.two_sided = true});
    auto partial = 0;
    auto negative = 0;
    auto both = 0;
    auto pair = std::size_t{0};
    for (std::int64_t i = 0; i < 20; ++i)
        for (auto j = i + 1; j < 20; ++j, ++pair) {
            if (by[at(i)] == by[at(j)])
                continue;
            const auto score = expected.partial_correlation[pair] / expected.null_sd[pair];
            const auto low = stats::pearson3_lower_tail(score, expected.skewness[pair]);
            partial += 2 * std::min(expected.p_partial[pair], low) <= 0.2 ? 1 : 0;
            negative += 2 * low <= 0.2 ? 1 : 0;
            both += expected.p_both[pair] <= 0.2 ? 1 : 0;
        }

    const auto tally =
        *run_displacement(input_of(session, circles), 1, options, {.seed = 7}, go_on);
    const auto window =
        *run_displaced_window(input_of(session, circles), 1, 14, options, {.seed = 7}, go_on);

    EXPECT_EQ(tally.rejected[0], partial);
    EXPECT_EQ(tally.rejected[3], both);
    EXPECT_EQ(window.rejected[2], tally.rejected[2]);
    EXPECT_GT(negative, 0);
}

TEST(Displacement, WindowsAloneCountAsInTheWholeTest)
{
    const auto session = Session(random_rows(20, 1500, 0.03, 3));
    const auto circles = one_circle(1500);
    const auto options = DisplacementOptions{.level = 0.2};
    const auto input = input_of(session, circles);

    const auto whole = *run_displacement(input, 0, options, {.seed = 7}, go_on);
    const auto window = *run_displaced_window(input, 0, 14, options, {.seed = 7}, go_on);

    EXPECT_EQ(window.pairs, whole.pairs);
    EXPECT_EQ(window.rejected[2], whole.rejected[2]);
}

TEST(Displacement, ShorterWindowsAreOnesThatCanBeAskedFor)
{
    EXPECT_THAT(shorter_windows(8), testing::IsEmpty());
    EXPECT_THAT(shorter_windows(14), testing::ElementsAre(8));
    EXPECT_THAT(shorter_windows(16), testing::ElementsAre(8));
    EXPECT_THAT(shorter_windows(56), testing::ElementsAre(8, 16, 32));
    for (const auto window : shorter_windows(200))
        EXPECT_EQ(jitter_window_frames(28, static_cast<double>(window) / 28), window);
}

TEST(Displacement, FewPairsRejectMoreOftenByChance)
{
    EXPECT_DOUBLE_EQ(highest_rate_by_chance(0.05, 75), 0.05 + 3 * std::sqrt(0.05 * 0.95 / 75));
    EXPECT_NEAR(highest_rate_by_chance(0.05, 3'000'000), 0.05, 0.0005);
    EXPECT_TRUE(std::isinf(highest_rate_by_chance(0.05, 0)));
}

TEST(Displacement, SharesAreOfAllDraws)
{
    auto sum = DisplacementTally{};
    add_to(sum, {.pairs = 10, .draws = 1, .rejected = {1, 2, 0, 0}, .discovered = {0, 1, 0, 0}});
    add_to(sum, {.pairs = 10, .draws = 1, .rejected = {1, 0, 0, 0}, .discovered = {0, 0, 0, 1}});

    const auto control = finish_displacement(sum);

    EXPECT_THAT(control.rate, testing::ElementsAre(0.1, 0.1, 0, 0));
    EXPECT_THAT(control.discoveries, testing::ElementsAre(0, 0.05, 0, 0.05));
    EXPECT_TRUE(std::isnan(finish_displacement({}).rate[0]));
}

TEST(Displacement, StopsWhenAsked)
{
    const auto session = Session(random_rows(20, 600, 0.05, 3));
    const auto circles = one_circle(600);
    const auto stop = Tick([](std::int64_t) { return false; });

    EXPECT_FALSE(run_displacement(input_of(session, circles), 0, {}, {}, stop));
    EXPECT_FALSE(run_displaced_window(input_of(session, circles), 0, 8, {}, {}, stop));
}
