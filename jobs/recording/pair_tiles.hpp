#pragma once

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

/// A tile of the pairs of a session of the wave.
struct TileWork
{
    std::size_t position = 0; ///< of the session, in the wave
    spikes::PairTile tile;
    double bytes = 0; ///< of its result
    double cost = 0;  ///< s
};

/// Results of pairs that are in memory at the same time, over all ranks.
inline constexpr auto pair_results_bytes = 200e6;

/// Units a side of a tile: few for few units, so that there are tiles for many ranks.
std::int64_t pair_tile_side(std::int64_t units);

/// A part of the work whose result rank 0 takes.
struct PartOfWork
{
    double bytes = 0; ///< of its result
    double cost = 0;  ///< s
};
/// Collective. Computes the parts on whichever ranks are free, as many at a time as fit into
/// `pair_results_bytes`, and hands the results to `take` on rank 0, in the order of the parts.
/// @param compute gives nothing when stopped
/// @param suffix of the wave, for the names of the phases
void each_part_to_root(
    runtime::RunContext& context, const std::string& suffix, const std::vector<PartOfWork>& parts,
    const std::function<std::optional<std::vector<std::byte>>(std::size_t part,
                                                              const runtime::Tick& tick)>& compute,
    const std::function<void(std::size_t part, std::span<const std::byte> result)>& take);

using ComputeTile = std::function<std::optional<std::vector<std::byte>>(const TileWork& work,
                                                                        const runtime::Tick& tick)>;
using TakeTile = std::function<void(const TileWork& work, std::span<const std::byte> result)>;

/// The same, for tiles.
void each_tile_to_root(runtime::RunContext& context, const std::string& suffix,
                       const std::vector<TileWork>& work, const ComputeTile& compute,
                       const TakeTile& take);

/// Begins and ends the sessions of a wave in their order while their tiles come, those without any
/// pair included: for what writes them one after the other.
class SessionsInOrder
{
  public:
    using Visit = std::function<void(std::size_t position)>;

    SessionsInOrder(std::size_t sessions, Visit begin, Visit end)
        : sessions_(sessions), begin_(std::move(begin)), end_(std::move(end))
    {
    }
    /// Ends the sessions before this one and begins it.
    void go_on_to(std::size_t position)
    {
        while (next_ <= position && next_ < sessions_) {
            if (next_ > 0)
                end_(next_ - 1);
            begin_(next_++);
        }
    }
    void finish()
    {
        go_on_to(sessions_);
        if (next_ > 0)
            end_(next_ - 1);
    }

  private:
    std::size_t sessions_;
    std::size_t next_ = 0;
    Visit begin_;
    Visit end_;
};

} // namespace rewire::jobs
