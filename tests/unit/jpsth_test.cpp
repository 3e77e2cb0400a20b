// JPSTH by the definitions, cell by cell; hierarchy, dimensionality and comparison by hand.
#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/spikes/compare.hpp>
#include <rewire/spikes/dimensionality.hpp>
#include <rewire/spikes/hierarchy.hpp>
#include <rewire/spikes/jpsth.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace rewire;
using namespace rewire::spikes;
using testing::ElementsAre;

namespace {

PackedTrials random_trials(std::int64_t trials, std::int64_t bins)
{
    auto stream = base::Stream(5, {1});
    auto packed = PackedTrials{2, trials, bins, (bins + 63) / 64};
    packed.bits.assign(static_cast<std::size_t>(2 * trials * packed.words), 0);
    for (std::int64_t row = 0; row < 2 * trials; ++row)
        for (std::int64_t bin = 1; bin < bins; ++bin) // bin 0 stays silent
            if (stream.uniform() < 0.2)
                packed.bits[static_cast<std::size_t>(row * packed.words + bin / 64)] |=
                    std::uint64_t{1} << (bin % 64);
    return packed;
}

} // namespace

TEST(Jpsth, IsTheMeanOverTrialsOfEveryCell)
{
    const auto packed = random_trials(40, 90);

    const auto whole = jpsth(packed, 0, 1, {.band_bins = -1, .average_bins = 3});
    const auto band = jpsth(packed, 0, 1, {.band_bins = 7, .average_bins = 3});

    for (std::int64_t a = 0; a < 90; ++a)
        for (std::int64_t b = 0; b < 90; ++b) {
            auto joint = 0.0;
            auto p = 0.0;
            auto q = 0.0;
            for (std::int64_t trial = 0; trial < 40; ++trial) {
                joint += packed.at(0, trial, a) && packed.at(1, trial, b);
                p += packed.at(0, trial, a);
                q += packed.at(1, trial, b);
            }
            const auto cell = static_cast<std::size_t>(a * 90 + b);
            EXPECT_NEAR(whole.joint[cell], joint / 40, 1e-7);
            EXPECT_NEAR(whole.predictor[cell], p * q / 1600, 1e-7);
            EXPECT_NEAR(whole.conditional[cell], p > 0 ? joint / p : 0, 1e-7);
            if (std::abs(b - a) <= 7) {
                const auto narrow = static_cast<std::size_t>(a * 15 + b - a + 7);
                EXPECT_EQ(band.joint[narrow], whole.joint[cell]);
                EXPECT_EQ(band.normalised[narrow], whole.normalised[cell]);
                EXPECT_EQ(band.conditional_smoothed[narrow], whole.conditional_smoothed[cell]);
            }
        }
    EXPECT_TRUE(std::isnan(band.joint[0])); // time_j before the trial
    EXPECT_EQ(band.diagonal_sum.size(), 15U);
    EXPECT_NEAR(band.diagonal_sum[7], whole.diagonal_sum[89], 1e-12);
    EXPECT_NEAR(psths(packed)[90 + 5], whole.psth_j[5], 1e-15);
    EXPECT_THROW(jpsth(packed, 0, 2), base::InputError);
    EXPECT_THROW(jpsth(packed, 0, 1, {.average_bins = 0}), base::InputError);
}

TEST(Jpsth, WithoutTrialsIsZero)
{
    const auto none = jpsth(PackedTrials{2, 0, 30, 1, {}, {}}, 0, 1, {.band_bins = -1});

    EXPECT_THAT(none.joint, testing::Each(0));
    EXPECT_THAT(none.conditional, testing::Each(0));
}

TEST(Hierarchy, IsTheMedianDelayAgainstTheScores)
{
    const auto score = std::vector{-0.5, -0.1, 0.2, std::numeric_limits<double>::quiet_NaN()};
    // time of the first - time of the second; delays of 0->1: 1, 2, 9; 0->2: 4; 1->2: 3
    const auto peaks = std::vector<PeakLag>{{0, 1, -1}, {1, 0, 2},  {0, 1, -9}, {2, 0, 4},
                                            {1, 2, -3}, {0, 0, 50}, {0, 3, 50}, {-1, 2, 50}};

    const auto found = hierarchy(peaks, score);

    ASSERT_EQ(found.area_pairs.size(), 3U);
    EXPECT_EQ(found.area_pairs[0].delay_ms, 2);
    EXPECT_EQ(found.area_pairs[0].pairs, 3);
    EXPECT_EQ(found.area_pairs[1].delay_ms, 4);
    EXPECT_EQ(found.area_pairs[2].delay_ms, 3);
    EXPECT_NEAR(found.area_pairs[2].hierarchy_difference, 0.3, 1e-15);
    // by hand: delays 2 4 3, differences 0.4 0.7 0.3
    EXPECT_NEAR(found.r, 0.3 / std::sqrt(2 * (0.16 + 0.49 + 0.09 - 1.96 / 3)), 1e-12);
    EXPECT_EQ(found.permutations, 6);
    EXPECT_GE(found.p_value, 1.0 / 6);
    EXPECT_TRUE(std::isnan(hierarchy({}, score).r));
    EXPECT_TRUE(std::isnan(hierarchy({}, score).p_value));
    EXPECT_EQ(hierarchy(peaks, score, {.least_pairs = 2}).area_pairs.size(), 1U);
    EXPECT_THROW(hierarchy(std::vector<PeakLag>{{0, 9, 1}}, score), base::InputError);
}

TEST(Hierarchy, PermutationsHoldTheirLevelAndFindTheOrder)
{
    const auto score = std::vector{-0.4, -0.3, -0.1, 0.1, 0.2, 0.4};
    auto below = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        auto stream = base::Stream(seed, {3});
        auto peaks = std::vector<PeakLag>{};
        auto place = std::vector<double>(6); // delays that follow an order of their own
        for (auto& value : place)
            value = stream.normal();
        for (std::int32_t a = 0; a < 6; ++a)
            for (std::int32_t b = a + 1; b < 6; ++b)
                peaks.push_back({a, b,
                                 place[static_cast<std::size_t>(a)] -
                                     place[static_cast<std::size_t>(b)] + 0.1 * stream.normal()});
        below += hierarchy(peaks, score).p_value <= 0.05;
    }
    auto ordered = std::vector<PeakLag>{};
    for (std::int32_t a = 0; a < 6; ++a)
        for (std::int32_t b = a + 1; b < 6; ++b)
            ordered.push_back(
                {a, b,
                 10 * (score[static_cast<std::size_t>(a)] - score[static_cast<std::size_t>(b)])});

    EXPECT_LT(below, 10 + 4 * std::sqrt(9.5));
    EXPECT_NEAR(hierarchy(ordered, score).r, 1, 1e-12);
    EXPECT_LT(hierarchy(ordered, score).p_value, 0.01);
    EXPECT_EQ(hierarchy(ordered, score, {.permutations = 500}).permutations, 500);
}

TEST(Dimensionality, CountsComponentsOfKnownCourses)
{
    // Two orthogonal courses with variances 9 : 1 over rows, one row that does not vary.
    auto course = std::vector<double>{};
    for (const auto& [a, b] : {std::pair{3.0, 0.0}, {0.0, 1.0}, {0.0, 0.0}})
        for (auto time = 0; time < 16; ++time)
            course.push_back(4 + a * (time % 2 == 0 ? 1 : -1) + b * (time % 4 < 2 ? 1 : -1));
    auto transposed_wide = std::vector<double>{};
    for (auto copy = 0; copy < 10; ++copy)
        transposed_wide.insert(transposed_wide.end(), course.begin(), course.end());

    const auto most = dimensionality(course, 3, 16);
    const auto less = dimensionality(course, 3, 16, 0.9);
    const auto wide = dimensionality(transposed_wide, 30, 16);

    EXPECT_EQ(most.components, 2);
    EXPECT_EQ(less.components, 1);
    EXPECT_EQ(most.varying_rows, 2);
    EXPECT_NEAR(most.normalised, 1, 1e-15);
    EXPECT_NEAR(most.variance_ratio[0], 0.9, 1e-12);
    EXPECT_EQ(wide.components, 2);
    EXPECT_NEAR(wide.variance_ratio[1], 0.1, 1e-12);
    EXPECT_TRUE(std::isnan(dimensionality(std::vector(8, 2.0), 2, 4).normalised));
    EXPECT_THROW(dimensionality(course, 2, 16), base::InputError);
}

TEST(Smoothing, KeepsConstantsAndSpreadsAnImpulse)
{
    const auto constant = smoothed(std::vector(20, 3.0), 1, 20, 2);
    auto impulse = std::vector(41, 0.0);
    impulse[20] = 1;
    const auto spread = smoothed(impulse, 1, 41, 2);

    EXPECT_THAT(constant, testing::Each(testing::DoubleNear(3, 1e-12)));
    EXPECT_NEAR(spread[22] / spread[20], std::exp(-0.5), 1e-12);
    EXPECT_EQ(smoothed(impulse, 1, 41, 0), impulse);
}

TEST(Compare, CountsDirectedAndAsInThePaper)
{
    // 0->1 found; 1->2 found the wrong way; 0->2 inhibitory, found; 3 alone.
    const auto truth = std::vector<std::int8_t>{0, 1, -1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    const auto called = std::vector<std::int8_t>{0, 1, -1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    const auto of = [&](Counting counting, ConnectionSign sign) {
        return confusion(truth, called, {}, 4, counting, sign);
    };

    EXPECT_EQ(of(Counting::directed, ConnectionSign::excitatory), (Confusion{1, 1, 1, 9}));
    EXPECT_EQ(of(Counting::unordered, ConnectionSign::excitatory), (Confusion{1, 1, 1, 4}));
    EXPECT_EQ(of(Counting::directed, ConnectionSign::inhibitory), (Confusion{1, 0, 0, 11}));
    EXPECT_EQ(of(Counting::unordered, ConnectionSign::either), (Confusion{2, 1, 1, 3}));
    EXPECT_NEAR(matthews({1, 1, 1, 9}), (9 - 1) / (2.0 * 10), 1e-15);
    EXPECT_EQ(matthews({0, 0, 3, 9}), 0);
    EXPECT_THROW(confusion(truth, called, {}, 3, Counting::directed, ConnectionSign::either),
                 base::InputError);
}

TEST(Compare, SweepsThresholdsAndLeavesOutPairsWithFewSpikes)
{
    const auto missing = std::numeric_limits<double>::quiet_NaN();
    const auto truth = std::vector<std::int8_t>{0, 1, 0, 0, 0, 1, 0, 0, 0};
    const auto peak = std::vector<double>{missing, 8, 2, 1, missing, 6, 5.5, 0, missing};
    const auto chance = std::vector<double>{0, 100, 100, 100, 0, 5, 100, 5, 0};

    const auto swept =
        sweep(truth, {peak, {}, chance}, 3, std::vector{5.0, 7.0}, std::vector{0.0, 10.0},
              Counting::directed, ConnectionSign::excitatory);

    EXPECT_THAT(swept, ElementsAre(Confusion{2, 1, 0, 3}, Confusion{1, 1, 0, 2},
                                   Confusion{1, 0, 1, 4}, Confusion{1, 0, 0, 3}));
}

/// 0 -> 1 has a peak, 1 -> 0 a trough; 0 -> 2 and 2 -> 0 a trough each.
TEST(Compare, APairWithAPeakHasNoTroughWhereItIsCalledOnce)
{
    const auto none = std::nan("");
    const auto peak = std::vector<double>{none, 8, 2, 3, none, none, 1, none, none};
    const auto trough = std::vector<double>{none, 1, 9, 20, none, none, 8, none, none};
    const auto chance = std::vector<double>(9, 100);

    const auto each = calls_at({peak, trough, chance, false}, 7);
    const auto once = calls_at({peak, trough, chance, true}, 7);
    const auto beyond_the_peak = calls_at({peak, trough, chance, true}, 8.5);

    EXPECT_EQ(each, (std::vector<std::int8_t>{0, 1, -1, -1, 0, 0, -1, 0, 0}));
    EXPECT_EQ(once, (std::vector<std::int8_t>{0, 1, -1, 0, 0, 0, -1, 0, 0}));
    EXPECT_EQ(beyond_the_peak, (std::vector<std::int8_t>{0, 0, -1, -1, 0, 0, 0, 0, 0}));
}

TEST(Compare, RelationsAreTheNearestThatHold)
{
    // 0 -> 1 -> 2, 0 -> 3; 4 alone.
    constexpr auto units = std::int64_t{5};
    auto truth = std::vector<std::int8_t>(units * units, 0);
    truth[0 * units + 1] = 1;
    truth[1 * units + 2] = -1;
    truth[0 * units + 3] = 1;

    const auto relation = relations(truth, units);

    const auto of = [&](std::int64_t pre, std::int64_t post) {
        return relation[static_cast<std::size_t>(pre * units + post)];
    };
    EXPECT_EQ(of(0, 1), Relation::connected);
    EXPECT_EQ(of(1, 2), Relation::connected);
    EXPECT_EQ(of(1, 0), Relation::reversed);
    EXPECT_EQ(of(0, 2), Relation::two_steps);
    EXPECT_EQ(of(2, 0), Relation::unrelated);
    EXPECT_EQ(of(1, 3), Relation::common_input);
    EXPECT_EQ(of(3, 1), Relation::common_input);
    EXPECT_EQ(of(4, 0), Relation::unrelated);
    EXPECT_EQ(of(2, 2), Relation::self);
}
