#pragma once

#include "jobs/frame/session_job.hpp"

#include <rewire/runtime/run_context.hpp>
#include <rewire/spikes/binned_trains.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Work over all pairs of the units of the sessions of a wave, tile after tile, over the ranks.
namespace rewire::jobs {

/// Results of pairs that are in memory at the same time, over all ranks.
inline constexpr auto pair_results_bytes = 200e6;

/// Units a side of a tile: few for few units, so that there are tiles for many ranks.
std::int64_t pair_tile_side(std::int64_t units);

/// A part of the work on a session whose result rank 0 takes.
struct PartOfWork
{
    std::size_t position = 0; ///< of the session, in the wave
    double bytes = 0;         ///< of its result
    double cost = 0;          ///< s
};
using ComputePart = std::function<std::optional<std::vector<std::byte>>(std::size_t part,
                                                                        const runtime::Tick& tick)>;
using TakePart = std::function<void(std::size_t part, std::span<const std::byte> result)>;

/// Collective. Computes the parts on whichever ranks are free, as many at a time as fit into
/// `pair_results_bytes`, and hands the results to `take` on rank 0, in the order of the parts.
/// @param compute gives nothing when stopped
/// @param suffix of the wave, for the names of the phases
void each_part_to_root(runtime::RunContext& context, const std::string& suffix,
                       const std::vector<PartOfWork>& parts, const ComputePart& compute,
                       const TakePart& take);

/// What rank 0 does with the sessions of a wave, one after the other, for what writes them.
struct TakeSessions
{
    std::function<void(std::size_t position)> begin;
    TakePart take; ///< in the order of the parts
    std::function<void(std::size_t position)> end;
};
/// Collective. The same, with a begin and an end of every session, of those without a part, too.
/// @param parts those of a session together, sessions in their order
void each_part_by_session(runtime::RunContext& context, const Wave& wave,
                          const std::vector<PartOfWork>& parts, const ComputePart& compute,
                          const TakeSessions& sessions);

/// The pairs of all sessions of a wave, cut into tiles.
struct PairTiles
{
    std::vector<spikes::PairTile> tile; ///< [parts]
    std::vector<PartOfWork> part;       ///< [parts]
};
/// @param units of a session at a position of the wave
/// @param size of a tile: the bytes of its result and its cost
PairTiles
tiles_of(const Wave& wave, const std::function<std::int64_t(std::size_t position)>& units,
         const std::function<PartOfWork(std::size_t position, const spikes::PairTile& tile)>& size);

} // namespace rewire::jobs
