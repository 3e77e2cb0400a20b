#include "hdf5_detail.hpp"
#include "nwb_writer_parts.hpp"

#include <rewire/io/nwb_writer.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace rewire::io {

namespace {

constexpr auto electrodes_path = "/general/extracellular_ephys/electrodes";
constexpr auto series_chunk_values = std::int64_t{65536};

/// A dataset of references to one object.
Handle write_references(hid_t file, hid_t group, const std::string& name, const std::string& target,
                        std::int64_t count)
{
    auto reference = hobj_ref_t{};
    if (H5Rcreate(&reference, file, target.c_str(), H5R_OBJECT, -1) < 0)
        fail_writing(group, "reference");
    const auto all = std::vector<hobj_ref_t>(static_cast<std::size_t>(count), reference);
    auto data = make_dataset(group, name, H5T_STD_REF_OBJ, {count});
    if (H5Dwrite(data, H5T_STD_REF_OBJ, H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data()) < 0)
        fail_writing(data, "values");
    return data;
}

bool has_column(const NwbTable& table, const std::string& name)
{
    return std::any_of(table.columns.begin(), table.columns.end(),
                       [&](const NwbColumn& column) { return column.name == name; });
}

} // namespace

void NwbWriter::add_electrodes(const std::string& probe, const NwbTable& table)
{
    require_valid(has_column(table, "location"), "electrodes need a location", whole_.path());
    const auto device_path = "/general/devices/" + probe;
    const auto device = typed_group(device_path, "Device");
    write_text_attribute(device, "description", "probe");
    const auto group_path = "/general/extracellular_ephys/" + probe;
    const auto group = typed_group(group_path, "ElectrodeGroup");
    write_text_attribute(group, "description", "all channels of the probe");
    write_text_attribute(group, "location", "see the electrodes");
    write_soft_link(group, "device", device_path);

    auto with_names = table;
    const auto rows =
        std::get<std::vector<std::string>>(
            std::find_if(table.columns.begin(), table.columns.end(),
                         [](const NwbColumn& column) { return column.name == "location"; })
                ->values)
            .size();
    with_names.columns.push_back(
        {"group_name", "name of the electrode group", std::vector<std::string>(rows, probe)});
    const auto electrodes =
        write_table(electrodes_path, "DynamicTable", common, with_names, {"group"});
    const auto groups =
        write_references(file_, electrodes, "group", group_path, static_cast<std::int64_t>(rows));
    mark(groups, std::string(electrodes_path) + "/group", "VectorData", common);
    write_text_attribute(groups, "description", "the electrode group");
}

/// @param end [rows] in elements of `width` values
void NwbWriter::write_ragged(hid_t table, const std::string& path, const std::string& column,
                             const std::string& description, const std::vector<double>& values,
                             std::int64_t width, const std::vector<std::int64_t>& end, int deflate)
{
    const auto elements = static_cast<std::int64_t>(values.size()) / width;
    auto shape = Shape{elements};
    auto chunk = Shape{std::clamp<std::int64_t>(elements, 1, series_chunk_values)};
    if (width > 1) {
        shape.push_back(width);
        chunk.push_back(width);
    }
    const auto data = write_dataset(table, column, values, shape,
                                    deflate > 0 ? Storage{chunk, deflate, {}} : Storage{});
    const auto data_path = path + "/" + column;
    mark(data, data_path, "VectorData", common);
    write_text_attribute(data, "description", description);
    const auto ends = std::vector<std::uint64_t>(end.begin(), end.end());
    const auto index =
        write_dataset(table, column + "_index", ends, {static_cast<std::int64_t>(ends.size())});
    mark(index, data_path + "_index", "VectorIndex", common);
    write_text_attribute(index, "description", "end of every row's values");
    write_reference_attribute(index, "target", data_path);
}

void NwbWriter::add_units(const NwbUnits& units)
{
    const auto path = std::string("/units");
    const auto rows = units.table.id.size();
    require_valid(rows > 0 && units.spike_end.size() == rows &&
                      units.spike_end.back() == std::ssize(units.spike_time_s),
                  "ends of the spikes of units", whole_.path());
    auto ragged = std::vector<std::string>{"spike_times"};
    if (!units.observed_s.empty())
        ragged.emplace_back("obs_intervals");
    const auto table = write_table(path, "Units", core, units.table, ragged);
    write_ragged(table, path, "spike_times", "times of the spikes, s", units.spike_time_s, 1,
                 units.spike_end, units.deflate);
    if (units.observed_s.empty())
        return;
    auto observed = std::vector<double>{};
    auto end = std::vector<std::int64_t>{};
    for (std::size_t unit = 0; unit < rows; ++unit) {
        observed.insert(observed.end(), units.observed_s.begin(), units.observed_s.end());
        end.push_back(std::ssize(observed) / 2);
    }
    write_ragged(table, path, "obs_intervals", "when the unit was observed, s", observed, 2, end,
                 units.deflate);
}

void NwbWriter::add_series(const NwbSeries& series)
{
    require_valid(series.rate_hz > 0 && !series.value.empty(), series.name + " has no samples",
                  whole_.path());
    const auto module_path = "/processing/" + series.module;
    if (!exists(file_, module_path)) {
        const auto module = typed_group(module_path, "ProcessingModule");
        write_text_attribute(module, "description", series.module);
    }
    const auto group = write_series(module_path + "/" + series.name, "TimeSeries", series.rate_hz,
                                    series.description);
    const auto samples = static_cast<std::int64_t>(series.value.size());
    const auto data = write_dataset(
        group, "data", series.value, {samples},
        series.deflate > 0 ? Storage{{std::min(samples, series_chunk_values)}, series.deflate, {}}
                           : Storage{});
    write_unit(data, series.unit, 1);
}

} // namespace rewire::io
