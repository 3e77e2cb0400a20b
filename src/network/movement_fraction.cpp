#include "rewire/network/movement_fraction.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/nan.hpp>
#include <rewire/base/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace rewire::network {

namespace {

using base::nan;

/// Ends of some pairs over the sessions: integers, so that sums are exact.
struct Ends
{
    std::int64_t related = 0;
    std::int64_t tested = 0;

    Ends& operator+=(const Ends& other)
    {
        related += other.related;
        tested += other.tested;
        return *this;
    }
    double fraction() const
    {
        return tested == 0 ? nan : static_cast<double>(related) / static_cast<double>(tested);
    }
};

/// Number of sessions in which each neuron was tested and is movement-related.
class SessionCounts
{
  public:
    SessionCounts(std::int64_t neurons, const MovementFlags& flags)
        : of_neuron_(static_cast<std::size_t>(neurons))
    {
        const auto& [related, tested] = flags;
        if (neurons < 1 || related.size() % of_neuron_.size() != 0 ||
            (!tested.empty() && tested.size() != related.size()))
            throw base::InputError(
                fmt::format("{} movement flags for {} neurons", related.size(), neurons), "",
                "give one flag for every neuron and session");
        for (std::size_t k = 0; k < related.size(); ++k)
            if (tested.empty() || tested[k] != 0)
                of_neuron_[k % of_neuron_.size()] += {related[k] != 0 ? 1 : 0, 1};
    }

    Ends at_ends(std::int64_t pair) const
    {
        const auto neurons = static_cast<std::int64_t>(of_neuron_.size());
        if (pair < 0 || pair >= base::pair_count(neurons))
            throw base::InputError(fmt::format("pair {} of {} neurons", pair, neurons), "",
                                   "pairs are counted over the upper triangle");
        const auto ends = ends_of(pair, neurons);
        auto sum = of_neuron_[static_cast<std::size_t>(ends.first)];
        sum += of_neuron_[static_cast<std::size_t>(ends.second)];
        return sum;
    }

  private:
    std::vector<Ends> of_neuron_;
};

} // namespace

PairEnds ends_of(std::int64_t pair, std::int64_t neurons) noexcept
{
    // The row by the root of the quadratic, then corrected where rounding is off by one.
    const auto n = static_cast<double>(2 * neurons - 1);
    auto row =
        static_cast<std::int64_t>((n - std::sqrt(n * n - 8 * static_cast<double>(pair))) / 2);
    row = std::clamp<std::int64_t>(row, 0, std::max<std::int64_t>(0, neurons - 2));
    while (row > 0 && base::pair_index(row, row + 1, neurons) > pair)
        --row;
    while (row + 2 < neurons && base::pair_index(row + 1, row + 2, neurons) <= pair)
        ++row;
    return {row, row + 1 + pair - base::pair_index(row, row + 1, neurons)};
}

double movement_fraction(std::span<const std::int64_t> pairs, std::int64_t neurons,
                         const MovementFlags& flags)
{
    const auto counts = SessionCounts(neurons, flags);
    auto sum = Ends{};
    for (const auto pair : pairs)
        sum += counts.at_ends(pair);
    return sum.fraction();
}

std::vector<EdgePool> matched_pools(std::span<const std::int64_t> edges,
                                    std::span<const std::int32_t> sessions,
                                    std::span<const std::int64_t> top)
{
    if (top.size() > edges.size())
        throw base::InputError(
            fmt::format("{} of {} edges cannot be drawn", top.size(), edges.size()), "",
            "compare fewer top edges");
    auto by_sessions = std::map<std::int32_t, EdgePool>{};
    for (std::size_t k = 0; k < edges.size(); ++k)
        by_sessions[sessions[k]].edges.push_back(edges[k]);
    for (const auto pair : top) {
        const auto at = std::lower_bound(edges.begin(), edges.end(), pair);
        const auto is_edge = at != edges.end() && *at == pair;
        auto& pool = is_edge ? by_sessions[sessions[static_cast<std::size_t>(at - edges.begin())]]
                             : by_sessions.begin()->second;
        ++pool.count;
    }
    auto pools = std::vector<EdgePool>{};
    const auto join = [](EdgePool& pool, const EdgePool& next) {
        pool.edges.insert(pool.edges.end(), next.edges.begin(), next.edges.end());
        pool.count += next.count;
    };
    const auto too_small = [](const EdgePool& pool) { return pool.count > std::ssize(pool.edges); };
    for (auto& [_, pool] : by_sessions)
        if (!pools.empty() && too_small(pools.back()))
            join(pools.back(), pool);
        else
            pools.push_back(std::move(pool));
    while (too_small(pools.back())) { // all of them together have enough
        const auto last = std::move(pools.back());
        pools.pop_back();
        join(pools.back(), last);
    }
    std::erase_if(pools, [](const EdgePool& pool) { return pool.count == 0; });
    for (auto& pool : pools)
        std::sort(pool.edges.begin(), pool.edges.end());
    return pools;
}

std::vector<double> drawn_movement_fractions(std::span<const EdgePool> pools, std::int64_t neurons,
                                             const MovementFlags& flags, const DrawKey& key,
                                             base::Range draws)
{
    const auto counts = SessionCounts(neurons, flags);
    auto at_ends = std::vector<std::vector<Ends>>{}; // [pool, edge]
    for (const auto& pool : pools) {
        if (pool.count < 0 || pool.count > std::ssize(pool.edges))
            throw base::InputError(
                fmt::format("{} of {} edges cannot be drawn", pool.count, pool.edges.size()), "",
                "compare fewer top edges");
        auto& of_pool = at_ends.emplace_back();
        for (const auto pair : pool.edges)
            of_pool.push_back(counts.at_ends(pair));
    }

    auto fractions = std::vector<double>{};
    auto swapped = std::vector<std::pair<std::size_t, std::size_t>>{};
    for (auto draw = draws.first; draw < draws.last; ++draw) {
        auto stream = base::Stream(key.seed, {base::key_of("random edges"), key.subject,
                                              static_cast<std::uint64_t>(draw)});
        auto sum = Ends{};
        for (std::size_t p = 0; p < pools.size(); ++p) {
            auto& ends = at_ends[p];
            const auto count = static_cast<std::size_t>(pools[p].count);
            for (std::size_t k = 0; k < count; ++k) { // the head of a Fisher-Yates shuffle
                const auto other = k + static_cast<std::size_t>(stream.below(ends.size() - k));
                swapped.emplace_back(k, other);
                std::swap(ends[k], ends[other]);
                sum += ends[k];
            }
            for (; !swapped.empty(); swapped.pop_back()) // back in order: draws stand alone
                std::swap(ends[swapped.back().first], ends[swapped.back().second]);
        }
        fractions.push_back(sum.fraction());
    }
    return fractions;
}

double percentile_among(std::span<const double> draws, double value)
{
    if (std::isnan(value))
        return nan;
    auto below = 0.0;
    auto count = std::int64_t{0};
    for (const auto draw : draws) {
        below += draw < value ? 1.0 : (draw == value ? 0.5 : 0.0);
        count += std::isnan(draw) ? 0 : 1;
    }
    return count == 0 ? nan : 100 * below / static_cast<double>(count);
}

} // namespace rewire::network
