#pragma once

#include "frames.hpp"
#include "jobs/activity/wave_activity.hpp"
#include "settings.hpp"

#include <rewire/calcium/circles.hpp>
#include <rewire/calcium/displacement.hpp>
#include <rewire/calcium/edge_tests.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rewire::jobs {

/// How the edges of a session are tested: options, windows of the jitter, displacements.
calcium::EdgeTestOptions edge_test_options(const ConnectomeSettings& settings);
std::int64_t window_frames_of(const io::ActivityInfo& activity, const ConnectomeSettings& settings);
calcium::DisplacementOptions displacement_options(const io::ActivityInfo& activity,
                                                  const ConnectomeSettings& settings);

/// Of a computation's steps, however many each is. Keeps a reference.
calcium::Tick counting(const runtime::Tick& tick);

/// What the tests of a session read.
struct SessionTraces
{
    calcium::FrameCircles circles;
    SessionCovariates covariates;
    activity::ActivityView activity;
    activity::ActivityView events;
    std::vector<base::Range> segments; ///< of the events' frames
    std::vector<std::int64_t> active;
    std::int64_t window_frames = 0;
    std::vector<double> taps; ///< of the smoothing
};

/// What the tests read of the sessions of a wave, the last one kept: units of a session mostly
/// follow one another.
class EdgeSessions
{
  public:
    /// Keeps references.
    EdgeSessions(runtime::RunContext& context, const Wave& wave,
                 const std::vector<SessionInput>& inputs, const WaveActivity& activity,
                 const ConnectomeSettings& settings)
        : context_(context), wave_(wave), inputs_(inputs), activity_(activity), settings_(settings)
    {
    }

    const SessionTraces& traces(std::size_t position);
    calcium::DisplacementInput displacement_input(std::size_t position);
    calcium::DisplacementOptions displacement_options(std::size_t position) const;
    calcium::DisplacementKey key(std::size_t position) const;
    /// [neurons] of a draw; empty for the session itself, draw -1.
    std::vector<std::int64_t> displacement(std::size_t position, std::int64_t draw);
    const io::ActivityInfo& info(std::size_t position) const
    {
        return *wave_.session(position).record.activity;
    }

  private:
    static constexpr auto none = static_cast<std::size_t>(-1);

    runtime::RunContext& context_;
    const Wave& wave_;
    const std::vector<SessionInput>& inputs_; ///< [session of the study]
    const WaveActivity& activity_;
    const ConnectomeSettings& settings_;
    std::size_t traces_position_ = none;
    SessionTraces traces_;
};

} // namespace rewire::jobs
