#pragma once

#include <rewire/io/hdf5.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace rewire::io {

/// One column of an NWB table, in the type the file has: floating point, integers, booleans (h5py's
/// enum) or text.
struct Column
{
    using Values = std::variant<std::vector<double>, std::vector<std::int64_t>,
                                std::vector<std::uint8_t>, std::vector<std::string>>;

    std::string name;
    std::string description;
    Values values;
    std::int64_t width = 1; ///< values an element: 2 for [n, 2]
    bool ragged = false;
    /// Ragged only: the elements of row r are end[r-1] .. end[r] (with end[-1] = 0).
    std::vector<std::int64_t> end;

    bool is_boolean() const noexcept { return values.index() == 2; }
    /// Numbers and booleans as double. @throws InputError for text
    std::vector<double> numbers() const;
    /// Every value as text: integers in decimal, booleans "true" and "false".
    std::vector<std::string> texts() const;
};

struct Table
{
    std::string path; ///< in the file: "/intervals/trials"
    std::string name; ///< "trials"
    std::int64_t rows = 0;
    std::vector<std::int64_t> id; ///< [rows]
    std::vector<Column> columns;  ///< in the order of `colnames`
    std::vector<std::string>
        skipped; ///< columns of a kind that is not read (doubly ragged, compound)

    /// nullptr where there is none.
    const Column* find(const std::string& column) const noexcept;
    /// @throws InputError naming the columns there are
    const Column& at(const std::string& column) const;
};

/// The spikes of the units of a session, and the table that describes them.
struct Units
{
    Table table;                           ///< all columns but the two below
    std::vector<double> spike_time_s;      ///< unit after unit, as in the file
    std::vector<std::int64_t> spike_start; ///< [units + 1]
    std::vector<double> obs_interval_s;    ///< [intervals, 2] start and stop; may be empty
    std::vector<std::int64_t> obs_start;   ///< [units + 1], in intervals; empty: not in the file

    std::int64_t count() const noexcept { return table.rows; }
};

/// The columns of an open DynamicTable, in the order of `colnames`, without `id`.
std::vector<std::string> column_names(hid_t group);

/// Reads a DynamicTable. `except`: columns to leave alone.
/// @throws InputError: column lengths differ, a ragged index that descends or points beyond the end
Table read_table(hid_t file, const std::string& path, const std::vector<std::string>& except = {});

/// Reads a Units table: spike times and observation intervals apart, without waveforms.
/// @throws InputError as read_table
Units read_units(hid_t file, const std::string& path);
/// The same without the spike times, but with `spike_start`: for reading them unit by unit.
Units read_units_without_spikes(hid_t file, const std::string& path);
/// Spike times of the units first .. last-1, s.
std::vector<double> read_spike_times(hid_t file, const Units& units, std::int64_t first,
                                     std::int64_t last);

} // namespace rewire::io
