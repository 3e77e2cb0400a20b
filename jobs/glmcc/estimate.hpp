#pragma once

#include "jobs/recording/held_spikes.hpp"
#include "settings.hpp"

#include <rewire/io/study.hpp>
#include <rewire/runtime/plan.hpp>

#include <vector>

namespace rewire::jobs {

/// Estimated seconds of a tile.
double glmcc_tile_seconds(const SessionSpikes& spikes, const spikes::PairTile& tile,
                          const GlmccJobSettings& settings);

/// As if all units of the files passed the filter and fired alike.
runtime::Estimate glmcc_estimate(const io::Study& study, const std::vector<std::size_t>& sessions,
                                 const GlmccJobSettings& settings, const runtime::Options& options);

} // namespace rewire::jobs
