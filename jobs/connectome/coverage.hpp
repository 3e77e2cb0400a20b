#pragma once

#include "frames.hpp"
#include "result.hpp"
#include "settings.hpp"

#include <rewire/runtime/run_context.hpp>

namespace rewire::jobs {

/// How much of a session the tests of events reach.
/// @param smoothed and events: of the session, all frames
TestCoverage coverage_of(const SessionFrames& frames, const activity::ActivityView& smoothed,
                         const activity::ActivityView& events, const io::StudySession& session,
                         const ConnectomeSettings& settings);

/// Notes where frames are so few a second that the least number of them that a window of the jitter
/// has lasts longer than --window-s.
void say_windows(runtime::RunContext& context, const io::Study& study,
                 const ConnectomeSettings& settings);

} // namespace rewire::jobs
