#pragma once

#include "lag_sums.hpp"

#include <rewire/base/index.hpp>

#include <cmath>
#include <span>
#include <vector>

namespace rewire::calcium {

/// Third moments of one trace on one circle of T frames: for each pair of lags 0 <= a <= b <=
/// `lags`, sum_t x(t) x(t+a) x(t+b) sqrt(m / T) / norm into `out` [lag_pairs(lags)]. m is in how
/// many orders the three may be taken: 1, 3 or 6.
/// @param wrapped the trace and its first `lags` frames once more
/// @tparam Sum what products of three are made in; sums of them are double
template <typename Sum, typename Real>
void third_moments(std::span<const Sum> wrapped, double norm, std::int64_t lags, Real* out)
{
    const auto length = static_cast<std::int64_t>(wrapped.size()) - lags;
    auto sum = std::vector<double>(base::at(lag_pairs(lags)));
    third_lag_sums(wrapped, length, lags, sum);
    auto l = std::size_t{0};
    for (std::int64_t a = 0; a <= lags; ++a)
        for (auto b = a; b <= lags; ++b, ++l) {
            const auto times = b == 0 ? 1.0 : a == 0 || a == b ? 3.0 : 6.0;
            *out++ = static_cast<Real>(sum[l] * std::sqrt(times / double(length)) / norm);
        }
}

} // namespace rewire::calcium
