#include "areas.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/io/result_file.hpp>

#include <algorithm>
#include <cmath>
#include <set>

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

double score_of(const CcgSettings& settings, const std::string& area)
{
    const auto at = settings.area_scores.find(area);
    return at == settings.area_scores.end() ? std::nan("") : at->second;
}

} // namespace

Areas areas_of(const Recording& recording, const std::vector<PairCall>& calls,
               const CcgSettings& settings, std::uint64_t session)
{
    auto areas = Areas{};
    areas.area = distinct(recording.area);
    // Areas without a score come last.
    std::stable_sort(areas.area.begin(), areas.area.end(),
                     [&](const std::string& a, const std::string& b) {
                         const auto first = score_of(settings, a);
                         const auto second = score_of(settings, b);
                         return std::isnan(second) ? !std::isnan(first) : first < second;
                     });
    for (const auto& area : areas.area)
        areas.score.push_back(score_of(settings, area));
    areas.of_unit = indices_of(recording.area, areas.area);
    areas.layer = distinct(recording.layer);
    areas.layer_of_unit = indices_of(recording.layer, areas.layer);
    auto peaks = std::vector<spikes::PeakLag>{};
    auto pair = std::size_t{0};
    for (std::int64_t i = 0; i < recording.units(); ++i)
        for (auto j = i + 1; j < recording.units(); ++j, ++pair)
            if (calls[pair].significant > 0)
                peaks.push_back({areas.of_unit[static_cast<std::size_t>(i)],
                                 areas.of_unit[static_cast<std::size_t>(j)],
                                 calls[pair].peak_lag * settings.bin_ms});
    areas.hierarchy =
        spikes::hierarchy(peaks, areas.score, {.seed = settings.seed, .name = session});
    return areas;
}

void write_areas(const io::Handle& group, const Areas& areas)
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
                         "pairs of areas with scores and a peak between two of their units");
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
    write("area_unit_pairs", "1", "pairs of units with a peak by the rule", std::int64_t{},
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

} // namespace rewire::jobs
