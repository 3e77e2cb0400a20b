#pragma once

#include <rewire/io/hdf5.hpp>

#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

/// Writes small files that look like NWB to a reader, right or wrong as a test needs them, piece by
/// piece. (io/nwb_writer.hpp writes valid ones.)
namespace rewire::test {

struct TinyHeader
{
    std::string subject = "A";
    std::string session = "01";
    std::string start = "2024-01-01T09:00:00+00:00";
    std::string identifier; ///< empty: subject and session
    std::string version = "2.7.0";
};

inline io::Handle typed_group(hid_t file, const std::string& path, const std::string& type)
{
    auto group = io::create_group(file, path);
    io::write_text_attribute(group, "neurodata_type", type);
    return group;
}

inline io::Handle begin_nwb(const std::filesystem::path& path, const TinyHeader& header = {})
{
    std::filesystem::create_directories(path.parent_path());
    auto file = io::create_file(path);
    io::write_text_attribute(file, "nwb_version", header.version);
    io::write_text_attribute(file, "neurodata_type", "NWBFile");
    io::write_text(file, "identifier",
                   header.identifier.empty() ? header.subject + "-" + header.session
                                             : header.identifier);
    if (!header.start.empty())
        io::write_text(file, "session_start_time", header.start);
    io::write_text(file, "session_description", "tiny");
    if (!header.session.empty())
        io::write_text(file, "general/session_id", header.session);
    if (!header.subject.empty())
        io::write_text(file, "general/subject/subject_id", header.subject);
    return file;
}

/// Starts a table: its group, ids 0, 1, ... and column names.
inline io::Handle begin_table(hid_t file, const std::string& path, const std::string& type,
                              std::int64_t rows, const std::vector<std::string>& columns)
{
    auto group = typed_group(file, path, type);
    io::write_texts_attribute(group, "colnames", columns);
    auto ids = std::vector<std::int64_t>(static_cast<std::size_t>(rows));
    std::iota(ids.begin(), ids.end(), 0);
    io::write_dataset(group, "id", ids, {rows});
    return group;
}

inline const std::string roi_table = "/processing/cells/masks/table";

/// A ROI table with `roi_id`, in an imaging plane in "M1".
inline void write_rois(hid_t file, const std::vector<std::int64_t>& roi_id)
{
    const auto rows = static_cast<std::int64_t>(roi_id.size());
    const auto table = begin_table(file, roi_table, "PlaneSegmentation", rows, {"roi_id"});
    io::write_dataset(table, "roi_id", roi_id, {rows});
    const auto plane = typed_group(file, "/general/optophysiology/deep", "ImagingPlane");
    io::write_text(plane, "location", "M1");
    H5Lcreate_soft("/general/optophysiology/deep", table, "imaging_plane", H5P_DEFAULT,
                   H5P_DEFAULT);
}

/// `rois` of a series: rows of the ROI table.
inline void write_region(hid_t series, const std::vector<std::int64_t>& rows)
{
    const auto region =
        io::write_dataset(series, "rois", rows, {static_cast<std::int64_t>(rows.size())});
    io::write_text_attribute(region, "neurodata_type", "DynamicTableRegion");
    io::write_reference_attribute(region, "table", roi_table);
}

inline void write_region(hid_t series, std::int64_t neurons)
{
    auto rows = std::vector<std::int64_t>(static_cast<std::size_t>(neurons));
    std::iota(rows.begin(), rows.end(), 0);
    write_region(series, rows);
}

inline void write_rate(hid_t series, double rate_hz, double start_s = 0)
{
    const auto start = io::write_scalar(series, "starting_time", start_s);
    io::write_attribute(start, "rate", rate_hz);
}

/// 0, 1, 2, ... as T.
template <typename T>
std::vector<T> counting(std::int64_t count)
{
    auto values = std::vector<T>(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<T>(i);
    return values;
}

/// An imaging series with float data [frames, neurons] = 0, 1, 2, ... and everything it needs.
inline io::Handle write_imaging(hid_t file, std::int64_t frames,
                                const std::vector<std::int64_t>& roi_id,
                                const std::string& container = "/processing/imaging/dff",
                                const std::string& series = "traces")
{
    const auto neurons = static_cast<std::int64_t>(roi_id.size());
    if (!io::exists(file, roi_table))
        write_rois(file, roi_id);
    typed_group(file, container, "DfOverF");
    auto group = typed_group(file, container + "/" + series, "RoiResponseSeries");
    io::write_dataset(group, "data", counting<float>(frames * neurons), {frames, neurons});
    write_region(group, neurons);
    write_rate(group, 10);
    return group;
}

/// A TimeSeries `name` in /processing/behavior.
inline io::Handle write_behaviour(hid_t file, const std::string& name,
                                  const std::vector<double>& values, double rate_hz = 100)
{
    auto group = typed_group(file, "/processing/behavior/" + name, "TimeSeries");
    io::write_dataset(group, "data", values, {static_cast<std::int64_t>(values.size())});
    write_rate(group, rate_hz);
    return group;
}

/// @param contrast a column of that name; empty: none
inline void write_intervals(hid_t file, const std::string& name, const std::vector<double>& start,
                            const std::vector<double>& stop,
                            const std::vector<double>& contrast = {})
{
    const auto rows = static_cast<std::int64_t>(start.size());
    auto columns = std::vector<std::string>{"start_time", "stop_time"};
    if (!contrast.empty())
        columns.emplace_back("contrast");
    const auto table = begin_table(file, "/intervals/" + name, "TimeIntervals", rows, columns);
    io::write_dataset(table, "start_time", start, {rows});
    io::write_dataset(table, "stop_time", stop, {rows});
    if (!contrast.empty())
        io::write_dataset(table, "contrast", contrast, {rows});
}

/// Units with an index of type T.
template <typename T>
void write_units(hid_t file, const std::vector<double>& spikes, const std::vector<T>& ends)
{
    const auto rows = static_cast<std::int64_t>(ends.size());
    const auto table = begin_table(file, "/units", "Units", rows, {"spike_times"});
    io::write_dataset(table, "spike_times", spikes, {static_cast<std::int64_t>(spikes.size())});
    io::write_dataset(table, "spike_times_index", ends, {rows});
}

} // namespace rewire::test
