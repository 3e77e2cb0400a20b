#pragma once

#include <rewire/io/study.hpp>
#include <rewire/runtime/run_context.hpp>

#include <string>
#include <vector>

namespace rewire::jobs {

/// What `rewire study` says of the units of recordings: how many pass each of the paper's criteria,
/// and, of those that pass all, what sorting left behind: spikes within the refractory time of
/// another of the same unit, pairs that look like one unit cut in two (near pairs; any where the
/// file has no positions), units that come or go during the session. Trains are held once a node,
/// some sessions at a time; units are shared out over the ranks. Collective.
/// @param sessions indices into the study, of recordings that can be read
/// @return the text, on rank 0
/// @throws as read_recording
std::string sorting_report(runtime::RunContext& context, const io::Study& study,
                           const std::vector<std::size_t>& sessions);

} // namespace rewire::jobs
