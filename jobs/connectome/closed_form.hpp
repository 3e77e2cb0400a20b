#pragma once

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

/// How the edges of a session are tested: options, windows of the jitter, displacements.
calcium::EdgeTestOptions edge_test_options(const ConnectomeSettings& settings);
std::int64_t window_frames_of(const io::ActivityInfo& activity, const ConnectomeSettings& settings);
calcium::DisplacementOptions displacement_options(const io::ActivityInfo& activity,
                                                  const ConnectomeSettings& settings);

/// What the tests of a session have shown, before its threshold is known.
struct ClosedFormTests
{
    calcium::ShiftMomentStatus status = calcium::ShiftMomentStatus::ok;
    calcium::EdgeTests tests;
    ConnectomeClosedForm result; ///< but for what comes from the tests
};

/// Closed-form tests of the edges of the sessions of a wave, and the displacement control, in units
/// over all ranks. Collective. @return on rank 0, [session of the wave]
std::vector<ClosedFormTests> closed_form_of(runtime::RunContext& context, const Wave& wave,
                                            const std::vector<SessionInput>& inputs,
                                            const WaveActivity& activity,
                                            const ConnectomeSettings& settings);

/// Puts the tests into the session, with the edges that noise alone puts above its threshold. A
/// session of too few effective frames makes no claim: its p-values are NaN, its status says so,
/// and it does not count as computed unless its connectome was shrunk.
void add_closed_form(SessionConnectome& session, ClosedFormTests tests);

} // namespace rewire::jobs
