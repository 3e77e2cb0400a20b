#pragma once

#include "jobs/recording/recording.hpp"
#include "settings.hpp"
#include "tile.hpp"

#include <rewire/io/hdf5.hpp>
#include <rewire/spikes/hierarchy.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace rewire::jobs {

/// Areas of the units of a session, and the delays between them.
struct Areas
{
    std::vector<std::string> area;     ///< in the order of the hierarchy, then of names
    std::vector<double> score;         ///< [area] NaN: none
    std::vector<std::int32_t> of_unit; ///< [units] index; -1: not known
    std::vector<std::string> layer;
    std::vector<std::int32_t> layer_of_unit; ///< [units] index; -1: not known
    spikes::Hierarchy hierarchy;
};

/// @param calls [pairs] of the session: those with a peak by the rule count, as in the paper
/// @param session names the permutations
Areas areas_of(const Recording& recording, const std::vector<PairCall>& calls,
               const CcgSettings& settings, std::uint64_t session);

/// Axes `area` and `layer`, `unit_area`, `unit_layer`; the pairs of areas with their delays and
/// hierarchy differences, and the attributes hierarchy_r, hierarchy_p, hierarchy_permutations.
/// Nothing where no area is known.
void write_areas(const io::Handle& group, const Areas& areas);

/// As the page needs it; empty where the result has no areas.
struct AreaDelays
{
    std::vector<std::string> area;
    std::vector<std::int64_t> unit_area;  ///< [units]
    std::vector<std::int64_t> unit_layer; ///< [units]
    std::vector<std::int64_t> from;       ///< [area pair]
    std::vector<std::int64_t> to;
    std::vector<std::int64_t> pairs; ///< of units
    std::vector<double> delay_ms;
    std::vector<double> hierarchy_difference;
    double r = 0;
    double p_value = 1;
};
AreaDelays read_areas(const io::Handle& group);

} // namespace rewire::jobs
