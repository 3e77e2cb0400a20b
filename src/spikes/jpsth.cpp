#include "rewire/spikes/jpsth.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace rewire::spikes {

namespace {

constexpr auto not_there = std::numeric_limits<double>::quiet_NaN();

using base::at;

std::vector<std::int64_t> bins_of(std::span<const std::uint64_t> row)
{
    auto result = std::vector<std::int64_t>{};
    auto first = std::int64_t{0};
    for (auto word : row) {
        for (; word != 0; word &= word - 1)
            result.push_back(first + std::countr_zero(word));
        first += 64;
    }
    return result;
}

/// Trials in which both fire, by their times.
std::vector<std::int32_t> joint_counts(const PackedTrials& packed, std::int64_t unit_i,
                                       std::int64_t unit_j, const Jpsth& shape)
{
    auto result = std::vector<std::int32_t>(at(shape.bins * shape.columns), 0);
    for (std::int64_t trial = 0; trial < packed.trials; ++trial) {
        const auto first = bins_of(packed.row(unit_i, trial));
        const auto second = bins_of(packed.row(unit_j, trial));
        auto start = second.begin();
        for (const auto a : first) {
            if (shape.band >= 0)
                while (start != second.end() && *start < a - shape.band)
                    ++start;
            for (auto b = start; b != second.end() && (shape.band < 0 || *b <= a + shape.band); ++b)
                ++result[at(a * shape.columns + shape.column_of(a, *b))];
        }
    }
    return result;
}

std::vector<double> psth(const PackedTrials& packed, std::int64_t unit)
{
    auto count = std::vector<std::int64_t>(at(packed.bins), 0);
    for (std::int64_t trial = 0; trial < packed.trials; ++trial)
        for (const auto bin : bins_of(packed.row(unit, trial)))
            ++count[at(bin)];
    auto result = std::vector<double>(count.begin(), count.end());
    for (auto& value : result)
        value = packed.trials > 0 ? value / static_cast<double>(packed.trials) : 0;
    return result;
}

/// Average over the cells (a - s, b - s), s = 0 .. average_bins - 1.
double diagonal_mean(const Jpsth& of, const std::vector<double>& conditional, std::int64_t a,
                     std::int64_t b, const JpsthSettings& settings)
{
    const auto exist = std::min({settings.average_bins, a + 1, b + 1});
    if (settings.average == DiagonalAverage::full && exist < settings.average_bins)
        return not_there;
    auto sum = 0.0;
    auto count = 0;
    for (std::int64_t s = 0; s < exist; ++s) {
        if (settings.average == DiagonalAverage::skip_silent && of.psth_i[at(a - s)] == 0)
            continue;
        sum += conditional[at((a - s) * of.columns + of.column_of(a - s, b - s))];
        ++count;
    }
    return count > 0 ? sum / count : not_there;
}

} // namespace

Jpsth jpsth(const PackedTrials& packed, std::int64_t unit_i, std::int64_t unit_j,
            const JpsthSettings& settings)
{
    for (const auto unit : {unit_i, unit_j})
        if (unit < 0 || unit >= packed.units)
            throw base::InputError(fmt::format("unit {} of {}", unit, packed.units), "JPSTH",
                                   "count units from 0");
    if (settings.average_bins < 1)
        throw base::InputError("an average over no bins", "JPSTH", "average over 1 bin or more");
    auto result = Jpsth{packed.bins};
    if (settings.band_bins >= 0 && settings.band_bins < packed.bins - 1)
        result.band = settings.band_bins;
    result.columns = result.band < 0 ? packed.bins : 2 * result.band + 1;
    result.psth_i = psth(packed, unit_i);
    result.psth_j = psth(packed, unit_j);
    const auto counts = joint_counts(packed, unit_i, unit_j, result);
    const auto trials = static_cast<double>(std::max(packed.trials, std::int64_t{1}));
    auto conditional = std::vector<double>(counts.size(), not_there);
    for (auto* matrix : {&result.joint, &result.predictor, &result.normalised, &result.conditional,
                         &result.conditional_smoothed})
        matrix->assign(counts.size(), std::numeric_limits<float>::quiet_NaN());

    const auto reach = result.band < 0 ? result.bins - 1 : result.band;
    result.diagonal_sum.assign(at(std::max(2 * reach + 1, std::int64_t{0})), 0.0);

    const auto each = [&](auto&& visit) {
        for (std::int64_t a = 0; a < result.bins; ++a) {
            const auto from = result.band < 0 ? 0 : std::max(std::int64_t{0}, a - result.band);
            const auto to =
                result.band < 0 ? result.bins - 1 : std::min(result.bins - 1, a + result.band);
            for (auto b = from; b <= to; ++b)
                visit(a, b, at(a * result.columns + result.column_of(a, b)));
        }
    };
    each([&](auto a, auto b, auto cell) {
        const auto p = result.psth_i[at(a)];
        const auto q = result.psth_j[at(b)];
        const auto joint = counts[cell] / trials;
        const auto scale = std::sqrt(p * (1 - p)) * std::sqrt(q * (1 - q));
        conditional[cell] = p > 0 ? joint / p : 0;
        result.joint[cell] = static_cast<float>(joint);
        result.predictor[cell] = static_cast<float>(p * q);
        const auto normalised = scale > 0 ? (joint - p * q) / scale : 0;
        result.diagonal_sum[at(b - a + reach)] += normalised;
        result.normalised[cell] = static_cast<float>(normalised);
        result.conditional[cell] = static_cast<float>(conditional[cell]);
    });
    each([&](auto a, auto b, auto cell) {
        result.conditional_smoothed[cell] =
            static_cast<float>(diagonal_mean(result, conditional, a, b, settings));
    });
    return result;
}

std::vector<double> psths(const PackedTrials& packed)
{
    auto result = std::vector<double>{};
    for (std::int64_t unit = 0; unit < packed.units; ++unit) {
        const auto one = psth(packed, unit);
        result.insert(result.end(), one.begin(), one.end());
    }
    return result;
}

} // namespace rewire::spikes
