#include "rewire/spikes/sorting_quality.hpp"

#include <rewire/base/error.hpp>
#include <rewire/stats/poisson.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::spikes {

namespace {

/// Pairs of spikes whose distance lies in [from, to).
std::int64_t pairs_within(std::span<const std::int64_t> first, std::span<const std::int64_t> second,
                          std::int64_t from_ns, std::int64_t to_ns)
{
    auto count = std::int64_t{0};
    auto start = std::size_t{0};
    for (const auto time : first) {
        while (start < second.size() && second[start] <= time - to_ns)
            ++start;
        for (auto k = start; k < second.size() && second[k] < time + to_ns; ++k)
            count += std::abs(second[k] - time) >= from_ns;
    }
    return count;
}

/// Spikes in equal parts of the observed time, joined without its gaps.
std::vector<double> counts_in_parts(std::span<const std::int64_t> train,
                                    std::span<const TimeInterval> observed, std::int64_t parts)
{
    auto result = std::vector<double>(static_cast<std::size_t>(parts), 0.0);
    const auto total = static_cast<double>(total_length_ns(observed));
    auto before = std::int64_t{0};
    auto spike = train.begin();
    for (const auto& one : observed) {
        for (; spike != train.end() && *spike < one.stop_ns; ++spike) {
            const auto position = static_cast<double>(before + *spike - one.start_ns) / total;
            const auto part = static_cast<std::int64_t>(position * static_cast<double>(parts));
            result[static_cast<std::size_t>(std::clamp(part, std::int64_t{0}, parts - 1))] += 1;
        }
        before += one.length_ns();
    }
    return result;
}

Presence presence_of(std::vector<double> count, double part_s)
{
    const auto third = static_cast<std::ptrdiff_t>(count.size() / 3);
    auto first = 0.0;
    auto last = 0.0;
    for (std::ptrdiff_t k = 0; k < third; ++k) {
        first += count[static_cast<std::size_t>(k)];
        last += count[count.size() - 1 - static_cast<std::size_t>(k)];
    }
    auto result = Presence{};
    const auto seconds = part_s * static_cast<double>(third);
    result.first_third_hz = first / seconds;
    result.last_third_hz = last / seconds;
    const auto beyond_chance = std::abs(first - last) > 3 * std::sqrt(first + last);
    result.comes = beyond_chance && first < last / 4;
    result.goes = beyond_chance && last < first / 4;
    const auto middle = count.begin() + std::ssize(count) / 2;
    auto sorted = count;
    std::nth_element(sorted.begin(), sorted.begin() + std::ssize(count) / 2, sorted.end());
    const auto median = sorted[static_cast<std::size_t>(middle - count.begin())];
    const auto least = std::max(median / 10, std::numeric_limits<double>::min());
    result.present_share = static_cast<double>(std::count_if(count.begin(), count.end(),
                                                             [&](auto n) { return n >= least; })) /
                           static_cast<double>(count.size());
    return result;
}

} // namespace

std::vector<RefractoryViolations> refractory_violations(const SpikeTrainsView& trains,
                                                        std::int64_t refractory_ns)
{
    auto result = std::vector<RefractoryViolations>{};
    for (std::int64_t unit = 0; unit < trains.units(); ++unit) {
        const auto train = trains.train(unit);
        auto one = RefractoryViolations{static_cast<std::int64_t>(train.size())};
        for (std::size_t k = 1; k < train.size(); ++k)
            one.violations += train[k] - train[k - 1] < refractory_ns;
        one.share = static_cast<double>(one.violations) / static_cast<double>(one.spikes);
        result.push_back(one);
    }
    return result;
}

std::vector<SplitPair> split_units(const SpikeTrainsView& trains,
                                   std::span<const TimeInterval> observed,
                                   std::span<const std::int32_t> pair_first,
                                   std::span<const std::int32_t> pair_second,
                                   const SplitCriterion& criterion)
{
    if (pair_first.size() != pair_second.size())
        throw base::InputError(fmt::format("{} first and {} second units of pairs",
                                           pair_first.size(), pair_second.size()),
                               "candidates for split units", "give both units of every pair");
    const auto total = static_cast<double>(total_length_ns(observed));
    const auto pairs = criterion.pairs > 0 ? criterion.pairs : std::ssize(pair_first);
    const auto pair_level =
        criterion.family_level / static_cast<double>(std::max<std::int64_t>(pairs, 1));
    auto result = std::vector<SplitPair>{};
    for (std::size_t k = 0; k < pair_first.size(); ++k) {
        const auto first = trains.train(std::min(pair_first[k], pair_second[k]));
        const auto second = trains.train(std::max(pair_first[k], pair_second[k]));
        const auto density =
            2 * static_cast<double>(first.size()) * static_cast<double>(second.size()) / total;
        const auto expected =
            density * static_cast<double>(criterion.refractory_ns - criterion.dead_ns);
        if (!(expected >= criterion.least_expected))
            continue;
        const auto inner = pairs_within(first, second, criterion.dead_ns, criterion.refractory_ns);
        if (static_cast<double>(inner) > criterion.most_of_expected * expected ||
            stats::poisson_tails(expected, inner).lower > pair_level)
            continue;
        const auto outer = pairs_within(first, second, criterion.refractory_ns, criterion.outer_ns);
        const auto outer_expected =
            density * static_cast<double>(criterion.outer_ns - criterion.refractory_ns);
        if (static_cast<double>(outer) >= criterion.outer_of_expected * outer_expected)
            result.push_back({std::min(pair_first[k], pair_second[k]),
                              std::max(pair_first[k], pair_second[k]), inner, expected});
    }
    return result;
}

std::vector<Presence> presence(const SpikeTrainsView& trains,
                               std::span<const TimeInterval> observed, std::int64_t parts)
{
    const auto part_s =
        static_cast<double>(total_length_ns(observed)) * 1e-9 / static_cast<double>(parts);
    auto result = std::vector<Presence>{};
    for (std::int64_t unit = 0; unit < trains.units(); ++unit)
        result.push_back(presence_of(counts_in_parts(trains.train(unit), observed, parts), part_s));
    return result;
}

} // namespace rewire::spikes
