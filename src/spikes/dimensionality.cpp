#include "rewire/spikes/dimensionality.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>
#include <rewire/dense/symmetric.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::spikes {

namespace {

using base::at;

void expect_matrix(std::span<const double> course, std::int64_t rows, std::int64_t times)
{
    if (rows < 0 || times < 0 || std::ssize(course) != rows * times)
        throw base::InputError(
            fmt::format("{} values for {} rows and {} times", course.size(), rows, times),
            "dimensionality", "give one value for each");
    for (const auto value : course)
        if (!std::isfinite(value))
            throw base::InputError("a value that is not finite", "dimensionality",
                                   "leave such units or times out");
}

} // namespace

Dimensionality dimensionality(std::span<const double> course, std::int64_t rows, std::int64_t times,
                              double share)
{
    expect_matrix(course, rows, times);
    auto centred = std::vector<double>(course.begin(), course.end());
    auto result = Dimensionality{};
    auto total = 0.0;
    for (std::int64_t row = 0; row < rows; ++row) {
        const auto values = std::span(centred).subspan(at(row * times), at(times));
        const auto varies = std::any_of(values.begin(), values.end(),
                                        [&](auto value) { return value != values.front(); });
        result.varying_rows += varies;
        auto mean = 0.0;
        for (const auto value : values)
            mean += value / static_cast<double>(times);
        for (auto& value : values) {
            value = varies ? value - mean : 0;
            total += value * value;
        }
    }
    if (result.varying_rows == 0) {
        result.normalised = std::numeric_limits<double>::quiet_NaN();
        return result;
    }
    // The smaller of both Gram matrices has the same eigenvalues.
    const auto by_time = times < rows;
    const auto order = by_time ? times : rows;
    if (by_time) {
        auto transposed = std::vector<double>(centred.size());
        for (std::int64_t row = 0; row < rows; ++row)
            for (std::int64_t time = 0; time < times; ++time)
                transposed[at(time * rows + row)] = centred[at(row * times + time)];
        centred = std::move(transposed);
    }
    const auto inner = by_time ? rows : times;
    auto gram = std::vector<double>(at(order * order), 0.0);
    dense::add_products_of_rows(gram, order, centred, inner, inner);
    auto values = std::vector<double>(at(order));
    auto vectors = std::vector<double>(at(order * order));
    dense::leading_eigenpairs(gram, order, values, vectors);
    auto held = 0.0;
    for (const auto value : values) {
        const auto ratio = std::max(value, 0.0) / total;
        result.variance_ratio.push_back(ratio);
        if (held < share - 1e-12)
            ++result.components;
        held += ratio;
    }
    result.normalised =
        static_cast<double>(result.components) / static_cast<double>(result.varying_rows);
    return result;
}

std::vector<double> smoothed(std::span<const double> course, std::int64_t rows, std::int64_t times,
                             double sd_bins)
{
    expect_matrix(course, rows, times);
    if (!(sd_bins > 0))
        return {course.begin(), course.end()};
    const auto reach = static_cast<std::int64_t>(std::ceil(4 * sd_bins));
    auto weight = std::vector<double>{};
    for (std::int64_t k = 0; k <= reach; ++k)
        weight.push_back(std::exp(-0.5 * std::pow(static_cast<double>(k) / sd_bins, 2)));
    auto result = std::vector<double>(course.size());
    for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t time = 0; time < times; ++time) {
            auto sum = 0.0;
            auto weights = 0.0;
            const auto from = std::max(std::int64_t{0}, time - reach);
            const auto to = std::min(times - 1, time + reach);
            for (auto other = from; other <= to; ++other) {
                const auto w = weight[at(std::abs(other - time))];
                sum += w * course[at(row * times + other)];
                weights += w;
            }
            result[at(row * times + time)] = sum / weights;
        }
    return result;
}

} // namespace rewire::spikes
