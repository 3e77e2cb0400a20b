#include "rewire/stats/poisson.hpp"

#include <boost/math/special_functions/gamma.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::stats {

namespace {

/// Long doubles are several times slower, and p-values need no 19 digits.
using InDoubles = boost::math::policies::policy<boost::math::policies::promote_double<false>>;

} // namespace

Tails poisson_tails(double mean, std::int64_t count)
{
    if (count < 0)
        return {1, 0};
    if (!(mean > 0))
        return {count == 0 ? 1.0 : 0.0, 1};
    const auto c = static_cast<double>(count);
    const auto exactly = std::exp(c * std::log(mean) - mean - std::lgamma(c + 1));
    if (c >= mean) {
        const auto upper = count == 0 ? 1 : boost::math::gamma_p(c, mean, InDoubles{});
        return {upper, std::min(1.0, 1 - upper + exactly)};
    }
    const auto lower = boost::math::gamma_q(c + 1, mean, InDoubles{});
    return {std::min(1.0, 1 - lower + exactly), lower};
}

} // namespace rewire::stats
