#include "coverage.hpp"

#include "edge_sessions.hpp"

#include <rewire/calcium/covariance.hpp>
#include <rewire/calcium/edge_tests.hpp>
#include <rewire/calcium/event_jitter.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace rewire::jobs {

namespace {

/// Of circles and of the events' segments the ones in which less is reached.
calcium::DisplacementReach reach_of(const SessionFrames& frames,
                                    const activity::ActivityView& smoothed,
                                    const calcium::DisplacementOptions& options)
{
    auto segments = std::vector<std::int64_t>{};
    for (const auto& segment : frames.segments)
        segments.push_back(segment.size());
    const auto circles = frames.circles(smoothed.frames);
    auto lengths = std::vector<std::int64_t>{};
    for (std::int64_t circle = 0; circle < circles.count(); ++circle)
        lengths.push_back(circles.length(circle));
    const auto of_events = calcium::displacement_reach(segments, options);
    const auto of_traces = calcium::displacement_reach(lengths, options);
    return {.shortest_frames = std::min(of_events.shortest_frames, of_traces.shortest_frames),
            .longest_frames = std::min(of_events.longest_frames, of_traces.longest_frames),
            .cut_share = std::max(of_events.cut_share, of_traces.cut_share)};
}

} // namespace

TestCoverage coverage_of(const SessionFrames& frames, const activity::ActivityView& smoothed,
                         const activity::ActivityView& events, const io::StudySession& session,
                         const ConnectomeSettings& settings)
{
    const auto active = calcium::active_neurons(smoothed);
    const auto windows = calcium::window_coverage(
        events, active, frames.segments, window_frames_of(*session.record.activity, settings));
    auto coverage = TestCoverage{
        .windows = windows.windows,
        .events_outside = windows.share_outside(),
        .largest_active_share = calcium::largest_active_share(events, active, frames.segments)};
    if (settings.displacements == 0)
        return coverage;
    const auto rate_hz = session.record.activity->rate_hz;
    const auto reach =
        reach_of(frames, smoothed, displacement_options(*session.record.activity, settings));
    coverage.displaced_shortest_s = reach.shortest_frames / rate_hz;
    coverage.displaced_longest_s = reach.longest_frames / rate_hz;
    coverage.displaced_cut = reach.cut_share;
    return coverage;
}

void say_windows(runtime::RunContext& context, const io::Study& study,
                 const ConnectomeSettings& settings)
{
    if (settings.support != SupportBy::jitter)
        return;
    auto longer = std::int64_t{0};
    auto slowest = 0.0;
    for (const auto& session : study.sessions) {
        const auto rate_hz = session.record.activity->rate_hz;
        if (std::llround(rate_hz * settings.window_s) >= calcium::least_window_frames)
            continue;
        slowest = longer == 0 ? rate_hz : std::min(slowest, rate_hz);
        ++longer;
    }
    if (longer > 0)
        context.note(fmt::format(
            "windows of the jitter are of {} frames at least, which last {:.2g} s at {:.3g} Hz and "
            "not the {:g} s of --window-s ({} of {} sessions): what neurons share within them, as "
            "in bursts of the population, looks like edges",
            calcium::least_window_frames,
            static_cast<double>(calcium::least_window_frames) / slowest, slowest, settings.window_s,
            longer, study.sessions.size()));
}

} // namespace rewire::jobs
