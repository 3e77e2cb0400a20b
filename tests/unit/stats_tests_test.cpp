// Expected values of the t-tests: scipy 1.x ttest_ind, ttest_rel, sem, pearsonr on the same
// numbers.
#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/stats/correlation.hpp>
#include <rewire/stats/median.hpp>
#include <rewire/stats/tests.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

using namespace rewire;
using namespace rewire::stats;

namespace {

using Values = std::vector<double>;

const auto first = Values{2.1, 3.4, 1.9, 5.0, 4.2};
const auto second = Values{1.0, 2.2, 0.5, 3.1};
const auto partner = Values{1.5, 3.0, 2.2, 4.1, 4.4};

} // namespace

TEST(TwoSampleT, AgreesWithScipy)
{
    const auto two_sided = two_sample_t(first, second);
    const auto greater = two_sample_t(first, second, Alternative::greater);
    const auto less = two_sample_t(first, second, Alternative::less);

    EXPECT_NEAR(two_sided.statistic, 1.9051102946308365, 1e-13);
    EXPECT_EQ(two_sided.degrees_of_freedom, 7);
    EXPECT_NEAR(two_sided.p_value, 0.09846322542236087, 1e-13);
    EXPECT_NEAR(greater.p_value, 0.049231612711180435, 1e-13);
    EXPECT_NEAR(less.p_value, 0.9507683872888195, 1e-13);
}

TEST(TwoSampleT, KeepsSmallTails)
{
    const auto result = two_sample_t(Values{100, 101, 99, 100.5}, Values{1, 2, 3});

    EXPECT_NEAR(result.statistic, 140.38763727394357, 1e-10);
    EXPECT_NEAR(result.p_value / 3.478752003971082e-10, 1, 1e-9);
}

TEST(PairedT, AgreesWithScipy)
{
    const auto two_sided = paired_t(first, partner);

    EXPECT_NEAR(two_sided.statistic, 1.2116785027421626, 1e-13);
    EXPECT_EQ(two_sided.degrees_of_freedom, 4);
    EXPECT_NEAR(two_sided.p_value, 0.2923167706891663, 1e-13);
    EXPECT_NEAR(paired_t(first, partner, Alternative::greater).p_value, 0.14615838534458314, 1e-13);
    EXPECT_NEAR(paired_t(first, partner, Alternative::less).p_value, 0.8538416146554169, 1e-13);
}

TEST(TTests, SamplesThatSayNothing)
{
    EXPECT_TRUE(std::isnan(two_sample_t(Values{1}, Values{2}).p_value));
    EXPECT_TRUE(std::isnan(two_sample_t(Values{}, first).p_value));
    EXPECT_TRUE(std::isnan(two_sample_t(Values{0.1, 0.1, 0.1}, Values{0.1, 0.1}).p_value));
    EXPECT_TRUE(std::isnan(paired_t(Values{1}, Values{2}).p_value));
    EXPECT_TRUE(std::isnan(paired_t(first, first).p_value));
    EXPECT_TRUE(std::isnan(two_sample_t(Values{1, std::nan("")}, first).p_value));
    EXPECT_THROW(paired_t(first, second), base::InputError);

    const auto apart = two_sample_t(Values{0.3, 0.3, 0.3}, Values{0.1, 0.1});
    EXPECT_TRUE(std::isinf(apart.statistic));
    EXPECT_EQ(apart.p_value, 0);
    EXPECT_EQ(two_sample_t(Values{0.3, 0.3}, Values{0.1, 0.1}, Alternative::less).p_value, 1);
}

TEST(TTests, HoldTheirLevelUnderTheNull)
{
    constexpr auto seeds = 4000;
    auto below_two_sample = 0;
    auto below_paired = 0;
    for (auto seed = 0; seed < seeds; ++seed) {
        auto stream = base::Stream(static_cast<std::uint64_t>(seed), {5});
        auto x = std::array<double, 6>{}, y = std::array<double, 6>{};
        for (std::size_t k = 0; k < x.size(); ++k) {
            x[k] = stream.normal();
            y[k] = stream.normal();
        }

        below_two_sample += two_sample_t(x, y).p_value <= 0.05 ? 1 : 0;
        below_paired += paired_t(x, y, Alternative::greater).p_value <= 0.05 ? 1 : 0;
    }
    const auto sampling = 3 * std::sqrt(0.05 * 0.95 / seeds);

    EXPECT_NEAR(below_two_sample / double{seeds}, 0.05, sampling);
    EXPECT_NEAR(below_paired / double{seeds}, 0.05, sampling);
}

TEST(MeanAndError, ByHand)
{
    const auto result = mean_and_error(first);

    EXPECT_NEAR(result.mean, 3.32, 1e-14);
    EXPECT_NEAR(result.standard_error, 0.5961543424315553, 1e-14);
    EXPECT_EQ(result.count, 5U);
    EXPECT_TRUE(std::isnan(mean_and_error(Values{}).mean));
    EXPECT_EQ(mean_and_error(Values{4}).mean, 4);
    EXPECT_TRUE(std::isnan(mean_and_error(Values{4}).standard_error));
}

TEST(Pearson, AgreesWithScipyAndStaysInItsRange)
{
    auto scaled = first;
    for (auto& value : scaled)
        value = 1 - 3 * value;

    EXPECT_NEAR(pearson(first, partner), 0.9218175530308591, 1e-14);
    EXPECT_GE(pearson(first, scaled), -1);
    EXPECT_NEAR(pearson(first, scaled), -1, 1e-14);
    EXPECT_TRUE(std::isnan(pearson(first, Values(5, 0.1))));
    EXPECT_TRUE(std::isnan(pearson(Values{1}, Values{2})));
    EXPECT_TRUE(std::isnan(pearson(Values{1, 2, std::nan("")}, Values{2, 3, 5})));
    EXPECT_THROW(pearson(first, second), base::InputError);
}

TEST(FisherZ, ByHand)
{
    EXPECT_NEAR(fisher_z(0.5), 0.5 * std::log(3.0), 1e-15);
    EXPECT_NEAR(fisher_z(-0.5), -0.5 * std::log(3.0), 1e-15);
    EXPECT_TRUE(std::isinf(fisher_z(1)));
    EXPECT_TRUE(std::isnan(fisher_z(std::nan(""))));
    EXPECT_THROW(fisher_z(1.01), base::InputError);
}

TEST(RocArea, CountsPairsAndTiesHalf)
{
    EXPECT_DOUBLE_EQ(roc_area(std::vector{3.0, 4.0}, std::vector{1.0, 2.0}), 1);
    EXPECT_DOUBLE_EQ(roc_area(std::vector{1.0, 2.0, 2.0}, std::vector{2.0, 0.0}), (1 + 3) / 6.0);
    EXPECT_TRUE(std::isnan(roc_area(std::vector<double>{}, std::vector{1.0})));
}

TEST(NormalScoreOfT, HasTheSameTail)
{
    // Tables: t = 2.776 with 4 degrees of freedom and z = 1.960 leave 2.5 % above.
    EXPECT_NEAR(normal_score_of_t(2.7764451, 4), 1.9599640, 1e-6);
    EXPECT_NEAR(normal_score_of_t(-2.7764451, 4), -1.9599640, 1e-6);
    EXPECT_NEAR(normal_score_of_t(1, 1e7), 1, 1e-6);
    EXPECT_EQ(normal_score_of_t(0, 3), 0);
    EXPECT_EQ(normal_score_of_t(1e200, 50), 38);
    EXPECT_TRUE(std::isnan(normal_score_of_t(std::numeric_limits<double>::quiet_NaN(), 5)));
}

TEST(Median, IsTheMiddleOfTheSortedValues)
{
    auto stream = base::Stream(1, {2});
    for (std::size_t count = 1; count < 20; ++count) {
        auto values = Values{};
        for (std::size_t k = 0; k < count; ++k)
            values.push_back(std::floor(10 * stream.uniform())); // with ties
        auto sorted = values;
        std::sort(sorted.begin(), sorted.end());

        EXPECT_EQ(median(values), (sorted[(count - 1) / 2] + sorted[count / 2]) / 2);
        EXPECT_EQ(upper_median(values), sorted[count / 2]);
    }
    EXPECT_TRUE(std::isnan(median({})));
    EXPECT_TRUE(std::isnan(upper_median({})));
}
