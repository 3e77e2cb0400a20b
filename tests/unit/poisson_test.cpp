#include <rewire/stats/poisson.hpp>

#include <boost/math/distributions/poisson.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace poisson_test {

using namespace rewire::stats;

namespace {

constexpr auto means = std::to_array<double>({1e-9, 1e-3, 0.5, 2, 10, 55.5, 300, 3123, 10000});

/// Counts as far from the mean as tails are doubles, and some at it.
std::vector<std::int64_t> counts_around(double mean)
{
    auto counts = std::vector<std::int64_t>{0, 1};
    for (auto score = -36.0; score < 42; score += 0.37)
        counts.push_back(static_cast<std::int64_t>(std::floor(mean + score * std::sqrt(mean))));
    std::erase_if(counts, [](auto count) { return count < 0; });
    return counts;
}

/// P(X = first) + ... + P(X = last), the smallest first.
long double sum_of(double mean, std::int64_t first, std::int64_t last)
{
    auto terms = std::vector<long double>{};
    for (auto x = first; x <= last; ++x)
        terms.push_back(
            std::exp(static_cast<long double>(x) * std::log(static_cast<long double>(mean)) - mean -
                     std::lgamma(static_cast<long double>(x) + 1)));
    std::sort(terms.begin(), terms.end());
    auto sum = 0.0L;
    for (const auto term : terms)
        sum += term;
    return sum;
}

void expect_tails(double mean, std::int64_t count, long double upper, long double lower)
{
    const auto found = poisson_tails(mean, count);
    const auto above = static_cast<double>(count) >= mean;
    const auto tolerance = [](long double tail, bool smaller) {
        return smaller ? 1e-11 * static_cast<double>(tail) + 1e-300 : 1e-11;
    };
    EXPECT_NEAR(found.upper, static_cast<double>(upper), tolerance(upper, above))
        << mean << " " << count;
    EXPECT_NEAR(found.lower, static_cast<double>(lower), tolerance(lower, !above))
        << mean << " " << count;
}

} // namespace

TEST(PoissonTails, AreSumsOverAllOutcomes)
{
    for (const auto mean : means)
        if (mean < 1000) // sums of exponentials of large logarithms lose digits themselves
            for (const auto count : counts_around(mean)) {
                const auto beyond =
                    count + 200 + static_cast<std::int64_t>(40 * std::sqrt(mean) + mean);
                expect_tails(mean, count, sum_of(mean, count, beyond), sum_of(mean, 0, count));
            }
}

TEST(PoissonTails, AreThoseOfTheDistributionInLongDoubles)
{
    for (const auto mean : means)
        for (const auto count : counts_around(mean)) {
            const auto distribution = boost::math::poisson_distribution<long double>(mean);
            const auto lower = cdf(distribution, static_cast<long double>(count));
            const auto upper =
                count == 0 ? 1.0L
                           : cdf(complement(distribution, static_cast<long double>(count - 1)));
            expect_tails(mean, count, upper, lower);
        }
}

TEST(PoissonTails, OfMeanZeroAndOfImpossibleCounts)
{
    EXPECT_EQ(poisson_tails(0, 0).upper, 1);
    EXPECT_EQ(poisson_tails(0, 0).lower, 1);
    EXPECT_EQ(poisson_tails(0, 1).upper, 0);
    EXPECT_EQ(poisson_tails(0, 1).lower, 1);
    EXPECT_EQ(poisson_tails(3, 0).upper, 1);
    EXPECT_EQ(poisson_tails(3, -1).upper, 1);
    EXPECT_EQ(poisson_tails(3, -1).lower, 0);
    EXPECT_EQ(poisson_tails(std::numeric_limits<double>::quiet_NaN(), 1).upper, 0);
    EXPECT_EQ(poisson_tails(1e-3, 1000).upper, 0); // below the smallest double
}

} // namespace poisson_test
