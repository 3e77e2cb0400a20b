#pragma once

#include <rewire/base/partition.hpp>

#include <cstdint>
#include <span>
#include <vector>

/// Do the edges that change most connect movement-related neurons (methods page, calcium (g), R8;
/// the paper's 2.9)?
namespace rewire::network {

/// The two neurons of a pair, row-major order of the upper triangle (base::pair_index).
struct PairEnds
{
    std::int64_t first;
    std::int64_t second;
};

/// @pre 0 <= pair < pair_count(neurons)
PairEnds ends_of(std::int64_t pair, std::int64_t neurons) noexcept;

/// What is known about the neurons in the sessions of a period: 0 or 1 each.
struct MovementFlags
{
    std::span<const std::uint8_t> related = {}; ///< [session, neuron]
    /// [session, neuron] 0: neither related nor unrelated, and not counted; empty: all were tested.
    std::span<const std::uint8_t> tested = {};
};

/// Share of the ends of the pairs (a neuron counts once for every edge it is in and every session
/// of the period) that are movement-related, of those that were tested. NaN where none was.
/// @throws InputError: a pair beyond the neurons, or flags that are no whole number of sessions
double movement_fraction(std::span<const std::int64_t> pairs, std::int64_t neurons,
                         const MovementFlags& flags);

/// Names the random draws of one animal.
struct DrawKey
{
    std::uint64_t seed = 0;
    std::uint64_t subject = 0; ///< base::key_of(name)
};

/// Edges from which so many are drawn at random.
struct EdgePool
{
    std::vector<std::int64_t> edges; ///< pairs
    std::int64_t count = 0;
};

/// Pools that match the top edges for the number of sessions in which they are present: an edge
/// that is there in one session is one of many, and hardly ever one that the first component is
/// about. For every number of sessions that a top edge has, all edges that have it, ascending. A
/// top edge that is present in no session is matched with those that are in the fewest; a pool that
/// has fewer edges than are to be drawn is joined with the next one.
/// @param edges that the animal has in any session, ascending; `sessions` of each
/// @throws InputError: fewer edges than top ones
std::vector<EdgePool> matched_pools(std::span<const std::int64_t> edges,
                                    std::span<const std::int32_t> sessions,
                                    std::span<const std::int64_t> top);

/// The same share for edges drawn without replacement from the pools, for draws [first, last). A
/// draw does not depend on the period, so that the draws of several periods are of the same edges.
/// Cost: O(edges + draws x count). @throws InputError: fewer edges than are to be drawn
std::vector<double> drawn_movement_fractions(std::span<const EdgePool> pools, std::int64_t neurons,
                                             const MovementFlags& flags, const DrawKey& key,
                                             base::Range draws);

/// Percentile of a value among draws, 0 to 100: draws below it plus half of those equal, of the
/// draws that are not NaN. NaN without such draws or for NaN.
double percentile_among(std::span<const double> draws, double value);

} // namespace rewire::network
