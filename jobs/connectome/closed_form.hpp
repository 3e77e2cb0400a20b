#pragma once

#include "jobs/activity/wave_activity.hpp"
#include "result.hpp"
#include "settings.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/calcium/displacement.hpp>
#include <rewire/calcium/edge_tests.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace rewire::jobs {

/// A unit of work: a run of a session's tiles, or one draw of its displacement control.
struct EdgeUnit
{
    std::size_t position = 0; ///< of the session in the wave
    base::Range tiles;      ///< of pair_tiles over the session's active neurons; may reach further
    std::int64_t draw = -1; ///< of the displacement control; -1: the tiles
};

/// Tiles of a run. The tables behind tiles are made anew on every rank that takes a run, and take
/// several times as long as the tiles of a session of a thousand neurons do: those are one run.
inline constexpr auto run_tiles = std::int64_t{64};

/// Runs of tiles of all sessions, and behind them the draws. The same for any number of ranks: of
/// the neurons, since which of them are active is not known before.
/// @param neurons [session of the wave]
std::vector<EdgeUnit> edge_units_of(const std::vector<std::int64_t>& neurons, std::int64_t draws);

/// Windows of the jitter and displacements of a session.
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
