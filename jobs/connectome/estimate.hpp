#pragma once

#include "rates.hpp"
#include "settings.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/calcium/shift_null.hpp>
#include <rewire/io/study.hpp>
#include <rewire/runtime/plan.hpp>

#include <cstddef>
#include <functional>
#include <vector>

namespace rewire::jobs {

/// Seconds of one core from smoothed events to metrics.
double connectome_seconds(const io::ActivityInfo& activity,
                          const ConnectomeRates& rates = typical_connectome_rates);

/// Shifts, block size and shrinkage of the surrogates of a session.
calcium::ShiftNullOptions null_options(const io::ActivityInfo& activity,
                                       const ConnectomeSettings& settings);
/// Seconds of one core for a block of surrogates.
double null_block_seconds(const io::ActivityInfo& activity, const ConnectomeSettings& settings,
                          const ConnectomeRates& rates = typical_connectome_rates);

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
/// Of a session in the memory of a node while its wave is computed.
std::function<double(const io::StudySession& session)>
connectome_session_bytes(const ConnectomeSettings& settings);

/// What `rewire connectome` will need for these sessions.
runtime::Estimate connectome_estimate(const io::Study& study,
                                      const std::vector<std::size_t>& sessions,
                                      const ConnectomeSettings& settings,
                                      const runtime::Options& options,
                                      const ConnectomeRates& rates = typical_connectome_rates);

} // namespace rewire::jobs
