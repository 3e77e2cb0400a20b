#pragma once

#include "lag_sums.hpp"

#include <rewire/base/index.hpp>
#include <rewire/calcium/circles.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace rewire::calcium {

/// Third moments of one trace: for each circle of T_c frames and each pair of lags 0 <= a <= b <=
/// `lags`, sum_t x(t) x(t+a) x(t+b) sqrt(m / T_c) / norm into `out` [circles, lag_pairs(lags)]. m
/// is in how many orders the three may be taken: 1, 3 or 6.
/// @tparam Sum what products of three are made in; sums of them are double
template <typename Sum, typename Real>
void third_moments(const FrameCircles& circles, const std::vector<Real>& trace, double norm,
                   std::int64_t lags, Real* out)
{
    const auto pairs = lag_pairs(lags);
    auto sum = std::vector<double>(base::at(pairs));
    auto wrapped = std::vector<Sum>{};
    for (std::int64_t c = 0; c < circles.count(); ++c) {
        const auto length = circles.length(c);
        const auto first = trace.begin() + circles.start[base::at(c)];
        wrapped.resize(base::at(length + lags));
        std::transform(first, first + length, wrapped.begin(),
                       [](Real value) { return static_cast<Sum>(value); });
        std::copy_n(wrapped.begin(), lags, wrapped.begin() + length);
        third_lag_sums(wrapped, length, lags, sum);
        auto l = std::size_t{0};
        for (std::int64_t a = 0; a <= lags; ++a)
            for (auto b = a; b <= lags; ++b, ++l) {
                const auto times = b == 0 ? 1.0 : a == 0 || a == b ? 3.0 : 6.0;
                *out++ = static_cast<Real>(sum[l] * std::sqrt(times / double(length)) / norm);
            }
    }
}

} // namespace rewire::calcium
