#include "rewire/stats/pearson3.hpp"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/special_functions/gamma.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::stats {

namespace {

/// No exceptions: a tail that underflows is 0, and its logarithm is computed in another way.
using Quiet = boost::math::policies::policy<
    boost::math::policies::underflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::overflow_error<boost::math::policies::ignore_error>,
    boost::math::policies::promote_double<false>>;

/// Below this the tail is close to underflow, and its logarithm comes from the continued fraction.
constexpr auto smallest_tail = 1e-290;

struct Gamma
{
    double shape = 0;
    double x = 0; ///< where the tail begins; <= 0 below the support
};

Gamma gamma_of(double score, double skewness)
{
    const auto g = std::max(skewness, least_skewness);
    const auto shape = 4 / (g * g);
    return {shape, shape + 2 * score / g};
}

/// log Q(a, x) for x > a + 1, by Lentz's method on Legendre's continued fraction.
double log_upper_gamma(double a, double x)
{
    constexpr auto tiny = 1e-300;
    constexpr auto most_terms = 100'000;
    auto b = x + 1 - a;
    auto c = 1 / tiny;
    auto d = 1 / b;
    auto h = d;
    for (auto k = 1; k < most_terms; ++k) {
        const auto factor = -k * (k - a);
        b += 2;
        d = factor * d + b;
        c = b + factor / c;
        d = 1 / (std::abs(d) < tiny ? tiny : d);
        c = std::abs(c) < tiny ? tiny : c;
        h *= d * c;
        if (std::abs(d * c - 1) < std::numeric_limits<double>::epsilon())
            break;
    }
    return a * std::log(x) - x - std::lgamma(a) + std::log(h);
}

double normal_lower_tail(double score)
{
    return boost::math::cdf(boost::math::normal_distribution<double, Quiet>{}, score);
}

/// @pre score < 0, far out
double log10_normal_lower_tail(double score)
{
    if (std::isinf(score))
        return score;
    return log_upper_gamma(0.5, score * score / 2) / std::log(10.0) - std::log10(2.0);
}

} // namespace

double pearson3_upper_tail(double score, double skewness)
{
    const auto gamma = gamma_of(score, skewness);
    if (std::isnan(gamma.x))
        return std::numeric_limits<double>::quiet_NaN();
    if (gamma.x <= 0)
        return 1;
    if (std::isinf(gamma.x))
        return 0;
    return boost::math::gamma_q(gamma.shape, gamma.x, Quiet{});
}

double log10_pearson3_upper_tail(double score, double skewness)
{
    const auto tail = pearson3_upper_tail(score, skewness);
    if (!(tail < smallest_tail))
        return std::log10(tail);
    const auto gamma = gamma_of(score, skewness);
    return std::isinf(gamma.x) ? -std::numeric_limits<double>::infinity()
                               : log_upper_gamma(gamma.shape, gamma.x) / std::log(10.0);
}

double pearson3_lower_tail(double score, double skewness)
{
    if (std::isnan(score) || std::isnan(skewness))
        return std::numeric_limits<double>::quiet_NaN();
    const auto normal = normal_lower_tail(score);
    if (skewness > most_skewness_of_lower_tail)
        return normal;
    const auto gamma = gamma_of(score, skewness);
    if (std::isinf(gamma.x))
        return gamma.x > 0 ? 1 : 0;
    const auto bounded = gamma.x <= 0 ? 0.0 : boost::math::gamma_p(gamma.shape, gamma.x, Quiet{});
    return std::max(bounded, std::min(normal, least_lower_tail));
}

double log10_pearson3_lower_tail(double score, double skewness)
{
    const auto tail = pearson3_lower_tail(score, skewness);
    return tail < smallest_tail ? log10_normal_lower_tail(score) : std::log10(tail);
}

} // namespace rewire::stats
