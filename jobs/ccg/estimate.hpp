#pragma once

#include "held_trains.hpp"
#include "settings.hpp"

#include <rewire/io/study.hpp>
#include <rewire/runtime/plan.hpp>

#include <vector>

namespace rewire::jobs {

/// What the cost of a unit depends on.
struct UnitLoad
{
    double spikes = 0;
    double rate_hz = 0;
};

/// Seconds of a pair, all passes, without what its units need for all their pairs of a tile.
double pair_seconds(const UnitLoad& first, const UnitLoad& second, const CcgSettings& settings);

/// Estimated seconds of a tile.
double tile_seconds(const SessionTrains& trains, const spikes::PairTile& tile,
                    const CcgSettings& settings);

/// As if all units of the files passed the filter and fired alike.
runtime::Estimate ccg_estimate(const io::Study& study, const std::vector<std::size_t>& sessions,
                               const CcgSettings& settings, const runtime::Options& options);

} // namespace rewire::jobs
