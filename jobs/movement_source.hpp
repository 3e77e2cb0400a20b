#pragma once

#include "activity_source.hpp"

#include <rewire/behaviour/movement_epochs.hpp>
#include <rewire/io/study.hpp>
#include <rewire/job/run_context.hpp>

#include <string>
#include <vector>

namespace rewire::jobs {

/// Movement epochs of a session and where they come from.
struct SessionMovements
{
    behaviour::Epochs epochs; ///< on the frames of the tested activity
    std::string
        source; ///< "/intervals/movement_epochs", "/processing/behavior/lever (lever trace)"
};

/// --movement, --lever-threshold
std::vector<job::Option> movement_source_options();

/// Movement epochs of the sessions of a wave, sessions over ranks; on all ranks. Collective.
/// @param dff whether the activity is dF/F (all kept frames) and not smoothed events (two frames
/// fewer at each end)
/// @throws InputError: no source of movements, or not the one asked for
std::vector<SessionMovements> movements_of(job::RunContext& context, const io::Study& study,
                                           const std::vector<SessionInput>& inputs,
                                           const std::vector<std::size_t>& sessions, bool dff,
                                           const std::string& phase);

/// Movement frames of one session on all frames of its file, not dilated.
SessionMovements movements_in(const io::NwbSession& file, const job::Options& options);

} // namespace rewire::jobs
