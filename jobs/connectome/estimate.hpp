#pragma once

#include "edge_estimate.hpp"
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
