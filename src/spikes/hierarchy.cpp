#include "rewire/spikes/hierarchy.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/stats/correlation.hpp>
#include <rewire/stats/median.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace rewire::spikes {

namespace {

double correlation(const std::vector<AreaPair>& pairs, std::span<const double> score)
{
    auto delay = std::vector<double>{};
    auto difference = std::vector<double>{};
    for (const auto& one : pairs) {
        delay.push_back(one.delay_ms);
        difference.push_back(score[static_cast<std::size_t>(one.to)] -
                             score[static_cast<std::size_t>(one.from)]);
    }
    return pairs.size() < 3 ? std::numeric_limits<double>::quiet_NaN()
                            : stats::pearson(delay, difference);
}

/// Areas that take part.
std::vector<std::size_t> areas_of(const std::vector<AreaPair>& pairs)
{
    auto result = std::vector<std::size_t>{};
    for (const auto& one : pairs)
        for (const auto area : {one.from, one.to})
            result.push_back(static_cast<std::size_t>(area));
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
}

/// Permutes the scores of the areas that take part: all ways, or draws.
void permute(Hierarchy& result, std::span<const double> score, const HierarchySettings& settings)
{
    const auto areas = areas_of(result.area_pairs);
    auto order = std::vector<std::int64_t>(areas.size());
    std::iota(order.begin(), order.end(), 0);
    auto shuffled = std::vector<double>(score.begin(), score.end());
    auto at_least = std::int64_t{0};
    const auto look = [&] {
        for (std::size_t k = 0; k < areas.size(); ++k)
            shuffled[areas[k]] = score[areas[static_cast<std::size_t>(order[k])]];
        const auto r = correlation(result.area_pairs, shuffled);
        at_least += !(std::abs(r) < std::abs(result.r) - 1e-12); // a tie is not for rounding
        ++result.permutations;
    };
    auto all = 1.0;
    for (std::size_t k = 2; k <= areas.size(); ++k)
        all *= static_cast<double>(k);
    if (all <= static_cast<double>(settings.permutations)) {
        do
            look();
        while (std::next_permutation(order.begin(), order.end()));
        result.p_value = static_cast<double>(at_least) / static_cast<double>(result.permutations);
        return;
    }
    for (std::int64_t draw = 0; draw < settings.permutations; ++draw) {
        auto stream = base::Stream(settings.seed, {base::key_of("hierarchy"), settings.name,
                                                   static_cast<std::uint64_t>(draw)});
        order = base::permutation(stream, std::ssize(order));
        look();
    }
    result.p_value =
        static_cast<double>(at_least + 1) / static_cast<double>(result.permutations + 1);
}

} // namespace

Hierarchy hierarchy(std::span<const PeakLag> peaks, std::span<const double> score,
                    const HierarchySettings& settings)
{
    auto delays = std::map<std::pair<std::int32_t, std::int32_t>, std::vector<double>>{};
    for (const auto& peak : peaks) {
        if (std::max(peak.first_area, peak.second_area) >= std::ssize(score))
            throw base::InputError(fmt::format("area {} of {}",
                                               std::max(peak.first_area, peak.second_area),
                                               score.size()),
                                   "hierarchy", "give a score, or NaN, for every area");
        if (peak.first_area < 0 || peak.second_area < 0 || peak.first_area == peak.second_area ||
            std::isnan(score[static_cast<std::size_t>(peak.first_area)]) ||
            std::isnan(score[static_cast<std::size_t>(peak.second_area)]))
            continue;
        if (peak.first_area > peak.second_area)
            delays[{peak.second_area, peak.first_area}].push_back(peak.lag_ms);
        else
            delays[{peak.first_area, peak.second_area}].push_back(-peak.lag_ms);
    }
    auto result = Hierarchy{};
    for (const auto& [areas, values] : delays)
        if (std::ssize(values) >= settings.least_pairs)
            result.area_pairs.push_back({areas.first, areas.second, std::ssize(values),
                                         stats::median(values),
                                         score[static_cast<std::size_t>(areas.second)] -
                                             score[static_cast<std::size_t>(areas.first)]});
    result.r = correlation(result.area_pairs, score);
    if (std::isnan(result.r))
        result.p_value = result.r;
    else
        permute(result, score, settings);
    return result;
}

} // namespace rewire::spikes
