#pragma once

#include "settings.hpp"

#include <rewire/runtime/run_context.hpp>

#include <map>
#include <string>

namespace rewire::jobs {

/// One intensity of Ledoit and Wolf for all sessions of an animal: noise of the elements over their
/// distance from the target, each added up over its sessions in their order, which is the intensity
/// that serves all of them best. Of all sessions that the study has of the animals, also of those
/// that were not chosen, so that a task with one session has the same as a run with all. Sessions
/// over ranks, each deconvolved for this alone; the same on all ranks and any number of them.
/// Collective.
/// @return by subject
std::map<std::string, double> shrinkage_of_animals(runtime::RunContext& context,
                                                   const io::Study& study,
                                                   const ConnectomeSettings& settings);

/// Seconds of one core for a session.
double shrinkage_seconds(const io::ActivityInfo& activity);

} // namespace rewire::jobs
