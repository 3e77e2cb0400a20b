#pragma once

#include "rates.hpp"
#include "settings.hpp"

#include <rewire/io/study.hpp>
#include <rewire/runtime/plan.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rewire::jobs {

/// Non-zero samples of smoothed activity, and of the events before smoothing.
std::int64_t entries_of(const io::ActivityInfo& activity);
std::int64_t events_of(const io::ActivityInfo& activity);
/// Events before smoothing beside the smoothed ones, five frames each where they do not overlap.
inline constexpr auto event_share = 0.3;

/// Seconds of one core for the tests of edges, of a session or of a draw of its displacement
/// control, which is in single precision: what all parts of its tables need first, a part in one of
/// its two rounds, the jitter of its events, some tiles.
double edge_preparation_seconds(const io::ActivityInfo& activity,
                                const ConnectomeRates& rates = typical_connectome_rates);
double edge_part_seconds(const io::ActivityInfo& activity, bool displaced,
                         const ConnectomeRates& rates = typical_connectome_rates);
double edge_jitter_seconds(const io::ActivityInfo& activity,
                           const ConnectomeRates& rates = typical_connectome_rates);
double edge_tiles_seconds(const io::ActivityInfo& activity, std::int64_t tiles, bool displaced,
                          const ConnectomeRates& rates = typical_connectome_rates);
/// Of a window of the jitter and a draw of the displacement control, where the windows are too
/// long: jitter alone.
double window_trial_seconds(const io::ActivityInfo& activity, std::int64_t window_frames,
                            const ConnectomeRates& rates = typical_connectome_rates);
/// Of the tables of a session or a draw in the memory of a node, and of what they are made from.
double edge_version_bytes(const io::ActivityInfo& activity, const ConnectomeSettings& settings,
                          bool displaced);
double edge_prepared_bytes(const io::ActivityInfo& activity, const ConnectomeSettings& settings,
                           bool displaced);
/// [versions] the batch of each: as many, in their order, as have room together.
std::vector<std::size_t> edge_batches(const std::vector<double>& version_bytes);
/// [versions] the group of each: whole batches, whose versions are prepared at the same time, one a
/// rank, because what is prepared has room together.
std::vector<std::size_t> edge_groups(const std::vector<double>& prepared_bytes,
                                     const std::vector<double>& version_bytes);
/// What the tests of edges take of some sessions, one after the other.
class EdgeEstimate
{
  public:
    EdgeEstimate(const ConnectomeSettings& settings, const ConnectomeRates& rates)
        : settings_(settings), rates_(rates)
    {
    }

    void add(const io::ActivityInfo& activity);
    void add_to(runtime::Estimate& estimate) const;

  private:
    const ConnectomeSettings& settings_;
    const ConnectomeRates& rates_;
    std::vector<double> tables_;      ///< [versions] edge_version_bytes
    std::vector<double> kept_;        ///< [versions] of these, what lies beside what is prepared
    std::vector<double> preparation_; ///< [versions] edge_prepared_bytes
    double rank_bytes_ = 0;
    double early_rank_bytes_ = 0;
    double seconds_ = 0;
    double longest_s_ = 0;
    std::int64_t units_ = 0;
};

/// Of a pair, on rank 0 and in the checkpoint: what tiles hand over.
inline constexpr auto test_bytes = 72.0;

} // namespace rewire::jobs
