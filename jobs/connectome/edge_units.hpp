#pragma once

#include <rewire/base/partition.hpp>
#include <rewire/calcium/edge_tests.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

/// The tests of the edges of several sessions, cut into units of work and put together again: the
/// same bits however the units were handed out.
namespace rewire::jobs {

/// A run of tiles of a session, or of one draw of its displacement control.
struct EdgeUnit
{
    std::size_t position = 0; ///< of the session in the wave
    base::Range tiles;      ///< of pair_tiles over the session's active neurons; may reach further
    std::int64_t draw = -1; ///< of the displacement control; -1: the session as it is
};

/// Tiles of a run.
inline constexpr auto run_tiles = std::int64_t{1};

/// Runs of tiles of all sessions, one at least for each, and of their draws, session after session.
/// The same for any number of ranks: of all neurons, since which of them are active is not known
/// before.
/// @param neurons [session of the wave]
std::vector<EdgeUnit> edge_units_of(const std::vector<std::int64_t>& neurons, std::int64_t draws,
                                    std::int64_t tiles_a_run = run_tiles);

/// Tests the tiles that there are, packed for gather_tests; the first run brings along what the
/// moments say of the session. Nothing when `tick` stopped it, which is called between tiles.
/// @param jitter null where the moments are not ok
std::optional<std::vector<std::byte>>
tested_run(const calcium::ShiftMoments& moments, const calcium::EventJitter* jitter,
           base::Range tiles, const calcium::EdgeTestOptions& options, const calcium::Tick& tick);

/// Hands the tests of each session to `take` on rank 0, in the order of the sessions, with what the
/// tests are put together from of the moments (no tables). Collective.
/// @param units runs, no draws
/// @param runs results of tested_run by index into `units`
void gather_tests(const mpi::Communicator& comm, const std::vector<EdgeUnit>& units,
                  const runtime::UnitResults& runs, const calcium::EdgeTestOptions& options,
                  const std::function<void(std::size_t position, const calcium::ShiftMoments&,
                                           calcium::EdgeTests)>& take);

} // namespace rewire::jobs
