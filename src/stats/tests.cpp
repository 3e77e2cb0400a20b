#include "rewire/stats/tests.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/nan.hpp>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace rewire::stats {

namespace {

using base::nan;

double mean_of(std::span<const double> values)
{
    auto sum = 0.0;
    for (const auto value : values)
        sum += value;
    return sum / static_cast<double>(values.size());
}

double squared_deviations(std::span<const double> values, double mean)
{
    auto sum = 0.0;
    for (const auto value : values)
        sum += (value - mean) * (value - mean);
    return sum;
}

/// Exact, so that rounding of the mean does not make a constant sample vary.
bool is_constant(std::span<const double> values)
{
    for (const auto value : values)
        if (value != values.front())
            return false;
    return true;
}

double tail(double statistic, double degrees_of_freedom, Alternative alternative)
{
    if (std::isnan(statistic))
        return nan;
    if (std::isinf(statistic)) {
        if (alternative == Alternative::two_sided)
            return 0;
        return (statistic > 0) == (alternative == Alternative::greater) ? 0 : 1;
    }
    const auto t = boost::math::students_t(degrees_of_freedom);
    switch (alternative) {
    case Alternative::greater:
        return boost::math::cdf(boost::math::complement(t, statistic));
    case Alternative::less:
        return boost::math::cdf(t, statistic);
    default:
        return 2 * boost::math::cdf(boost::math::complement(t, std::abs(statistic)));
    }
}

TestResult result_of(double difference, double error, double degrees_of_freedom,
                     Alternative alternative)
{
    const auto statistic = difference / error; // 0 / 0 is NaN, x / 0 infinite: both are meant
    return {statistic, degrees_of_freedom, tail(statistic, degrees_of_freedom, alternative)};
}

} // namespace

TestResult two_sample_t(std::span<const double> first, std::span<const double> second,
                        Alternative alternative)
{
    const auto n = static_cast<double>(first.size());
    const auto m = static_cast<double>(second.size());
    const auto degrees_of_freedom = n + m - 2;
    if (first.empty() || second.empty() || degrees_of_freedom < 1)
        return {nan, degrees_of_freedom, nan};
    const auto mean_first = is_constant(first) ? first.front() : mean_of(first);
    const auto mean_second = is_constant(second) ? second.front() : mean_of(second);
    const auto pooled =
        (squared_deviations(first, mean_first) + squared_deviations(second, mean_second)) /
        degrees_of_freedom;
    return result_of(mean_first - mean_second, std::sqrt(pooled * (1 / n + 1 / m)),
                     degrees_of_freedom, alternative);
}

TestResult paired_t(std::span<const double> first, std::span<const double> second,
                    Alternative alternative)
{
    if (first.size() != second.size())
        throw base::InputError(fmt::format("{} values against {}", first.size(), second.size()),
                               "paired t-test",
                               "leave out what has no partner in the other sample");
    const auto n = static_cast<double>(first.size());
    if (first.size() < 2)
        return {nan, n - 1, nan};
    auto differences = std::vector<double>(first.begin(), first.end());
    for (std::size_t k = 0; k < differences.size(); ++k)
        differences[k] -= second[k];
    const auto mean = is_constant(differences) ? differences.front() : mean_of(differences);
    const auto variance = squared_deviations(differences, mean) / (n - 1);
    return result_of(mean, std::sqrt(variance / n), n - 1, alternative);
}

double normal_score_of_t(double statistic, double degrees_of_freedom)
{
    constexpr auto most = 38.0;
    if (std::isnan(statistic))
        return nan;
    const auto upper = tail(std::abs(statistic), degrees_of_freedom, Alternative::greater);
    const auto score =
        upper > 1e-300
            ? boost::math::quantile(boost::math::complement(boost::math::normal(), upper))
            : most;
    return std::copysign(score, statistic);
}

double roc_area(std::span<const double> first, std::span<const double> second)
{
    auto sorted = std::vector<double>(second.begin(), second.end());
    std::sort(sorted.begin(), sorted.end());
    auto below = 0.0; // pairs, ties half
    for (const auto value : first) {
        const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), value);
        below += static_cast<double>(low - sorted.begin()) + 0.5 * static_cast<double>(high - low);
    }
    return below / (static_cast<double>(first.size()) * static_cast<double>(second.size()));
}

MeanError mean_and_error(std::span<const double> values)
{
    if (values.empty())
        return {nan, nan, 0};
    const auto n = static_cast<double>(values.size());
    const auto mean = mean_of(values);
    if (values.size() < 2)
        return {mean, nan, 1};
    return {mean, std::sqrt(squared_deviations(values, mean) / (n - 1) / n), values.size()};
}

} // namespace rewire::stats
