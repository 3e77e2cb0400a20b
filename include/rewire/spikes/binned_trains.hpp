#pragma once

#include <rewire/base/partition.hpp>
#include <rewire/spikes/trials.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

/// Spikes by bin, on one axis of positions for trials and for continuous recordings alike, so that
/// one kernel counts coincidences in both.
namespace rewire::spikes {

/// Called every few milliseconds to seconds with the number of pairs (or surrogates) finished since
/// the last call; false stops.
using Tick = std::function<bool(std::int64_t)>;

/// A stretch of observed bins: a trial, or an interval of a continuous recording.
struct Segment
{
    std::int64_t first = 0; ///< position of its first bin
    std::int64_t bins = 0;

    std::int64_t last() const noexcept { return first + bins; }
    friend bool operator==(const Segment&, const Segment&) = default;
};

/// Segments in order. Trials lie further apart than any lag that is looked at, so that no
/// coincidence is counted across them; intervals of a recording keep their true distances.
struct Timeline
{
    std::vector<Segment> segments;
    std::int64_t bin_ns = nanoseconds_per_ms;
    bool trials = false; ///< segments are trials of equal length

    std::int64_t extent() const noexcept { return segments.empty() ? 0 : segments.back().last(); }
    std::int64_t observed_bins() const noexcept;
};

/// Distance between trials, bins: the largest reach of lags plus jitter.
inline constexpr auto default_trial_gap = std::int64_t{256};

Timeline trial_timeline(std::int64_t trials, std::int64_t bins, std::int64_t bin_ns,
                        std::int64_t gap = default_trial_gap);
/// Bins are counted from the one that holds the start of the first interval; a bin that is observed
/// in part belongs to it.
/// @throws InputError: more than 2^31 bins
/// @pre observed merged
Timeline continuous_timeline(std::span<const TimeInterval> observed, std::int64_t bin_ns);

/// Ragged positions, ascending and distinct: at most one spike a bin, as in the paper's binary
/// arrays.
struct BinnedTrains
{
    Timeline timeline;
    std::vector<std::int32_t> position;
    std::vector<std::int64_t> start{0};
    std::vector<std::int64_t> clipped; ///< [units] spikes that fell into a bin that had one

    std::int64_t units() const noexcept { return static_cast<std::int64_t>(start.size()) - 1; }
    std::span<const std::int32_t> train(std::int64_t unit) const noexcept
    {
        const auto first = static_cast<std::size_t>(start[static_cast<std::size_t>(unit)]);
        const auto last = static_cast<std::size_t>(start[static_cast<std::size_t>(unit) + 1]);
        return std::span(position).subspan(first, last - first);
    }
    /// Spikes a second of observed time; 0 for none.
    double rate_hz(std::int64_t unit) const noexcept;
};

BinnedTrains binned(const PackedTrials& packed, std::int64_t bin_ns,
                    std::int64_t gap = default_trial_gap);
/// Spikes outside `observed` are left out.
/// @pre trains ascending, observed merged
BinnedTrains binned(const SpikeTrainsView& trains, std::span<const TimeInterval> observed,
                    std::int64_t bin_ns);

/// The first and the second half: of the trials, or of the observed time (a segment that holds the
/// middle is cut). For estimating a connection twice from different data.
BinnedTrains half_of(const BinnedTrains& trains, bool second);

/// Pairs of a first and a second range of units; where both are the same range, each unordered pair
/// once. Pairs i < j in the order of i, then j.
struct PairTile
{
    base::Range first;
    base::Range second;

    std::int64_t pairs() const noexcept
    {
        return first == second ? base::pair_count(first.size()) : first.size() * second.size();
    }
    friend bool operator==(const PairTile&, const PairTile&) = default;
};

/// All unordered pairs of `units`, in square tiles of at most `size` units a side. What a unit
/// needs beside its train is made anew for each tile.
std::vector<PairTile> pair_tiles(std::int64_t units, std::int64_t size = 32);

/// Calls visit(i, j, index in the tile) for every pair.
template <typename Visit>
void for_each_pair(const PairTile& tile, Visit&& visit)
{
    auto index = std::int64_t{0};
    for (auto i = tile.first.first; i < tile.first.last; ++i) {
        const auto from = tile.first == tile.second ? i + 1 : tile.second.first;
        for (auto j = from; j < tile.second.last; ++j)
            visit(i, j, index++);
    }
}

/// The same for the pairs that are wanted. @param wanted [pairs of the tile], 0 for those that are
/// not; empty: all
template <typename Visit>
void for_each_pair(const PairTile& tile, std::span<const std::uint8_t> wanted, Visit&& visit)
{
    for_each_pair(tile, [&](auto i, auto j, auto pair) {
        if (wanted.empty() || wanted[static_cast<std::size_t>(pair)] != 0)
            visit(i, j, pair);
    });
}

} // namespace rewire::spikes
