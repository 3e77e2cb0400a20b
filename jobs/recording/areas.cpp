#include "areas.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/result_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

namespace rewire::jobs {

namespace {

std::int32_t index_in(const std::vector<std::string>& names, const std::string& name)
{
    const auto at = std::find(names.begin(), names.end(), name);
    return at == names.end() ? -1 : static_cast<std::int32_t>(at - names.begin());
}

std::vector<std::string> distinct(const std::vector<std::string>& names)
{
    auto known = std::set<std::string>(names.begin(), names.end());
    known.erase("");
    return {known.begin(), known.end()};
}

std::vector<std::int32_t> indices_of(const std::vector<std::string>& all,
                                     const std::vector<std::string>& names)
{
    auto result = std::vector<std::int32_t>{};
    for (const auto& name : all)
        result.push_back(index_in(names, name));
    return result;
}

double score_of(const AreaScores& scores, const std::string& area)
{
    const auto at = scores.find(area);
    return at == scores.end() ? std::nan("") : at->second;
}

/// Siegle et al. 2021, Fig. 2.
const AreaScores& published_scores()
{
    static const auto scores = AreaScores{{"VISp", -0.357}, {"VISl", -0.093}, {"VISrl", -0.059},
                                          {"VISal", 0.152}, {"VISpm", 0.327}, {"VISam", 0.441}};
    return scores;
}

/// Lines of an area and its score, separated by a tab, a comma or spaces.
AreaScores scores_in(const std::string& path)
{
    auto file = std::ifstream(path);
    if (!file)
        throw base::IoError("cannot read the table of area scores", path,
                            "give --area-scores a file with an area and its score a line");
    auto scores = AreaScores{};
    auto text = std::string{};
    for (auto line = 1; std::getline(file, text); ++line) {
        std::replace(text.begin(), text.end(), ',', ' ');
        if (base::trimmed(text).empty() || base::trimmed(text).front() == '#')
            continue;
        auto words = std::istringstream(text);
        auto area = std::string{};
        auto score = 0.0;
        auto rest = std::string{};
        if (!(words >> area >> score) || words >> rest || !std::isfinite(score) ||
            !scores.emplace(area, score).second)
            throw base::InputError("not an area and its score, or an area named twice",
                                   fmt::format("{}, line {}", path, line), "such as: VISp -0.357");
    }
    return scores;
}

} // namespace

runtime::Option area_scores_option()
{
    return {.name = "area-scores",
            .default_value = "siegle",
            .help =
                "place of areas in the hierarchy, for the delays between them: six visual areas "
                "of Siegle et al. 2021 (siegle), or a file with an area and its score a line. "
                "Areas are the columns ecephys_structure_acronym, area or location of the units, "
                "else the location of the electrode peak_channel_id",
            .source = "Fig. 3"};
}

AreaScores area_scores(const runtime::Options& options)
{
    const auto given = options.text("area-scores");
    return given == "siegle" ? published_scores() : scores_in(given);
}

Areas areas_of(const Recording& recording, const AreaScores& scores)
{
    auto areas = Areas{};
    areas.area = distinct(recording.area);
    // Areas without a score come last.
    std::stable_sort(areas.area.begin(), areas.area.end(),
                     [&](const std::string& a, const std::string& b) {
                         const auto first = score_of(scores, a);
                         const auto second = score_of(scores, b);
                         return std::isnan(second) ? !std::isnan(first) : first < second;
                     });
    for (const auto& area : areas.area)
        areas.score.push_back(score_of(scores, area));
    areas.of_unit = indices_of(recording.area, areas.area);
    areas.layer = distinct(recording.layer);
    areas.layer_of_unit = indices_of(recording.layer, areas.layer);
    return areas;
}

void write_areas(const io::Handle& group, const Areas& areas, const std::string& counted)
{
    if (areas.area.empty())
        return;
    io::write_text_axis(group, "area", areas.area,
                        "areas of the units, in the order of the hierarchy");
    io::write_array(group, "hierarchy_score", areas.score, {"area"}, "1",
                    "place of the area in the hierarchy; NaN: not given");
    io::write_array(group, "unit_area", areas.of_unit, {"unit_id"}, "",
                    "index of the unit's area; -1: not known");
    if (!areas.layer.empty()) {
        io::write_text_axis(group, "layer", areas.layer, "layers of the units");
        io::write_array(group, "unit_layer", areas.layer_of_unit, {"unit_id"}, "",
                        "index of the unit's layer; -1: not known");
    }
    const auto& pairs = areas.hierarchy.area_pairs;
    io::write_index_axis(group, "area_pair", std::ssize(pairs),
                         "pairs of areas with scores and " + counted);
    const auto write = [&]<typename Value>(const char* name, const char* units,
                                           const char* description, Value, auto get) {
        auto values = std::vector<Value>{};
        for (const auto& one : pairs)
            values.push_back(static_cast<Value>(get(one)));
        io::write_array(group, name, values, {"area_pair"}, units, description);
    };
    write("area_from", "", "index of the first area", std::int32_t{},
          [](const spikes::AreaPair& one) { return one.from; });
    write("area_to", "", "index of the second area", std::int32_t{},
          [](const spikes::AreaPair& one) { return one.to; });
    write("area_unit_pairs", "1", counted.c_str(), std::int64_t{},
          [](const spikes::AreaPair& one) { return one.pairs; });
    write("delay_ms", "ms",
          "median over these of the time in the second area - time in the first: positive, the "
          "first leads",
          0.0, [](const spikes::AreaPair& one) { return one.delay_ms; });
    write("hierarchy_difference", "1", "score of the second area - score of the first", 0.0,
          [](const spikes::AreaPair& one) { return one.hierarchy_difference; });
    io::write_attribute(group, "hierarchy_r", areas.hierarchy.r);
    io::write_attribute(group, "hierarchy_p", areas.hierarchy.p_value);
    io::write_attribute(group, "hierarchy_permutations", areas.hierarchy.permutations);
}

AreaDelays read_areas(const io::Handle& group)
{
    auto areas = AreaDelays{};
    if (!io::exists(group, "area"))
        return areas;
    const auto integers = [&](const char* array) {
        return io::read_all<std::int64_t>(group, array);
    };
    areas.area = io::read_texts(group, "area");
    areas.unit_area = integers("unit_area");
    areas.unit_layer = io::exists(group, "unit_layer")
                           ? integers("unit_layer")
                           : std::vector<std::int64_t>(areas.unit_area.size(), -1);
    areas.from = integers("area_from");
    areas.to = integers("area_to");
    areas.pairs = integers("area_unit_pairs");
    areas.delay_ms = io::read_all<double>(group, "delay_ms");
    areas.hierarchy_difference = io::read_all<double>(group, "hierarchy_difference");
    areas.r = io::read_attribute<double>(group, "hierarchy_r");
    areas.p_value = io::read_attribute<double>(group, "hierarchy_p");
    return areas;
}

report::Figure delays_figure(const std::string& title, const AreaDelays& areas)
{
    auto plot = report::ScatterPlot{};
    plot.title = title;
    plot.x.label = "difference of the hierarchy score";
    plot.y.label = "median delay, ms";
    plot.points = {{.name = "pair of areas", .x = areas.hierarchy_difference, .y = areas.delay_ms}};
    return report::figure_of(plot);
}

report::Table delays_table()
{
    return {.head = {"animal", "session", "areas", "pairs of areas", "pairs of units", "Pearson r",
                     "p"}};
}

void add_delays_row(report::Table& table, const SessionHead& head, const AreaDelays& areas)
{
    auto pairs = std::int64_t{0};
    for (const auto count : areas.pairs)
        pairs += count;
    table.rows.push_back({head.subject, head.session, std::to_string(areas.area.size()),
                          std::to_string(areas.delay_ms.size()), std::to_string(pairs),
                          std::isnan(areas.r) ? "–" : fmt::format("{:.3f}", areas.r),
                          std::isnan(areas.r) ? "–" : fmt::format("{:.3g}", areas.p_value)});
}

} // namespace rewire::jobs
