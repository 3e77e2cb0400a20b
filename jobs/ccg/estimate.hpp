#pragma once

#include "held_trains.hpp"
#include "settings.hpp"

#include <rewire/io/study.hpp>
#include <rewire/runtime/plan.hpp>

#include <vector>

namespace rewire::jobs {

/// Seconds of a pair from the spikes of its units, all passes.
double pair_seconds(double first_spikes, double second_spikes, const CcgSettings& settings);

/// Estimated seconds of a tile.
double tile_seconds(const SessionTrains& trains, const spikes::PairTile& tile,
                    const CcgSettings& settings);

/// As if all units of the files passed the filter and fired alike.
runtime::Estimate ccg_estimate(const io::Study& study, const std::vector<std::size_t>& sessions,
                               const CcgSettings& settings, const runtime::Options& options);

} // namespace rewire::jobs
