#pragma once

#include "edge_sessions.hpp"
#include "edge_units.hpp"

#include <rewire/runtime/run_context.hpp>

#include <string>
#include <vector>

namespace rewire::jobs {

/// Computes the units of a wave's tests, batch after batch: versions whose tables have room in
/// memory together, and which ranks make together. Collective.
/// @param suffix of the names of the wave's phases
/// @return what this rank computed, by unit: runs of the sessions as `tested_run` packs them, of
/// draws a DisplacedTile for each tile
runtime::UnitResults tested_units(runtime::RunContext& context, const std::string& suffix,
                                  EdgeSessions& sessions, const std::vector<EdgeUnit>& units,
                                  const ConnectomeSettings& settings);

} // namespace rewire::jobs
