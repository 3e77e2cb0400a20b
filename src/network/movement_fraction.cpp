#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/network/movement_fraction.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace rewire::network {

namespace {

constexpr auto nan = std::numeric_limits<double>::quiet_NaN();

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

std::vector<double> drawn_movement_fractions(std::span<const std::int64_t> union_of_edges,
                                             std::int64_t count, std::int64_t neurons,
                                             const MovementFlags& flags, const DrawKey& key,
                                             base::Range draws)
{
    const auto edges = static_cast<std::int64_t>(union_of_edges.size());
    if (count < 0 || count > edges)
        throw base::InputError(fmt::format("{} of {} edges cannot be drawn", count, edges), "",
                               "compare fewer top edges");
    const auto counts = SessionCounts(neurons, flags);
    auto at_ends = std::vector<Ends>{};
    for (const auto pair : union_of_edges)
        at_ends.push_back(counts.at_ends(pair));

    auto fractions = std::vector<double>{};
    auto swapped = std::vector<std::pair<std::size_t, std::size_t>>{};
    for (auto draw = draws.first; draw < draws.last; ++draw) {
        auto stream = base::Stream(key.seed, {base::key_of("random edges"), key.subject,
                                              static_cast<std::uint64_t>(draw)});
        auto sum = Ends{};
        for (std::int64_t k = 0; k < count; ++k) { // the head of a Fisher-Yates shuffle
            const auto other =
                k + static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(edges - k)));
            swapped.emplace_back(static_cast<std::size_t>(k), static_cast<std::size_t>(other));
            std::swap(at_ends[swapped.back().first], at_ends[swapped.back().second]);
            sum += at_ends[static_cast<std::size_t>(k)];
        }
        fractions.push_back(sum.fraction());
        for (; !swapped.empty(); swapped.pop_back()) // back in order: draws stand alone
            std::swap(at_ends[swapped.back().first], at_ends[swapped.back().second]);
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
