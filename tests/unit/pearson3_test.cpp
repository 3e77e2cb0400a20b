#include <rewire/stats/pearson3.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace rewire::stats;

namespace {

struct Case
{
    double score;
    double skewness;
    double upper;
    double log10_upper;
};

/// mpmath 1.3, 40 digits: the density integrated from the score on.
const auto cases = std::vector<Case>{
    {0, 0.5, 0.46674489138772075, -0.33092042678919956},
    {3, 0.001, 0.0013558132537631648, -2.8678001249566894},
    {3, 0.2, 0.0027504083673065263, -2.5606028194420994},
    {8, 0.5, 2.5895371076543046e-8, -7.5867778612307433},
    {8, 1.2, 9.5545197962427606e-6, -5.0197911354098745},
    {12, 0.05, 2.3220687391130561e-28, -27.634124928191061},
    {20, 0.001, 1.0342956984459379e-88, -87.985355281508637},
    {60, 0.3, 3.5269162894163395e-132, -131.45260484809435},
    {-1.5, 0.5, 0.9512595966960213, -0.02170094885884431},
    {5, 4, 0.0067805311578538729, -2.1687362840253379},
};
constexpr auto beyond_doubles = Case{45, 0.001, 0, -435.28917524906851};

} // namespace

TEST(Pearson3, UpperTail)
{
    for (const auto& c : cases) {
        EXPECT_NEAR(pearson3_upper_tail(c.score, c.skewness), c.upper,
                    (c.upper > 1e-30 ? 1e-11 : 1e-9) * c.upper)
            << c.score << " " << c.skewness;
        EXPECT_NEAR(log10_pearson3_upper_tail(c.score, c.skewness), c.log10_upper, 1e-9)
            << c.score << " " << c.skewness;
    }
}

TEST(Pearson3, TheLogarithmGoesOnBelowTheSmallestDouble)
{
    EXPECT_NEAR(log10_pearson3_upper_tail(beyond_doubles.score, beyond_doubles.skewness),
                beyond_doubles.log10_upper, 1e-7);
    // without a jump where the way of computing it changes
    auto before = log10_pearson3_upper_tail(100, 0.2);
    for (auto score = 100.5; score < 130; score += 0.5) {
        const auto now = log10_pearson3_upper_tail(score, 0.2);
        EXPECT_LT(now, before - 1);
        EXPECT_GT(now, before - 3);
        before = now;
    }
}

TEST(Pearson3, LowerTailIsNormalForLargeSkewness)
{
    EXPECT_NEAR(pearson3_lower_tail(-1.5, 0.5), 0.048740403303978704, 1e-12);
    EXPECT_NEAR(pearson3_lower_tail(-3, 0.51), 0.0013498980316300945, 1e-15);
    EXPECT_NEAR(pearson3_lower_tail(1, 0.3) + pearson3_upper_tail(1, 0.3), 1, 1e-14);
}

TEST(Pearson3, LowerTailBeyondTheBoundIsNormal)
{
    // support from -4.4 on
    EXPECT_NEAR(pearson3_lower_tail(-6, 0.45), 9.8658764503769814e-10, 1e-22);
    EXPECT_NEAR(log10_pearson3_lower_tail(-6, 0.45), std::log10(9.8658764503769814e-10), 1e-12);
    EXPECT_EQ(pearson3_lower_tail(-6, 0.45), pearson3_lower_tail(-6, 0.55));
    EXPECT_NEAR(log10_pearson3_lower_tail(-40, 0.45), -349.4370064593458, 1e-9);
    EXPECT_EQ(pearson3_lower_tail(-40, 0.45), 0);
}

TEST(Pearson3, LowerTailNeverDecreasesAndIsNeverNothing)
{
    for (const auto skewness : {-0.3, 0.0, 0.001, 0.05, 0.1, 0.2, 0.3, 0.45, 0.5, 0.51, 2.0}) {
        auto before = 0.0;
        auto log10_before = log10_pearson3_lower_tail(-60.0, skewness);
        for (auto score = -59.9; score < 6; score += 0.1) {
            const auto tail = pearson3_lower_tail(score, skewness);
            const auto log10_tail = log10_pearson3_lower_tail(score, skewness);

            ASSERT_GE(tail, before) << score << " " << skewness;
            ASSERT_GE(log10_tail, log10_before) << score << " " << skewness;
            ASSERT_LT(log10_tail - log10_before, 3) << score << " " << skewness;
            ASSERT_TRUE(std::isfinite(log10_tail)) << score << " " << skewness;
            if (score > -37)
                ASSERT_GT(tail, 0) << score << " " << skewness;
            before = tail;
            log10_before = log10_tail;
        }
    }
}

TEST(Pearson3, EdgesOfTheSupport)
{
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    const auto infinity = std::numeric_limits<double>::infinity();

    EXPECT_EQ(pearson3_upper_tail(-4, 0.5), 1);
    EXPECT_EQ(pearson3_upper_tail(-infinity, 0.5), 1);
    EXPECT_EQ(pearson3_upper_tail(infinity, 0.5), 0);
    EXPECT_EQ(log10_pearson3_upper_tail(-4, 0.5), 0);
    EXPECT_TRUE(std::isnan(pearson3_upper_tail(nan, 0.5)));
    EXPECT_TRUE(std::isnan(pearson3_lower_tail(nan, 0.5)));
    EXPECT_TRUE(std::isnan(log10_pearson3_lower_tail(nan, 0.5)));
    EXPECT_EQ(pearson3_lower_tail(-infinity, 0.5), 0);
    EXPECT_EQ(log10_pearson3_lower_tail(-infinity, 0.5), -infinity);
    EXPECT_EQ(pearson3_lower_tail(infinity, 0.5), 1);
    EXPECT_TRUE(std::isnan(log10_pearson3_upper_tail(nan, 0.5)));
}

TEST(Pearson3, NegativeSkewnessCountsAsNone)
{
    EXPECT_EQ(pearson3_upper_tail(2, -0.7), pearson3_upper_tail(2, least_skewness));
}
