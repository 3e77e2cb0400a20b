#pragma once

#include "jobs/frame/session_results.hpp"
#include "recording.hpp"

#include <rewire/io/hdf5.hpp>
#include <rewire/report/figure.hpp>
#include <rewire/report/page.hpp>
#include <rewire/runtime/options.hpp>
#include <rewire/spikes/hierarchy.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rewire::jobs {

using AreaScores = std::map<std::string, double>; ///< place of areas in the hierarchy

/// --area-scores
runtime::Option area_scores_option();
/// Of the option: the published ones, or those of a file.
/// @throws IoError: no such file @throws InputError: a line that is no area and its score
AreaScores area_scores(const runtime::Options& options);

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

/// Without the delays.
Areas areas_of(const Recording& recording, const AreaScores& scores);

/// Axes `area` and `layer`, `unit_area`, `unit_layer`; the pairs of areas with their delays and
/// hierarchy differences, and the attributes hierarchy_r, hierarchy_p, hierarchy_permutations.
/// Nothing where no area is known. @param counted what is counted of pairs of units
void write_areas(const io::Handle& group, const Areas& areas,
                 const std::string& counted = "pairs of units with a peak by the rule");

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

/// Median delays against the differences of the hierarchy scores, a point a pair of areas.
report::Figure delays_figure(const std::string& title, const AreaDelays& areas);
/// Without rows and caption: "animal", "session", "areas", "pairs of areas", "pairs of units",
/// "Pearson r", "p".
report::Table delays_table();
/// Of a session with delays.
void add_delays_row(report::Table& table, const SessionHead& head, const AreaDelays& areas);

} // namespace rewire::jobs
