// What is made of averaged dynamic weights, against kernels that follow the definitions.
#include <rewire/base/random.hpp>
#include <rewire/dynetcp/dynamics.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace rewire;
using namespace rewire::dynetcp;

namespace {

constexpr auto none = std::numeric_limits<double>::quiet_NaN();

std::size_t at(std::int64_t index)
{
    return static_cast<std::size_t>(index);
}

void expect_same(const std::vector<double>& found, const std::vector<double>& expected)
{
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t k = 0; k < found.size(); ++k)
        if (std::isnan(expected[k]))
            EXPECT_TRUE(std::isnan(found[k])) << k;
        else
            EXPECT_NEAR(found[k], expected[k], 1e-12) << k;
}

} // namespace

TEST(Dynamics, FunctionalLagIsTheLargestInSizeAboveZero)
{
    EXPECT_EQ(functional_lag(std::vector<float>{9, 1, -3, 2}), 2);
    EXPECT_EQ(functional_lag(std::vector<float>{9, -3, 3, 2}), 1);
    EXPECT_EQ(functional_lag(std::vector<float>{9, 0}), 1);
}

TEST(Dynamics, PeakOverTheTrialCountsEverySpikeOnce)
{
    auto stream = base::Stream(1, {2});
    const auto bins = std::int64_t{50};
    const auto lags = std::int64_t{4};
    for (auto repeat = 0; repeat < 20; ++repeat) {
        auto weight = std::vector<float>{};
        auto spikes = std::vector<std::int32_t>{};
        auto sum = std::vector<double>(at(lags), 0);
        auto count = std::vector<double>(at(lags), 0);
        for (std::int64_t k = 0; k < bins * lags; ++k) {
            weight.push_back(static_cast<float>(stream.normal()));
            spikes.push_back(stream.uniform() < 0.3 ? static_cast<int>(5 * stream.uniform()) : 0);
            sum[at(k % lags)] += static_cast<double>(weight.back()) * spikes.back();
            count[at(k % lags)] += spikes.back();
        }
        auto best = std::size_t{0};
        for (std::size_t lag = 1; lag < at(lags); ++lag)
            if (sum[lag] / count[lag] > sum[best] / count[best])
                best = lag;

        const auto peak = peak_over_trial(weight, spikes, lags);

        EXPECT_EQ(peak.lag, static_cast<std::int64_t>(best));
        EXPECT_NEAR(peak.weight, sum[best] / count[best], 1e-12);
    }
}

TEST(Dynamics, PeakOverTheTrialIsOfLagsWithSpikes)
{
    const auto alone =
        peak_over_trial(std::vector<float>{9, -2}, std::vector<std::int32_t>{0, 1}, 2);
    EXPECT_EQ(alone.lag, 1);
    EXPECT_EQ(alone.weight, -2);
    const auto silent =
        peak_over_trial(std::vector<float>{9, -2}, std::vector<std::int32_t>{0, 0}, 2);
    EXPECT_EQ(silent.lag, -1);
    EXPECT_TRUE(std::isnan(silent.weight));
    const auto equal =
        peak_over_trial(std::vector<float>{1, 1}, std::vector<std::int32_t>{1, 1}, 2);
    EXPECT_EQ(equal.lag, 0);
}

TEST(Dynamics, CourseIsMissingWhereTheSenderWasSilentInTheWholeWindow)
{
    auto stream = base::Stream(1, {1});
    const auto bins = std::int64_t{200};
    const auto lags = std::int64_t{3};
    auto smoothed = std::vector<float>{};
    auto spikes = std::vector<std::int32_t>{};
    for (std::int64_t k = 0; k < bins * lags; ++k) {
        smoothed.push_back(static_cast<float>(stream.normal()));
        spikes.push_back(stream.uniform() < 0.2 ? 3 : 0);
    }
    for (const auto window : {1, 4}) {
        auto expected = std::vector<double>{};
        for (std::int64_t bin = 0; bin < bins; ++bin) {
            auto fired = false;
            for (auto recent = std::max(std::int64_t{0}, bin - window + 1); recent <= bin; ++recent)
                fired = fired || spikes[at(recent * lags + 2)] > 0;
            expected.push_back(fired ? static_cast<double>(smoothed[at(bin * lags + 2)]) : none);
        }

        expect_same(weight_course(smoothed, spikes, lags, 2, window), expected);
    }
}

TEST(Dynamics, RatioRuleFollowsThePaperForExcitation)
{
    const auto rule = ratio_rule(std::vector{0.5, 3.0, -1.0, -2.5, none, 2.0}, 2);

    expect_same(rule.ratio, {0.25, 1.5, -0.5, -1.25, none, 1});
    EXPECT_EQ(rule.present, (std::vector<std::int8_t>{0, 1, 0, -1, 0, 0}));
}

TEST(Dynamics, InhibitionThatGrowsIsInhibition)
{
    const auto rule = ratio_rule(std::vector{-3.0, 3.0, -1.0}, -2);

    expect_same(rule.ratio, {1.5, -1.5, 0.5});
    EXPECT_EQ(rule.present, (std::vector<std::int8_t>{-1, 1, 0}));
}

TEST(Dynamics, WithoutAStaticWeightNothingIsPresent)
{
    const auto rule = ratio_rule(std::vector{1.0, -1.0}, 0);

    expect_same(rule.ratio, {none, none});
    EXPECT_EQ(rule.present, (std::vector<std::int8_t>{0, 0}));
}

TEST(Dynamics, ConditionalHistogramAgainstItsDefinition)
{
    auto stream = base::Stream(2, {1});
    const auto bins = std::int64_t{40};
    const auto lags = std::int64_t{4};
    auto joint = std::vector<double>{};
    auto sender = std::vector<double>{};
    for (std::int64_t k = 0; k < bins * lags; ++k)
        joint.push_back(stream.uniform());
    for (std::int64_t bin = 0; bin < bins; ++bin)
        sender.push_back(stream.uniform() < 0.3 ? 0.0 : stream.uniform());
    auto expected = std::vector<double>(joint.size(), none);
    for (std::int64_t bin = 0; bin < bins; ++bin)
        for (std::int64_t lag = 0; lag <= std::min(bin, lags - 1); ++lag) {
            auto sum = 0.0;
            auto terms = 0.0;
            for (std::int64_t back = 0; back < 10; ++back)
                if (const auto from = bin - back - lag; from >= 0) {
                    terms += 1;
                    if (sender[at(from)] > 0)
                        sum += joint[at((bin - back) * lags + lag)] / sender[at(from)];
                }
            expected[at(bin * lags + lag)] = sum / terms;
        }

    expect_same(conditional_by_lag(joint, sender, lags, 10), expected);
}

TEST(Dynamics, AgreementOfALinearFunctionIsPerfect)
{
    auto stream = base::Stream(3, {1});
    auto weight = std::vector<double>{};
    auto conditional = std::vector<double>{};
    for (auto k = 0; k < 600; ++k) {
        weight.push_back(k % 7 == 0 ? none : stream.normal());
        conditional.push_back(0.2 + 0.01 * weight.back());
    }

    const auto found = agreement_of(weight, conditional, 3, {.window = 5, .margin = 0.01});

    EXPECT_EQ(found.cells, 600 - 86);
    EXPECT_NEAR(found.pearson, 1, 1e-9);
    EXPECT_NEAR(found.difference, 0, 1e-9);
    EXPECT_LT(found.tost_p, 1e-6);
}

TEST(Dynamics, EquivalenceIsNotFoundWhereMeansDiffer)
{
    auto stream = base::Stream(4, {1});
    auto weight = std::vector<double>{};
    auto conditional = std::vector<double>{};
    for (auto k = 0; k < 2000; ++k) {
        weight.push_back(stream.uniform());
        conditional.push_back(stream.uniform() * stream.uniform()); // mean 1/4
    }

    const auto found = agreement_of(weight, conditional, 2, {.window = 10, .margin = 0.09});

    EXPECT_NEAR(found.difference, 0.25, 0.08);
    EXPECT_GT(found.tost_p, 0.5);
    EXPECT_NEAR(found.pearson, 0, 0.1);
}

TEST(Dynamics, EquivalenceHasItsLevelAtTheMargin)
{
    // Differences whose mean is the margin itself: the chance to call it equivalent is the level.
    auto called = 0;
    const auto runs = 400;
    for (auto run = 0; run < runs; ++run) {
        auto stream = base::Stream(5, {static_cast<std::uint64_t>(run)});
        auto weight = std::vector<double>{0, 1};
        auto conditional = std::vector<double>{0, 1}; // fixes what 0 .. 1 stands for
        for (auto k = 0; k < 60; ++k) {
            conditional.push_back(0.4 + 0.1 * stream.uniform());
            weight.push_back(conditional.back() + 0.09 + 0.2 * (stream.uniform() - 0.5));
        }
        const auto found =
            agreement_of(weight, conditional, 1, {.window = 1, .margin = 0.09 * 60 / 62});
        called += found.tost_p <= 0.05 ? 1 : 0;
    }

    EXPECT_LT(called, 0.05 * runs + 3 * std::sqrt(0.05 * 0.95 * runs));
    EXPECT_GT(called, 0.05 * runs - 3 * std::sqrt(0.05 * 0.95 * runs));
}

TEST(Dynamics, ConstantMatricesHaveNoAgreement)
{
    const auto found =
        agreement_of(std::vector(40, 1.0), std::vector(40, 2.0), 2, {.window = 1, .margin = 0.1});

    EXPECT_TRUE(std::isnan(found.pearson));
    EXPECT_TRUE(std::isnan(found.tost_p));
    EXPECT_EQ(found.cells, 40);
}
