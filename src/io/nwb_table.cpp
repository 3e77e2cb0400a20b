#include "rewire/io/nwb_table.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

namespace rewire::io {

namespace {

std::string name_in(const std::string& path)
{
    return path.substr(path.rfind('/') + 1);
}

Column::Values read_values(hid_t group, const std::string& name, hid_t dataset)
{
    if (holds_text(dataset))
        return read_texts(group, name);
    if (holds_booleans(dataset))
        return read_all<std::uint8_t>(group, name);
    if (holds_floats(dataset))
        return read_all<double>(group, name);
    return read_all<std::int64_t>(group, name);
}

[[noreturn]] void fail_length(hid_t dataset, std::int64_t length, std::int64_t rows)
{
    throw base::InputError(fmt::format("{} values for {} table rows", length, rows),
                           name_of(dataset), "is the file complete?");
}

/// Reads the row ends of a ragged column; any integer width.
std::vector<std::int64_t> read_ends(hid_t group, const std::string& name, std::int64_t elements)
{
    auto end = read_all<std::int64_t>(group, name);
    const auto ascends = std::is_sorted(end.begin(), end.end());
    if (!ascends || (!end.empty() && (end.front() < 0 || end.back() > elements)))
        throw base::InputError(
            ascends ? fmt::format("the index goes to {} of {} elements", end.back(), elements)
                    : "the index descends",
            name_of(open_dataset(group, name)), "is the file complete?");
    return end;
}

/// Empty where the column is of a kind that is not read.
std::optional<Column> read_column(hid_t group, const std::string& name, std::int64_t rows)
{
    const auto dataset = open_dataset(group, name);
    if (exists(group, name + "_index_index") || !(holds_text(dataset) || holds_numbers(dataset)))
        return {};
    auto column = Column{};
    column.name = name;
    column.description = text_attribute_or_empty(dataset, "description");
    const auto shape = shape_of(dataset);
    if (shape.empty())
        return {};
    for (std::size_t axis = 1; axis < shape.size(); ++axis)
        column.width *= shape[axis];
    column.ragged = exists(group, name + "_index");
    if (column.ragged)
        column.end = read_ends(group, name + "_index", shape[0]);
    const auto length = column.ragged ? static_cast<std::int64_t>(column.end.size()) : shape[0];
    if (length != rows)
        fail_length(dataset, length, rows);
    column.values = read_values(group, name, dataset);
    return column;
}

std::vector<std::int64_t> read_ids(hid_t group, const std::vector<std::string>& names)
{
    if (exists(group, "id"))
        return read_all<std::int64_t>(group, "id");
    auto rows = std::int64_t{0};
    if (!names.empty()) {
        const auto index = names.front() + "_index";
        const auto column = open_dataset(group, exists(group, index) ? index : names.front());
        check_fits_memory(column, sizeof(std::int64_t));
        const auto shape = shape_of(column);
        rows = shape.empty() ? 0 : shape.front();
    }
    auto ids = std::vector<std::int64_t>(static_cast<std::size_t>(rows));
    for (std::size_t row = 0; row < ids.size(); ++row)
        ids[row] = static_cast<std::int64_t>(row);
    return ids;
}

} // namespace

std::vector<double> Column::numbers() const
{
    return std::visit(
        [this](const auto& all) -> std::vector<double> {
            if constexpr (std::is_same_v<std::decay_t<decltype(all)>, std::vector<std::string>>)
                throw base::InputError("column " + name + " holds text, not numbers", "",
                                       "name another column");
            else
                return {all.begin(), all.end()};
        },
        values);
}

std::vector<std::string> Column::texts() const
{
    auto out = std::vector<std::string>{};
    std::visit(
        [&](const auto& all) {
            using Value = typename std::decay_t<decltype(all)>::value_type;
            for (const auto& value : all) {
                if constexpr (std::is_same_v<Value, std::uint8_t>)
                    out.emplace_back(value != 0 ? "true" : "false");
                else
                    out.push_back(fmt::format("{}", value));
            }
        },
        values);
    return out;
}

const Column* Table::find(const std::string& column) const noexcept
{
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const Column& one) { return one.name == column; });
    return found == columns.end() ? nullptr : &*found;
}

const Column& Table::at(const std::string& column) const
{
    if (const auto* found = find(column))
        return *found;
    auto names = std::vector<std::string>{};
    for (const auto& one : columns)
        names.push_back(one.name);
    throw base::InputError("table " + name + " has no column " + column, path,
                           "it has: " + base::joined(names, ", "));
}

std::vector<std::string> column_names(hid_t group)
{
    if (has_attribute(group, "colnames"))
        return read_texts_attribute(group, "colnames");
    auto names = std::vector<std::string>{};
    for (const auto& name : children(group))
        if (name != "id" && !name.ends_with("_index") && is_dataset(group, name))
            names.push_back(name);
    return names;
}

Table read_table(hid_t file, const std::string& path, const std::vector<std::string>& except)
{
    const auto group = open_group(file, path);
    const auto names = column_names(group);
    auto table = Table{};
    table.path = path;
    table.name = name_in(path);
    table.id = read_ids(group, names);
    table.rows = static_cast<std::int64_t>(table.id.size());
    for (const auto& name : names) {
        if (std::find(except.begin(), except.end(), name) != except.end())
            continue;
        if (auto column = read_column(group, name, table.rows))
            table.columns.push_back(std::move(*column));
        else
            table.skipped.push_back(name);
    }
    return table;
}

Units read_units(hid_t file, const std::string& path)
{
    auto units = read_units_without_spikes(file, path);
    if (exists(open_group(file, path), "spike_times"))
        units.spike_time_s = read_all<double>(open_group(file, path), "spike_times");
    return units;
}

Units read_units_without_spikes(hid_t file, const std::string& path)
{
    // Waveforms and amplitudes are many times larger than everything else, and no job uses them.
    auto units = Units{};
    units.table = read_table(file, path,
                             {"spike_times", "obs_intervals", "waveforms", "waveform_mean",
                              "waveform_sd", "spike_amplitudes"});
    const auto group = open_group(file, path);
    const auto starts_of = [&](const std::string& column, std::int64_t elements) {
        auto starts = read_ends(group, column + "_index", elements);
        if (static_cast<std::int64_t>(starts.size()) != units.count())
            fail_length(open_dataset(group, column + "_index"),
                        static_cast<std::int64_t>(starts.size()), units.count());
        starts.insert(starts.begin(), 0);
        return starts;
    };
    if (exists(group, "spike_times")) {
        const auto shape = shape_of(open_dataset(group, "spike_times"));
        if (shape.size() != 1)
            throw base::InputError("spike_times is not a list", name_of(group),
                                   "is the file complete?");
        units.spike_start = starts_of("spike_times", shape[0]);
    } else {
        units.spike_start.assign(static_cast<std::size_t>(units.count()) + 1, 0);
    }
    if (exists(group, "obs_intervals")) {
        const auto shape = shape_of(open_dataset(group, "obs_intervals"));
        if (shape.size() != 2 || shape[1] != 2)
            throw base::InputError("obs_intervals are not pairs of start and stop", name_of(group),
                                   "is the file complete?");
        units.obs_interval_s = read_all<double>(group, "obs_intervals");
        units.obs_start = starts_of("obs_intervals", shape[0]);
    }
    return units;
}

std::vector<double> read_spike_times(hid_t file, const Units& units, std::int64_t first,
                                     std::int64_t last)
{
    const auto from = units.spike_start[static_cast<std::size_t>(first)];
    const auto count = units.spike_start[static_cast<std::size_t>(last)] - from;
    auto times = std::vector<double>(static_cast<std::size_t>(count));
    if (count > 0)
        read_block<double>(open_dataset(open_group(file, units.table.path), "spike_times"), {from},
                           {count}, times);
    return times;
}

} // namespace rewire::io
