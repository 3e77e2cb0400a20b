#include <rewire/stats/multiple_testing.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace rewire::stats;
using testing::DoubleNear;
using testing::ElementsAre;

TEST(BenjaminiHochberg, ByHand)
{
    // sorted .01 .02 .03 .04 .50, times 5/rank: .05 .05 .05 .05 .50
    EXPECT_THAT(benjamini_hochberg(std::vector{0.50, 0.04, 0.01, 0.03, 0.02}),
                ElementsAre(DoubleNear(0.5, 1e-15), DoubleNear(0.05, 1e-15),
                            DoubleNear(0.05, 1e-15), DoubleNear(0.05, 1e-15),
                            DoubleNear(0.05, 1e-15)));
    // times 3/rank: .003 .075 .03 -> running minimum from the largest: .003 .03 .03
    EXPECT_THAT(
        benjamini_hochberg(std::vector{0.001, 0.03, 0.03}),
        ElementsAre(DoubleNear(0.003, 1e-15), DoubleNear(0.03, 1e-15), DoubleNear(0.03, 1e-15)));
}

TEST(Holm, ByHand)
{
    // sorted .01 .02 .025 .04, times 4 3 2 1: .04 .06 .05 .04 -> running maximum .04 .06 .06 .06
    EXPECT_THAT(holm(std::vector{0.04, 0.02, 0.01, 0.025}),
                ElementsAre(DoubleNear(0.06, 1e-15), DoubleNear(0.06, 1e-15),
                            DoubleNear(0.04, 1e-15), DoubleNear(0.06, 1e-15)));
}

TEST(Holm, NanIsNotPartOfTheFamilyAndNothingIsAboveOne)
{
    const auto nan = std::numeric_limits<double>::quiet_NaN();

    const auto adjusted = holm(std::vector{0.6, nan, 0.02});

    EXPECT_EQ(adjusted[0], 0.6);
    EXPECT_TRUE(std::isnan(adjusted[1]));
    EXPECT_DOUBLE_EQ(adjusted[2], 0.04);
    EXPECT_THAT(holm(std::vector{0.9, 0.9}), ElementsAre(1.0, 1.0));
    EXPECT_TRUE(holm({}).empty());
}

TEST(BenjaminiHochberg, NanIsNotPartOfTheFamily)
{
    const auto nan = std::numeric_limits<double>::quiet_NaN();

    const auto q = benjamini_hochberg(std::vector{nan, 0.02, 0.9});

    EXPECT_TRUE(std::isnan(q[0]));
    EXPECT_DOUBLE_EQ(q[1], 0.04);
    EXPECT_DOUBLE_EQ(q[2], 0.9);
    EXPECT_TRUE(benjamini_hochberg({}).empty());
}

TEST(BenjaminiHochberg, IsAtMostOne)
{
    EXPECT_THAT(benjamini_hochberg(std::vector{1.0, 0.9}), ElementsAre(1.0, 1.0));
}

TEST(Adjusted, OfManyIsTheDefinition)
{
    // with ties, zeros, the smallest numbers and NaN; sorted slowly
    auto p_value = std::vector<double>{};
    for (auto k = 0; k < 4000; ++k)
        p_value.push_back(k % 97 == 0    ? std::numeric_limits<double>::quiet_NaN()
                          : k % 101 == 0 ? 0
                          : k % 103 == 0 ? std::numeric_limits<double>::denorm_min() * (k % 5)
                          : k % 3 == 0   ? 0.001 * (k % 800)
                                         : std::fmod(0.137 * k * k, 1.0));
    auto sorted = std::vector<double>{};
    for (const auto p : p_value)
        if (!std::isnan(p))
            sorted.push_back(p);
    std::stable_sort(sorted.begin(), sorted.end());
    const auto family = static_cast<double>(sorted.size());

    const auto both = adjusted(p_value);

    for (std::size_t i = 0; i < p_value.size(); ++i) {
        if (std::isnan(p_value[i])) {
            EXPECT_TRUE(std::isnan(both.q_value[i]) && std::isnan(both.holm[i]));
            continue;
        }
        auto q = 1.0;
        auto holm = 0.0;
        for (std::size_t rank = 0; rank < sorted.size(); ++rank) {
            const auto place = static_cast<double>(rank);
            if (sorted[rank] >= p_value[i])
                q = std::min(q, sorted[rank] * family / (place + 1));
            if (sorted[rank] <= p_value[i])
                holm = std::max(holm, std::min(1.0, sorted[rank] * (family - place)));
        }
        EXPECT_EQ(both.q_value[i], q);
        EXPECT_EQ(both.holm[i], holm);
    }
}

TEST(MonteCarlo, CountsTheObservedOne)
{
    EXPECT_DOUBLE_EQ(monte_carlo_p(0, 99), 0.01);
    EXPECT_DOUBLE_EQ(monte_carlo_p(99, 99), 1);
    EXPECT_DOUBLE_EQ(monte_carlo_p(0, 0), 1);
}

TEST(Wilson, KnownValues)
{
    // 10 of 20 at 95 %: 0.5 -+ 0.200722 (Brown, Cai and DasGupta 2001)
    const auto interval = wilson_interval(10, 20);

    EXPECT_NEAR(interval.low, 0.299298, 1e-6);
    EXPECT_NEAR(interval.high, 0.700702, 1e-6);
    EXPECT_EQ(wilson_interval(0, 0).high, 1);
    EXPECT_EQ(wilson_interval(0, 10).low, 0);
}

TEST(AdjustedFamily, IsTheSameAsAllAtOnce)
{
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    auto p_value = std::vector{0.6, nan, 0.02, 0.02, 1.0, 0.02, 1e-12, nan, 0.6, 0.03, 1e-12};
    for (auto k = 0; k < 200; ++k)
        p_value.push_back(std::fmod(0.137 * k * k, 1.0));

    const auto family = AdjustedFamily(p_value);

    EXPECT_EQ(family.size(), 209);
    const auto q = benjamini_hochberg(p_value);
    const auto adjusted = holm(p_value);
    for (std::size_t i = 0; i < p_value.size(); ++i) {
        if (std::isnan(p_value[i])) {
            EXPECT_TRUE(std::isnan(family.benjamini_hochberg(p_value[i])));
            EXPECT_TRUE(std::isnan(family.holm(p_value[i])));
            continue;
        }
        EXPECT_EQ(family.benjamini_hochberg(p_value[i]), q[i]);
        EXPECT_EQ(family.holm(p_value[i]), adjusted[i]);
    }
}
