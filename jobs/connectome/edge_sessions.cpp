#include "edge_sessions.hpp"

#include "result.hpp"

#include <rewire/base/random.hpp>
#include <rewire/calcium/covariance.hpp>
#include <rewire/calcium/event_smoothing.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

calcium::EdgeTestOptions edge_test_options(const ConnectomeSettings& settings)
{
    return {.support = settings.support == SupportBy::shift ? calcium::Support::shift
                                                            : calcium::Support::jitter,
            .two_sided = settings.two_sided,
            .level = supported_level};
}

std::int64_t window_frames_of(const io::ActivityInfo& activity, const ConnectomeSettings& settings)
{
    return calcium::jitter_window_frames(activity.rate_hz, settings.window_s);
}

calcium::DisplacementOptions displacement_options(const io::ActivityInfo& activity,
                                                  const ConnectomeSettings& settings)
{
    // Displaced by less than a window, a pair would keep what the jitter leaves alone.
    const auto shortest =
        std::max({std::int64_t{1}, std::int64_t{std::llround(2 * activity.rate_hz)},
                  window_frames_of(activity, settings)});
    return {.draws = settings.displacements,
            .shortest_frames = shortest,
            .longest_frames = std::max<std::int64_t>(shortest, std::llround(10 * activity.rate_hz)),
            .level = supported_level,
            .tests = edge_test_options(settings),
            .lags = {}};
}

calcium::Tick counting(const runtime::Tick& tick)
{
    return [&tick](std::int64_t) { return tick(); };
}

const SessionTraces& EdgeSessions::traces(std::size_t position)
{
    if (traces_position_ == position)
        return traces_;
    traces_position_ = none;
    const auto& session = wave_.session(position);
    const auto& input = inputs_[wave_.sessions[position]];
    traces_ = {};
    traces_.activity = activity_.activity(position);
    traces_.events = activity_.events(position);
    const auto frames = frames_of(session, input, settings_, traces_.activity);
    traces_.circles = frames.circles(traces_.activity.frames);
    traces_.covariates = covariates_of(session, input, settings_);
    traces_.segments = frames.segments;
    traces_.active = calcium::active_neurons(traces_.activity);
    traces_.window_frames = window_frames_of(*session.record.activity, settings_);
    traces_.taps = calcium::smoothing_weights(input.taps);
    traces_position_ = position;
    return traces_;
}

calcium::DisplacementInput EdgeSessions::displacement_input(std::size_t position)
{
    const auto& session = traces(position);
    return {.activity = session.activity,
            .circles = session.circles,
            .covariates = session.covariates.view(),
            .events = session.events,
            .segments = session.segments,
            .jitter = {.window_frames = session.window_frames, .taps = session.taps},
            .active = session.active};
}

calcium::DisplacementOptions EdgeSessions::displacement_options(std::size_t position) const
{
    return jobs::displacement_options(info(position), settings_);
}

calcium::DisplacementKey EdgeSessions::key(std::size_t position) const
{
    const auto& record = wave_.session(position).record;
    return {context_.seed(), base::key_of(record.subject), base::key_of(record.session)};
}

std::vector<std::int64_t> EdgeSessions::displacement(std::size_t position, std::int64_t draw)
{
    if (draw < 0)
        return {};
    const auto& session = traces(position);
    return calcium::displacement_of(draw, session.activity.neurons(), session.active,
                                    displacement_options(position), key(position));
}

} // namespace rewire::jobs
