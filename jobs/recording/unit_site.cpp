#include "unit_site.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <tuple>
#include <variant>

namespace rewire::jobs {

namespace {

constexpr auto electrodes_path = "/general/extracellular_ephys/electrodes";

/// One value a row.
bool is_plain(const io::Column* column)
{
    return column != nullptr && !column->ragged && column->width == 1;
}

bool holds_text(const io::Column& column)
{
    return std::holds_alternative<std::vector<std::string>>(column.values);
}

/// Of the first of these columns that the table has.
std::optional<std::vector<std::string>> texts_of(const io::Table& table,
                                                 std::initializer_list<const char*> names)
{
    for (const auto* name : names)
        if (const auto* column = table.find(name); is_plain(column) && holds_text(*column))
            return column->texts();
    return std::nullopt;
}

/// Rows of the electrodes table that each unit names: by the id in `peak_channel_id`, or, as pynwb
/// writes it, those that `electrodes` refers to.
std::vector<std::vector<std::size_t>> electrode_rows(const io::Table& units,
                                                     const io::Table& electrodes)
{
    auto result = std::vector<std::vector<std::size_t>>(static_cast<std::size_t>(units.rows));
    if (const auto* channel = units.find("peak_channel_id");
        is_plain(channel) && !holds_text(*channel)) {
        auto row_of = std::map<std::int64_t, std::size_t>{};
        for (std::size_t row = 0; row < electrodes.id.size(); ++row)
            row_of.emplace(electrodes.id[row], row);
        const auto number = channel->numbers();
        for (std::size_t unit = 0; unit < result.size(); ++unit)
            if (const auto at = row_of.find(static_cast<std::int64_t>(number[unit]));
                number[unit] >= 0 && at != row_of.end())
                result[unit].push_back(at->second);
        return result;
    }
    const auto* region = units.find("electrodes");
    if (region == nullptr || region->width != 1 || holds_text(*region))
        return result;
    const auto row = region->numbers();
    auto next = std::size_t{0};
    for (std::size_t unit = 0; unit < result.size(); ++unit)
        for (const auto end = region->ragged ? static_cast<std::size_t>(region->end[unit])
                                             : unit + 1;
             next < end; ++next)
            if (row[next] >= 0 && row[next] < static_cast<double>(electrodes.rows))
                result[unit].push_back(static_cast<std::size_t>(row[next]));
    return result;
}

void add_electrodes(const io::NwbSession& file, const io::Table& units,
                    std::vector<UnitSite>& sites)
{
    if (!io::exists(file.file(), electrodes_path))
        return;
    const auto electrodes = io::read_table(file.file(), electrodes_path, {"group"});
    const auto rows_of_unit = electrode_rows(units, electrodes);
    // A unit on several electrodes may lie at any of them.
    const auto each = [&](auto use) {
        for (std::size_t unit = 0; unit < sites.size(); ++unit)
            if (rows_of_unit[unit].size() == 1)
                use(sites[unit], rows_of_unit[unit].front());
    };
    each([&](UnitSite& site, std::size_t row) {
        if (site.place.peak_channel < 0)
            site.place.peak_channel = electrodes.id[row];
    });
    // Places in the brain where the table has them, else on the probe.
    for (const auto& [name, on_probe, member] :
         {std::tuple{"x", "rel_x", &spikes::UnitPlace::x_um},
          std::tuple{"y", "rel_y", &spikes::UnitPlace::y_um},
          std::tuple{"z", "rel_z", &spikes::UnitPlace::z_um}})
        for (const auto* from : {name, on_probe})
            if (const auto* column = electrodes.find(from);
                is_plain(column) && !holds_text(*column)) {
                const auto values = column->numbers();
                each([&](UnitSite& site, std::size_t row) {
                    if (std::isnan(site.place.*member))
                        site.place.*member = values[row];
                });
            }
    // A probe in a plane has no third coordinate.
    each([](UnitSite& site, std::size_t) {
        if (std::isnan(site.place.z_um) && !std::isnan(site.place.x_um))
            site.place.z_um = 0;
    });
    const auto location = texts_of(electrodes, {"location"});
    if (!location)
        return;
    for (std::size_t unit = 0; unit < sites.size(); ++unit) {
        const auto& rows = rows_of_unit[unit];
        const auto here = [&](std::size_t row) { return (*location)[row]; };
        if (!rows.empty() && sites[unit].area.empty() &&
            std::all_of(rows.begin(), rows.end(),
                        [&](std::size_t row) { return here(row) == here(rows.front()); }))
            sites[unit].area = here(rows.front());
    }
}

} // namespace

std::vector<UnitSite> sites_of(const io::NwbSession& file, const io::Table& units)
{
    constexpr auto unknown = std::numeric_limits<double>::quiet_NaN();
    auto sites = std::vector<UnitSite>(static_cast<std::size_t>(units.rows),
                                       UnitSite{.place = {-1, unknown, unknown, unknown}});
    const auto area = texts_of(units, {"ecephys_structure_acronym", "area", "location"});
    const auto layer = texts_of(units, {"layer", "cortical_layer"});
    for (std::size_t unit = 0; unit < sites.size(); ++unit) {
        if (area)
            sites[unit].area = (*area)[unit];
        if (layer)
            sites[unit].layer = (*layer)[unit];
    }
    if (const auto* duration = units.find("waveform_duration");
        is_plain(duration) && !holds_text(*duration)) {
        const auto waveform_ms = duration->numbers();
        for (std::size_t unit = 0; unit < sites.size(); ++unit)
            sites[unit].waveform_ms = waveform_ms[unit];
    }
    if (const auto* channel = units.find("peak_channel_id");
        is_plain(channel) && !holds_text(*channel)) {
        const auto number = channel->numbers();
        for (std::size_t unit = 0; unit < sites.size(); ++unit)
            sites[unit].place.peak_channel =
                number[unit] >= 0 ? static_cast<std::int64_t>(number[unit]) : -1;
    }
    add_electrodes(file, units, sites);
    return sites;
}

} // namespace rewire::jobs
