#pragma once

#include "frames.hpp"
#include "result.hpp"
#include "settings.hpp"

namespace rewire::jobs {

/// How much of a session the tests of events reach.
/// @param smoothed and events: of the session, all frames
TestCoverage coverage_of(const SessionFrames& frames, const activity::ActivityView& smoothed,
                         const activity::ActivityView& events, const io::StudySession& session,
                         const ConnectomeSettings& settings);

} // namespace rewire::jobs
