#include "unit_site.hpp"

#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
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

void add_electrodes(const io::NwbSession& file, std::vector<UnitSite>& sites)
{
    if (!io::exists(file.file(), electrodes_path))
        return;
    const auto electrodes = io::read_table(file.file(), electrodes_path, {"group"});
    auto row_of = std::map<std::int64_t, std::size_t>{};
    for (std::size_t row = 0; row < electrodes.id.size(); ++row)
        row_of.emplace(electrodes.id[row], row);
    const auto each = [&](auto use) {
        for (auto& site : sites)
            if (const auto at = row_of.find(site.place.peak_channel); at != row_of.end())
                use(site, at->second);
    };
    for (const auto& [name, member] :
         {std::pair{"x", &spikes::UnitPlace::x_um}, std::pair{"y", &spikes::UnitPlace::y_um},
          std::pair{"z", &spikes::UnitPlace::z_um}})
        if (const auto* column = electrodes.find(name); is_plain(column) && !holds_text(*column)) {
            const auto values = column->numbers();
            each([&](UnitSite& site, std::size_t row) { site.place.*member = values[row]; });
        }
    if (const auto location = texts_of(electrodes, {"location"}))
        each([&](UnitSite& site, std::size_t row) {
            if (site.area.empty())
                site.area = (*location)[row];
        });
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
    const auto* channel = units.find("peak_channel_id");
    if (!is_plain(channel) || holds_text(*channel))
        return sites;
    const auto number = channel->numbers();
    for (std::size_t unit = 0; unit < sites.size(); ++unit)
        sites[unit].place.peak_channel =
            number[unit] >= 0 ? static_cast<std::int64_t>(number[unit]) : -1;
    add_electrodes(file, sites);
    return sites;
}

} // namespace rewire::jobs
