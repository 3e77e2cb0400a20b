#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace rewire::dynetcp {

/// In double, along several sums that are added up at the end, so that none waits for the last
/// addition.
template <typename Real>
double sum_of_squares(std::span<const Real> values)
{
    constexpr auto lanes = std::size_t{16};
    auto sums = std::array<double, lanes>{};
    auto k = std::size_t{0};
    for (; k + lanes <= values.size(); k += lanes)
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            const auto value = static_cast<double>(values[k + lane]);
            sums[lane] += value * value;
        }
    for (; k < values.size(); ++k)
        sums[0] += static_cast<double>(values[k]) * static_cast<double>(values[k]);
    auto sum = 0.0;
    for (const auto one : sums)
        sum += one;
    return sum;
}

} // namespace rewire::dynetcp
