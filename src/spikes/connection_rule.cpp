#include "rewire/spikes/connection_rule.hpp"

#include <rewire/base/error.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::spikes {

namespace {

/// Population SD over -max_lag .. -flank_first and from the other side's flank on.
double flank_sd(std::span<const double> corrected, std::int64_t max_lag, const ConnectionRule& rule)
{
    const auto from = rule.flank_first - (rule.flank_of_published_code ? 1 : 0);
    const auto flanks = {
        corrected.first(static_cast<std::size_t>(max_lag - rule.flank_first + 1)),
        corrected.last(static_cast<std::size_t>(max_lag - from + 1)),
    };
    auto sum = 0.0;
    auto count = 0.0;
    for (const auto& flank : flanks)
        for (const auto value : flank) {
            sum += value;
            count += 1;
        }
    const auto mean = sum / count;
    auto squares = 0.0;
    for (const auto& flank : flanks)
        for (const auto value : flank)
            squares += (value - mean) * (value - mean);
    return std::sqrt(squares / count);
}

std::int8_t significance(double peak, double trough, double threshold)
{
    if (peak > threshold)
        return 1;
    return trough < -threshold ? -1 : 0;
}

DirectedExtremes directed(std::span<const double> corrected, std::int64_t max_lag, int sign,
                          std::int64_t lags, double threshold)
{
    const auto middle = corrected[static_cast<std::size_t>(max_lag)];
    auto result = DirectedExtremes{middle, 0, middle, 0};
    for (std::int64_t k = 1; k <= lags; ++k) {
        const auto value = corrected[static_cast<std::size_t>(max_lag + sign * k)];
        if (value > result.peak) {
            result.peak = value;
            result.peak_lag = sign * k;
        }
        if (value < result.trough) {
            result.trough = value;
            result.trough_lag = sign * k;
        }
    }
    result.significant = significance(result.peak, result.trough, threshold);
    return result;
}

} // namespace

ConnectionCall connection_call(std::span<const double> corrected, const ConnectionRule& rule)
{
    const auto max_lag = std::ssize(corrected) / 2;
    if (corrected.size() % 2 == 0 || max_lag < rule.flank_first || max_lag < rule.peak_lag)
        throw base::UsageError("the correlogram is shorter than the rule's flanks",
                               "rule of connections", "count lags to 100 ms on both sides");
    auto result = ConnectionCall{flank_sd(corrected, max_lag, rule)};
    const auto threshold = rule.threshold_sd * result.flank_sd;
    result.forward = directed(corrected, max_lag, -1, rule.peak_lag, threshold);
    result.backward = directed(corrected, max_lag, 1, rule.peak_lag, threshold);
    const auto first = corrected.begin() + (max_lag - rule.peak_lag);
    const auto last = corrected.begin() + (max_lag + rule.peak_lag + 1);
    const auto peak = std::max_element(first, last);
    const auto trough = std::min_element(first, last);
    result.peak = *peak;
    result.peak_lag = peak - corrected.begin() - max_lag;
    result.trough = *trough;
    result.trough_lag = trough - corrected.begin() - max_lag;
    result.significant = significance(result.peak, result.trough, threshold);
    return result;
}

std::vector<double> median_subtracted(std::span<const double> correlogram)
{
    auto sorted = std::vector<double>(correlogram.begin(), correlogram.end());
    std::sort(sorted.begin(), sorted.end());
    const auto half = sorted.size() / 2;
    const auto median = sorted.empty()           ? 0.0
                        : sorted.size() % 2 == 1 ? sorted[half]
                                                 : 0.5 * (sorted[half - 1] + sorted[half]);
    auto result = std::vector<double>(correlogram.begin(), correlogram.end());
    for (auto& value : result)
        value -= median;
    return result;
}

bool is_known(const UnitPlace& place) noexcept
{
    return place.peak_channel >= 0 ||
           !(std::isnan(place.x_um) || std::isnan(place.y_um) || std::isnan(place.z_um));
}

bool near(const UnitPlace& first, const UnitPlace& second, double distance_um) noexcept
{
    if (first.peak_channel >= 0 && first.peak_channel == second.peak_channel)
        return true;
    const auto distance =
        std::hypot(first.x_um - second.x_um, first.y_um - second.y_um, first.z_um - second.z_um);
    return distance <= distance_um; // false where a position is NaN
}

std::vector<std::uint8_t> near_pairs(std::span<const UnitPlace> place, double distance_um)
{
    auto result = std::vector<std::uint8_t>{};
    for (std::size_t i = 0; i < place.size(); ++i)
        for (auto j = i + 1; j < place.size(); ++j)
            result.push_back(near(place[i], place[j], distance_um));
    return result;
}

} // namespace rewire::spikes
