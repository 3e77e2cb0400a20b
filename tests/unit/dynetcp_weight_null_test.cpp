// Shuffled trials and tests of edges against null models.
#include <rewire/base/random.hpp>
#include <rewire/dynetcp/weight_null.hpp>
#include <rewire/stats/pearson3.hpp>
#include <rewire/stats/tests.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <utility>
#include <vector>

using namespace rewire;
using namespace rewire::dynetcp;

namespace {

constexpr auto nan_f = std::numeric_limits<float>::quiet_NaN();

std::size_t at(std::int64_t index)
{
    return static_cast<std::size_t>(index);
}

TrialValues random_values(std::int64_t trials, std::int64_t bins, std::int64_t neurons)
{
    auto stream = base::Stream(7, {1});
    auto dense = std::vector<double>{};
    for (std::int64_t k = 0; k < trials * bins * neurons; ++k)
        dense.push_back(stream.uniform() < 0.2 ? 1.0 : 0.0);
    return trial_values(dense, trials, bins, neurons);
}

std::vector<std::int32_t> row_of(const TrialValues& values, std::int64_t trial, std::int64_t neuron)
{
    const auto row = values.row(trial, neuron);
    return {row.bin.begin(), row.bin.end()};
}

/// As the definition says, two passes over the values of each bin.
std::vector<double> slow_tails(const std::vector<float>& observed, const std::vector<float>& null)
{
    const auto bins = observed.size();
    auto mean = std::vector<double>(bins);
    auto variance = std::vector<double>(bins);
    auto count = std::vector<double>(bins);
    auto skewness = 0.0;
    auto skewed = 0.0;
    for (std::size_t bin = 0; bin < bins; ++bin) {
        auto values = std::vector<double>{};
        for (auto k = bin; k < null.size(); k += bins)
            if (!std::isnan(null[k]))
                values.push_back(static_cast<double>(null[k]));
        const auto n = count[bin] = static_cast<double>(values.size());
        for (const auto value : values)
            mean[bin] += value / n;
        auto cubes = 0.0;
        for (const auto value : values) {
            variance[bin] += std::pow(value - mean[bin], 2) / (n - 1);
            cubes += std::pow(value - mean[bin], 3);
        }
        if (n < 4)
            continue;
        skewness += n / ((n - 1) * (n - 2)) * cubes / std::pow(variance[bin], 1.5);
        skewed += 1;
    }
    auto p = std::vector<double>{};
    for (std::size_t bin = 0; bin < bins; ++bin) {
        const auto t = (static_cast<double>(observed[bin]) - mean[bin]) /
                       std::sqrt(variance[bin] * (1 + 1 / count[bin]));
        p.push_back(count[bin] < 4
                        ? std::numeric_limits<double>::quiet_NaN()
                        : stats::pearson3_upper_tail(stats::normal_score_of_t(t, count[bin] - 1),
                                                     skewness / skewed));
    }
    return p;
}

std::vector<float> drawn(base::Stream& stream, std::int64_t count, bool skewed)
{
    auto values = std::vector<float>{};
    for (std::int64_t k = 0; k < count; ++k)
        values.push_back(static_cast<float>(skewed ? stream.exponential() + stream.exponential() +
                                                         stream.exponential()
                                                   : stream.normal()));
    return values;
}

} // namespace

TEST(ShuffledTrials, TrainsStayWholeAndWithinTheirCondition)
{
    const auto values = random_values(24, 30, 5);
    auto condition = std::vector<std::int32_t>{};
    for (auto trial = 0; trial < 24; ++trial)
        condition.push_back(trial % 3);

    const auto shuffled = shuffled_over_trials(values, condition, 1, 2, 3);

    auto moved = 0;
    for (std::int64_t neuron = 0; neuron < 5; ++neuron)
        for (auto of = 0; of < 3; ++of) {
            auto before = std::multiset<std::vector<std::int32_t>>{};
            auto after = before;
            for (std::int64_t trial = 0; trial < 24; ++trial)
                if (condition[at(trial)] == of) {
                    before.insert(row_of(values, trial, neuron));
                    after.insert(row_of(shuffled, trial, neuron));
                    moved += row_of(values, trial, neuron) != row_of(shuffled, trial, neuron);
                }
            EXPECT_EQ(before, after);
        }
    EXPECT_GT(moved, 24 * 5 / 2);
}

TEST(ShuffledTrials, NeuronsAndModelsHavePermutationsOfTheirOwn)
{
    const auto values = random_values(40, 20, 2);
    const auto condition = std::vector<std::int32_t>(40, 0);

    const auto first = shuffled_over_trials(values, condition, 1, 2, 0);
    const auto again = shuffled_over_trials(values, condition, 1, 2, 0);
    const auto second = shuffled_over_trials(values, condition, 1, 2, 1);

    EXPECT_EQ(first.bin, again.bin);
    EXPECT_NE(first.bin, second.bin);
    // Were both neurons moved alike, trials would keep their pairs of trains.
    auto pairs = std::set<std::pair<std::vector<std::int32_t>, std::vector<std::int32_t>>>{};
    for (std::int64_t trial = 0; trial < 40; ++trial)
        pairs.emplace(row_of(values, trial, 0), row_of(values, trial, 1));
    auto kept = 0;
    for (std::int64_t trial = 0; trial < 40; ++trial)
        kept += pairs.contains({row_of(first, trial, 0), row_of(first, trial, 1)});
    EXPECT_LT(kept, 10);
}

TEST(EdgeTest, RankOfTheLargestCountsTies)
{
    const auto null = std::vector<float>{1, 2, nan_f, 5, 0, 1, 3, nan_f, 2}; // 2, 5, 3

    EXPECT_DOUBLE_EQ(test_edge(std::vector<float>{0, 3, nan_f}, null).p_max, 3.0 / 4);
    EXPECT_DOUBLE_EQ(test_edge(std::vector<float>{6, 3, nan_f}, null).p_max, 1.0 / 4);
    EXPECT_TRUE(std::isnan(test_edge(std::vector<float>{nan_f, nan_f, nan_f}, null).p_max));
}

TEST(EdgeTest, TailsAreThoseOfTheDefinition)
{
    auto stream = base::Stream(8, {1});
    const auto bins = std::int64_t{12};
    auto null = drawn(stream, 15 * bins, true);
    for (std::size_t k = 0; k < null.size(); k += 7)
        null[k] = nan_f;
    for (std::size_t model = 0; model < 12; ++model) // three models are too few
        null[model * at(bins) + 5] = nan_f;
    const auto observed = drawn(stream, bins, true);

    const auto found = test_edge(observed, null).p_bin;

    const auto expected = slow_tails(observed, null);
    for (std::size_t bin = 0; bin < found.size(); ++bin)
        if (std::isnan(expected[bin]))
            EXPECT_TRUE(std::isnan(found[bin])) << bin;
        else
            EXPECT_NEAR(found[bin], expected[bin], 1e-9) << bin;
    EXPECT_TRUE(std::isnan(found[5]));
}

TEST(EdgeTest, LeftOutModelsAreTestedAgainstAllOthers)
{
    auto stream = base::Stream(9, {1});
    const auto bins = std::int64_t{6};
    const auto null = drawn(stream, 9 * bins, false);

    const auto found = left_out_p(null, bins);

    ASSERT_EQ(found.size(), null.size());
    for (std::size_t model = 0; model < 9; ++model) {
        const auto first = null.begin() + static_cast<std::ptrdiff_t>(model * at(bins));
        auto others = std::vector<float>(null.begin(), first);
        others.insert(others.end(), first + bins, null.end());
        const auto expected = slow_tails({first, first + bins}, others);
        for (std::size_t bin = 0; bin < at(bins); ++bin)
            EXPECT_NEAR(found[model * at(bins) + bin], expected[bin], 1e-8);
    }
}

TEST(EdgeTest, FittedTailsKeepTheirLevelOfNormalAndOfSkewedNulls)
{
    for (const auto skewed : {false, true})
        for (const auto models : {10, 40}) {
            auto stream = base::Stream(10, {skewed ? 1U : 0U, static_cast<std::uint64_t>(models)});
            const auto bins = std::int64_t{30};
            auto tested = 0.0;
            auto below = std::array<double, 2>{};
            for (auto run = 0; run < 300; ++run) {
                const auto null = drawn(stream, models * bins, skewed);
                for (const auto p : test_edge(drawn(stream, bins, skewed), null).p_bin) {
                    tested += 1;
                    below[0] += p <= 0.05 ? 1 : 0;
                    below[1] += p <= 0.01 ? 1 : 0;
                }
            }
            // Skewness is only partly known from ten models: within a factor of two at 0.01.
            EXPECT_NEAR(below[0] / tested, 0.05, skewed ? 0.015 : 0.01) << skewed << models;
            EXPECT_NEAR(below[1] / tested, 0.01, skewed ? 0.01 : 0.004) << skewed << models;
        }
}

TEST(EdgeTest, SmallestQ)
{
    EXPECT_DOUBLE_EQ(smallest_q(99, 30, 1), 0.3);
    EXPECT_DOUBLE_EQ(smallest_q(99, 30, 30), 0.01);
    EXPECT_DOUBLE_EQ(smallest_q(9, 30, 1), 1);
}
