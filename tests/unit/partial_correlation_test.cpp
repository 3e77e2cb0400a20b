#include "activity_rows.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/calcium/connectome.hpp>
#include <rewire/calcium/partial_correlation.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace rewire;
using namespace rewire::calcium;
using namespace rewire::test;
using testing::ElementsAre;

namespace {

std::size_t at(std::int64_t i)
{
    return static_cast<std::size_t>(i);
}

/// By definition: the correlation of what is left of two traces after regression on all others.
double partial_by_regression(const Rows& rows, std::size_t i, std::size_t j, const Rows& covariates)
{
    auto others = covariates;
    for (std::size_t k = 0; k < rows.size(); ++k)
        if (k != i && k != j)
            others.push_back(rows[k]);
    const auto a = residual(rows[i], others);
    const auto b = residual(rows[j], others);
    return dot(a, b) / std::sqrt(dot(a, a) * dot(b, b));
}

} // namespace

TEST(PartialCorrelation, OfTwoNeuronsIsTheCorrelation)
{
    // centred: (-1, 0, 1) . (-4/3, 2/3, 2/3) / sqrt(2 * 8/3)
    const auto activity = activity_of({{1, 2, 3}, {0, 2, 2}}, 3);

    const auto result = partial_correlation(activity.view());

    EXPECT_NEAR(result.value[0], 2 / std::sqrt(2 * 8.0 / 3), 1e-14);
    EXPECT_EQ(result.status, PartialCorrelationStatus::ok);
    EXPECT_EQ(result.status_text, "ok");
}

TEST(PartialCorrelation, IsTheCorrelationOfResiduals)
{
    for (const auto frames : {40, 517, 1100})
        for (const auto density : {0.1, 0.9}) {
            const auto rows = random_rows(6, frames, density, 11);
            const auto activity = activity_of(rows, frames);
            for (const auto kind : {Accumulation::sparse, Accumulation::dense}) {
                const auto result = partial_correlation(activity.view(), {.accumulation = kind});

                for (std::size_t i = 0; i < 6; ++i)
                    for (auto j = i + 1; j < 6; ++j)
                        EXPECT_NEAR(
                            result.value[at(base::pair_index(static_cast<std::int64_t>(i),
                                                             static_cast<std::int64_t>(j), 6))],
                            partial_by_regression(rows, i, j, {}), 1e-10);
            }
        }
}

TEST(PartialCorrelation, CovariatesAreTakenOut)
{
    constexpr auto frames = 300;
    auto rows = random_rows(5, frames, 0.2, 3);
    auto stream = base::Stream(4, {1});
    auto covariates = Rows(2, std::vector<double>(frames));
    for (auto& row : covariates)
        for (auto& value : row)
            value = 5 + stream.normal();
    auto flat = std::vector<double>{};
    for (const auto& row : covariates)
        flat.insert(flat.end(), row.begin(), row.end());
    flat.insert(flat.end(), covariates[0].begin(), covariates[0].end()); // says nothing new
    flat.insert(flat.end(), frames, 7.0);                                // nor does a constant
    const auto activity = activity_of(rows, frames);

    for (const auto kind : {Accumulation::sparse, Accumulation::dense}) {
        const auto result = partial_correlation(activity.view(), {.accumulation = kind},
                                                {.count = 4, .value = flat});

        EXPECT_NEAR(result.value[0], partial_by_regression(rows, 0, 1, covariates), 1e-10);
        EXPECT_NEAR(result.value[9], partial_by_regression(rows, 3, 4, covariates), 1e-10);
    }
}

TEST(PartialCorrelation, ANeuronThatACovariateExplainsIsInactive)
{
    auto rows = random_rows(3, 100, 0.5, 3);
    const auto activity = activity_of(rows, 100);

    const auto result = partial_correlation(activity.view(), {}, {.count = 1, .value = rows[1]});

    EXPECT_THAT(result.active, ElementsAre(1, 0, 1));
}

TEST(PartialCorrelation, LedoitWolfWithCovariatesIsThatOfTheResiduals)
{
    constexpr auto frames = 60;
    const auto rows = random_rows(4, frames, 0.3, 8);
    const auto covariate = random_rows(1, frames, 0.9, 9);
    auto residuals = Rows{};
    for (const auto& row : rows)
        residuals.push_back(residual(row, covariate));
    const auto options =
        PartialCorrelationOptions{.shrinkage = {.kind = Shrinkage::Kind::ledoit_wolf}};

    const auto result = partial_correlation(activity_of(rows, frames).view(), options,
                                            {.count = 1, .value = covariate[0]});
    const auto expected = partial_correlation(activity_of(residuals, frames).view(), options);

    EXPECT_NEAR(result.shrinkage, expected.shrinkage, 1e-12);
    EXPECT_NEAR(result.value[2], expected.value[2], 1e-12);
}

TEST(MatrixScale, CorrelationsDoNotDependOnTheUnitsOfNeurons)
{
    constexpr auto frames = 60;
    const auto rows = random_rows(6, frames, 0.3, 8);
    auto scaled = rows;
    for (const auto n : {1, 4})
        for (auto& value : scaled[static_cast<std::size_t>(n)])
            value *= 4;
    const auto difference = [&](const PartialCorrelationOptions& options) {
        const auto a = partial_correlation(activity_of(rows, frames).view(), options);
        const auto b = partial_correlation(activity_of(scaled, frames).view(), options);
        auto largest = std::abs(a.shrinkage - b.shrinkage);
        for (std::size_t pair = 0; pair < a.value.size(); ++pair)
            largest = std::max(largest, std::abs(a.value[pair] - b.value[pair]));
        return largest;
    };
    const auto with = [](Shrinkage::Kind kind, MatrixScale scale) {
        return PartialCorrelationOptions{
            .shrinkage = {.kind = kind, .value = 0.3, .scale = scale, .effective_frames = 20}};
    };

    for (const auto kind : {Shrinkage::Kind::ledoit_wolf, Shrinkage::Kind::fixed}) {
        EXPECT_LT(difference(with(kind, MatrixScale::correlation)), 1e-12);
        EXPECT_GT(difference(with(kind, MatrixScale::covariance)), 1e-3);
    }
}

TEST(MatrixScale, PseudoInverseActsOnTheCorrelationMatrix)
{
    constexpr auto frames = 9; // fewer than neurons
    const auto rows = random_rows(12, frames, 0.6, 8);
    auto scaled = rows;
    for (auto& value : scaled[3])
        value *= 4;
    const auto options = PartialCorrelationOptions{.shrinkage = {.scale = MatrixScale::correlation},
                                                   .when_singular = WhenSingular::pseudo_inverse};

    const auto a = partial_correlation(activity_of(rows, frames).view(), options);
    const auto b = partial_correlation(activity_of(scaled, frames).view(), options);
    const auto today = partial_correlation(activity_of(scaled, frames).view(),
                                           {.when_singular = WhenSingular::pseudo_inverse});

    auto largest = 0.0;
    for (std::size_t pair = 0; pair < a.value.size(); ++pair) {
        EXPECT_NEAR(a.value[pair], b.value[pair], 1e-8);
        largest = std::max(largest, std::abs(b.value[pair] - today.value[pair]));
    }
    EXPECT_GT(largest, 1e-3);
}

TEST(MatrixScale, LedoitWolfByItsFormulaWithEffectiveFrames)
{
    constexpr auto frames = 80;
    constexpr auto effective = 25.0;
    auto rows = random_rows(5, frames, 0.3, 8);
    const auto activity = activity_of(rows, frames);
    for (auto& row : rows) { // to z-scores
        row = centred(row);
        const auto sd = std::sqrt(dot(row, row) / frames);
        for (auto& value : row)
            value /= sd;
    }
    auto noise = 0.0; // mean over frames of |z z' - R|^2, over T_eff
    auto distance = 0.0;
    for (std::size_t i = 0; i < 5; ++i)
        for (std::size_t j = 0; j < 5; ++j) {
            const auto r = dot(rows[i], rows[j]) / frames;
            distance += (r - (i == j ? 1 : 0)) * (r - (i == j ? 1 : 0));
            for (std::size_t t = 0; t < frames; ++t)
                noise += std::pow(rows[i][t] * rows[j][t] - r, 2) / frames / effective;
        }

    const auto result =
        partial_correlation(activity.view(), {.shrinkage = {.kind = Shrinkage::Kind::ledoit_wolf,
                                                            .scale = MatrixScale::correlation,
                                                            .effective_frames = effective}});

    EXPECT_NEAR(result.shrinkage, std::min(noise, distance) / distance, 1e-12);
}

TEST(PartialCorrelation, InactiveNeuronsAreLeftOut)
{
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    auto rows = random_rows(4, 50, 0.5, 21);
    const auto two = activity_of({rows[1], rows[3]}, 50);
    rows[0].assign(50, 0.0); // silent
    rows[2][7] = nan;        // broken
    const auto with_constant =
        activity_of({rows[0], rows[1], rows[2], rows[3], std::vector<double>(50, 2.5)}, 50);

    const auto result = partial_correlation(with_constant.view());
    const auto expected = partial_correlation(two.view());

    EXPECT_THAT(result.active, ElementsAre(0, 1, 0, 1, 0));
    EXPECT_EQ(result.active_count, 2);
    for (std::size_t pair = 0; pair < result.value.size(); ++pair)
        EXPECT_EQ(result.value[pair],
                  pair == at(base::pair_index(1, 3, 5)) ? expected.value[0] : 0.0);
}

TEST(PartialCorrelation, DegenerateSizes)
{
    const auto none = activity_of({}, 100);
    const auto one = activity_of({{0, 1, 0}}, 3);
    const auto no_frames = activity_of({{}, {}}, 0);
    const auto too_short = activity_of({{1, 0}, {0, 1}}, 2);

    EXPECT_EQ(partial_correlation(none.view()).status, PartialCorrelationStatus::too_few_neurons);
    EXPECT_EQ(partial_correlation({}).status, PartialCorrelationStatus::too_few_neurons);
    EXPECT_EQ(partial_correlation(one.view()).status, PartialCorrelationStatus::too_few_neurons);
    EXPECT_EQ(partial_correlation(no_frames.view()).value, std::vector<double>{0});
    EXPECT_EQ(partial_correlation(too_short.view()).status,
              PartialCorrelationStatus::too_few_frames);
}

TEST(PartialCorrelation, FixedShrinkage)
{
    const auto rows = random_rows(3, 40, 0.5, 2);
    const auto activity = activity_of(rows, 40);
    auto shrunk = [&](double value) {
        return partial_correlation(activity.view(),
                                   {.shrinkage = {.kind = Shrinkage::Kind::fixed, .value = value}});
    };

    EXPECT_EQ(shrunk(0).value, partial_correlation(activity.view()).value);
    EXPECT_THAT(shrunk(1).value, testing::Each(0.0));
    EXPECT_THROW(shrunk(1.5), base::InputError);
    EXPECT_THROW(shrunk(std::numeric_limits<double>::quiet_NaN()), base::InputError);
}

TEST(PartialCorrelation, BadCovariatesAreErrors)
{
    const auto activity = activity_of(random_rows(3, 40, 0.5, 2), 40);
    auto nan = std::vector<double>(40, 1.0);
    nan[3] = std::numeric_limits<double>::infinity();

    EXPECT_THROW(partial_correlation(activity.view(), {}, {.count = 1, .value = nan}),
                 base::InputError);
    EXPECT_THROW(partial_correlation(activity.view(), {}, {.count = 2, .value = nan}),
                 base::InputError);
}

TEST(Connectome, ThresholdByHand)
{
    // non-zero: 1 2 3 6, mean 3, variance (4+1+0+9)/3
    const auto connectome = connectome_of(std::vector<double>{1, 0, 2, 3, 0, 6}, 1);

    EXPECT_DOUBLE_EQ(connectome.threshold, 3 + std::sqrt(14.0 / 3));
    EXPECT_THAT(connectome.edge, ElementsAre(0, 0, 0, 0, 0, 1));
    EXPECT_EQ(connectome.edges, 1);
    EXPECT_EQ(connectome.values, 4);
}

TEST(Connectome, FewValues)
{
    EXPECT_TRUE(std::isnan(connectome_of({}).threshold));
    EXPECT_TRUE(std::isnan(connectome_of(std::vector<double>{0, 0}).threshold));
    EXPECT_THAT(connectome_of(std::vector<double>{0, 0.5, 0}).edge, ElementsAre(0, 1, 0));
    EXPECT_EQ(connectome_of(std::vector<double>{0, -0.5, 0}).threshold, -0.5);
}

TEST(Connectome, AZeroIsNoEdgeBelowANegativeThreshold)
{
    // mean -2, sd sqrt 2: threshold -2 for alpha 0
    EXPECT_THAT(connectome_of(std::vector<double>{-1, 0, -3}, 0).edge, ElementsAre(1, 0, 0));
}
