#include "rewire/dynetcp/dynamics.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/nan.hpp>
#include <rewire/stats/correlation.hpp>
#include <rewire/stats/tests.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace rewire::dynetcp {

namespace {

using base::nan;

using base::at;

/// Values of both matrices where both have one.
struct Cells
{
    std::vector<double> weight;
    std::vector<double> conditional;
    std::vector<std::int64_t> bin;
};

Cells cells_of(std::span<const double> weight, std::span<const double> conditional,
               std::int64_t lags)
{
    auto cells = Cells{};
    for (std::size_t k = 0; k < weight.size(); ++k)
        if (std::isfinite(weight[k]) && std::isfinite(conditional[k])) {
            cells.weight.push_back(weight[k]);
            cells.conditional.push_back(conditional[k]);
            cells.bin.push_back(static_cast<std::int64_t>(k) / lags);
        }
    return cells;
}

/// To 0 .. 1. @return false: all values are equal
bool normalise(std::vector<double>& values)
{
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    if (values.empty() || *low == *high)
        return false;
    const auto from = *low;
    const auto range = *high - *low;
    for (auto& value : values)
        value = (value - from) / range;
    return true;
}

std::vector<double> shifted(std::vector<double> values, double by)
{
    for (auto& value : values)
        value += by;
    return values;
}

} // namespace

std::int64_t functional_lag(std::span<const float> static_weight)
{
    auto best = std::int64_t{1};
    for (std::int64_t lag = 2; lag < std::ssize(static_weight); ++lag)
        if (std::abs(static_weight[at(lag)]) > std::abs(static_weight[at(best)]))
            best = lag;
    return best;
}

std::vector<double> weight_course(std::span<const float> smoothed,
                                  std::span<const std::int32_t> spikes, std::int64_t lags,
                                  std::int64_t lag, std::int64_t window)
{
    const auto bins = std::ssize(smoothed) / lags;
    auto course = std::vector<double>(at(bins), nan);
    auto last_spike = std::int64_t{-1}; // bin of it
    for (std::int64_t bin = 0; bin < bins; ++bin) {
        if (spikes[at(bin * lags + lag)] > 0)
            last_spike = bin;
        if (last_spike >= 0 && bin - last_spike < std::max(window, std::int64_t{1}))
            course[at(bin)] = static_cast<double>(smoothed[at(bin * lags + lag)]);
    }
    return course;
}

TrialPeak peak_over_trial(std::span<const float> weight, std::span<const std::int32_t> spikes,
                          std::int64_t lags)
{
    auto peak = TrialPeak{-1, nan};
    for (std::int64_t lag = 0; lag < lags; ++lag) {
        auto sum = 0.0;
        auto count = std::int64_t{0};
        for (auto k = at(lag); k < weight.size(); k += at(lags)) {
            sum += static_cast<double>(weight[k]) * spikes[k];
            count += spikes[k];
        }
        const auto mean = sum / static_cast<double>(count);
        if (count > 0 && !(mean <= peak.weight))
            peak = {lag, mean};
    }
    return peak;
}

RatioRule ratio_rule(std::span<const double> course, double static_weight, double threshold)
{
    auto rule = RatioRule{std::vector<double>(course.size(), nan),
                          std::vector<std::int8_t>(course.size(), 0)};
    if (static_weight == 0)
        return rule;
    for (std::size_t bin = 0; bin < course.size(); ++bin) {
        rule.ratio[bin] = course[bin] / static_weight;
        if (std::abs(rule.ratio[bin]) > threshold) // not of a NaN
            rule.present[bin] = course[bin] > 0 ? 1 : -1;
    }
    return rule;
}

std::vector<double> conditional_by_lag(std::span<const double> joint,
                                       std::span<const double> sender, std::int64_t lags,
                                       std::int64_t window)
{
    const auto bins = std::ssize(sender);
    auto conditional = std::vector<double>(joint.size(), nan);
    for (std::int64_t lag = 0; lag < lags; ++lag) {
        const auto alone = [&](std::int64_t bin) {
            const auto rate = sender[at(bin - lag)];
            return rate > 0 ? joint[at(bin * lags + lag)] / rate : 0.0;
        };
        for (auto bin = lag; bin < bins; ++bin) {
            const auto first = std::max(lag, bin - window + 1);
            auto sum = 0.0;
            for (auto recent = first; recent <= bin; ++recent)
                sum += alone(recent);
            conditional[at(bin * lags + lag)] = sum / static_cast<double>(bin - first + 1);
        }
    }
    return conditional;
}

Agreement agreement_of(std::span<const double> weight, std::span<const double> conditional,
                       std::int64_t lags, const AgreementRule& rule)
{
    auto cells = cells_of(weight, conditional, lags);
    auto result = Agreement{nan, nan, nan, std::ssize(cells.bin)};
    result.pearson = stats::pearson(cells.weight, cells.conditional);
    if (!normalise(cells.weight) || !normalise(cells.conditional))
        return result;
    auto apart = Cells{};
    for (std::size_t k = 0; k < cells.bin.size(); ++k) {
        if (cells.bin[k] % rule.window != rule.window - 1)
            continue;
        apart.weight.push_back(cells.weight[k]);
        apart.conditional.push_back(cells.conditional[k]);
    }
    const auto count = static_cast<double>(apart.weight.size());
    result.difference = count > 0 ? 0 : nan;
    for (std::size_t k = 0; k < apart.weight.size(); ++k)
        result.difference += (apart.weight[k] - apart.conditional[k]) / count;
    const auto above = stats::paired_t(shifted(apart.weight, rule.margin), apart.conditional,
                                       stats::Alternative::greater);
    const auto below = stats::paired_t(shifted(apart.weight, -rule.margin), apart.conditional,
                                       stats::Alternative::less);
    result.tost_p = std::isnan(above.p_value) || std::isnan(below.p_value)
                        ? nan
                        : std::max(above.p_value, below.p_value);
    return result;
}

} // namespace rewire::dynetcp
