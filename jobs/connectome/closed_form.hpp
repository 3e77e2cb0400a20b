#pragma once

#include "edge_sessions.hpp"
#include "edge_units.hpp"
#include "jobs/activity/wave_activity.hpp"
#include "result.hpp"
#include "settings.hpp"

#include <rewire/calcium/displacement.hpp>
#include <rewire/calcium/edge_tests.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace rewire::jobs {

/// What the tests of a session have shown, before its threshold is known.
struct ClosedFormTests
{
    calcium::ShiftMomentStatus status = calcium::ShiftMomentStatus::ok;
    calcium::EdgeTests tests;
    ConnectomeClosedForm result; ///< but for what comes from the tests
    std::string within;          ///< table of --within
};

/// Closed-form tests of the edges of the sessions of a wave, and the displacement control, in units
/// over all ranks. Collective. @return on rank 0, [session of the wave]
std::vector<ClosedFormTests> closed_form_of(runtime::RunContext& context, const Wave& wave,
                                            const std::vector<SessionInput>& inputs,
                                            const WaveActivity& activity,
                                            const ConnectomeSettings& settings);

/// Without tests: a session of too few effective frames says so and does not count as computed
/// either, unless its connectome was shrunk or is of a pseudo-inverse.
/// @param effective_frames NaN: there is no circle in which two neurons are active
void judge_frames(SessionConnectome& session, double effective_frames);

/// Puts the tests into the session, with the edges that noise alone puts above its threshold. A
/// session of too few effective frames, or without a closed form, makes no claim: its p-values are
/// NaN, its status says so, and it does not count as computed unless its connectome was shrunk or
/// is of a pseudo-inverse.
void add_closed_form(SessionConnectome& session, ClosedFormTests tests);

} // namespace rewire::jobs
