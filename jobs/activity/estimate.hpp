#pragma once

#include "rates.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/io/study.hpp>
#include <rewire/runtime/options.hpp>
#include <rewire/runtime/plan.hpp>

#include <cstdint>
#include <vector>

namespace rewire::jobs {

/// Blocks of neurons that a session is deconvolved in.
std::vector<base::Range> neuron_blocks(const io::ActivityInfo& activity);

/// Of the largest session with dF/F.
std::int64_t most_neurons(const io::Study& study);

/// Estimated bytes of a session's smoothed events, and of one block while it is deconvolved.
double activity_bytes(const io::ActivityInfo& activity);
double block_bytes(const io::ActivityInfo& activity);

/// Of a session in the memory of a node while its wave is computed: its events, and the counts and
/// p-values of its pairs. @pre it has dF/F
double session_bytes(const io::StudySession& session);

/// Memory and work from files to smoothed events. @throws InputError naming a session without dF/F
runtime::Estimate deconvolution_estimate(const io::Study& study,
                                         const std::vector<std::size_t>& sessions,
                                         const runtime::Options& options,
                                         const ActivityRates& rates);

} // namespace rewire::jobs
