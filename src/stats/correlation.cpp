#include "rewire/stats/correlation.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::stats {

double pearson(std::span<const double> first, std::span<const double> second)
{
    if (first.size() != second.size())
        throw base::InputError(fmt::format("{} values against {}", first.size(), second.size()),
                               "correlation", "both series need a value for every item");
    const auto is_constant = [](std::span<const double> values) {
        return std::ranges::all_of(values, [&](double value) { return value == values.front(); });
    };
    if (first.size() < 2 || is_constant(first) || is_constant(second))
        return std::numeric_limits<double>::quiet_NaN();
    const auto n = static_cast<double>(first.size());
    auto mean_first = 0.0, mean_second = 0.0;
    for (std::size_t k = 0; k < first.size(); ++k) {
        mean_first += first[k] / n;
        mean_second += second[k] / n;
    }
    auto product = 0.0, square_first = 0.0, square_second = 0.0;
    for (std::size_t k = 0; k < first.size(); ++k) {
        const auto x = first[k] - mean_first;
        const auto y = second[k] - mean_second;
        product += x * y;
        square_first += x * x;
        square_second += y * y;
    }
    const auto r = product / (std::sqrt(square_first) * std::sqrt(square_second));
    return std::isnan(r) ? r : std::clamp(r, -1.0, 1.0);
}

double fisher_z(double r)
{
    if (std::abs(r) > 1)
        throw base::InputError(fmt::format("correlation {}", r), "",
                               "correlations lie between -1 and 1");
    return std::atanh(r);
}

} // namespace rewire::stats
