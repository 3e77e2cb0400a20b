#include "coverage.hpp"

#include "edge_sessions.hpp"

#include <rewire/calcium/covariance.hpp>
#include <rewire/calcium/event_jitter.hpp>

namespace rewire::jobs {

TestCoverage coverage_of(const SessionFrames& frames, const activity::ActivityView& smoothed,
                         const activity::ActivityView& events, const io::StudySession& session,
                         const ConnectomeSettings& settings)
{
    const auto windows =
        calcium::window_coverage(events, calcium::active_neurons(smoothed), frames.segments,
                                 window_frames_of(*session.record.activity, settings));
    return {.windows = windows.windows, .events_outside = windows.share_outside()};
}

} // namespace rewire::jobs
