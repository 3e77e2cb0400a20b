#pragma once

#include <rewire/io/hdf5.hpp>
#include <rewire/io/instant.hpp>
#include <rewire/io/nwb_table.hpp>
#include <rewire/io/problem.hpp>
#include <rewire/io/roi_series.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// One NWB 2 file, read straight through HDF5. Objects are found by their `neurodata_type`
/// attribute, whatever modules and series are named; soft links are followed. Opening reads
/// metadata only (shapes, types, rates, ids, and the timestamps of the activity where it has them).
/// `/scratch`, `/general` but for subject and imaging planes, and `/specifications` are not
/// searched.
namespace rewire::io {

struct FoundObject;

struct NwbOptions
{
    std::string series;     ///< `--series`: which RoiResponseSeries; name, path or end of a path
    std::string roi_column; ///< column that identifies neurons; empty: `roi_id`, else `id`
    /// `--where`: only ROIs that meet all of these are neurons of the session.
    std::vector<RoiCondition> where;
};

/// dF/F (or fluorescence) of the ROIs of a session.
struct ActivityInfo
{
    std::string path;      ///< "/processing/ophys/DfOverF/RoiResponseSeries"
    std::string container; ///< "DfOverF", "Fluorescence" or empty
    std::int64_t frames = 0;
    std::int64_t neurons = 0; ///< that NwbOptions::where leaves
    std::int64_t columns = 0; ///< neurons in the file
    /// [neurons] column of each in the file, ascending; empty where all are taken.
    std::vector<std::int64_t> column;
    SignalKind kind = SignalKind::unknown;
    /// Path of the neuropil's series of the same shape; empty where there is none, or several.
    std::string neuropil;
    bool transposed = false;    ///< the file has [neurons, frames]
    bool exact_as_float = true; ///< float holds every value as well as double does
    bool has_timestamps = false;
    double rate_hz = 0;       ///< NaN where unknown
    double start_s = 0;       ///< time of frame 0
    std::int64_t dropped = 0; ///< frames missing from regular timestamps
    std::string id_column;    ///< where neuron_id comes from; empty: counted
    /// The ids are counted by the file's writer, 0, 1, 2, ... or 1, 2, 3, ..., and say nothing of
    /// neurons.
    bool ids_are_rows = false;
    /// Where they are: other columns of the ROI table with a value of its own for every ROI.
    std::vector<std::string> id_candidates;
    std::vector<std::string> neuron_id;      ///< [neurons], as text
    std::vector<std::int64_t> neuron_number; ///< the same as integers; empty unless all are
    std::string imaging_plane;               ///< name; empty where unknown
    std::string location;                    ///< of the imaging plane; may be empty
};

/// Any TimeSeries with numbers, of rank 1 or 2 (lever, running speed), but the activity.
struct SeriesInfo
{
    std::string path;
    std::string name;
    std::string type; ///< neurodata_type: "SpatialSeries"
    std::string unit;
    std::int64_t samples = 0;
    std::int64_t channels = 1;
    double rate_hz = 0; ///< mean rate where the series has timestamps; NaN where unknown
    double start_s = 0;
    bool has_timestamps = false;
};

struct Series
{
    SeriesInfo info;
    std::vector<double> values; ///< [samples, channels] with conversion and offset applied
    std::vector<double> time_s; ///< [samples]; from the timestamps or from rate and start
};

struct TableInfo
{
    std::string path;
    std::string name;
    std::int64_t rows = 0;
    std::vector<std::string> columns;
};

struct UnitsInfo
{
    std::string path;
    std::int64_t units = 0;
    std::int64_t spikes = 0; ///< 0 where there are no spike times
    /// From the first to the last spike of some units; 0 where it could not be read. For estimates:
    /// what is wrong with spike times is found by what reads them.
    double spiking_s = 0;
    std::vector<std::string> columns;
};

/// Whether `name` means the object at `path`: it is the path, or its end after a slash.
bool is_named(const std::string& path, const std::string& name);

/// Whether the name of a table of intervals or of a series speaks of movement.
bool speaks_of_movement(const std::string& name);
/// Whether a series is by its name the position of a lever.
bool speaks_of_lever(const SeriesInfo& series);

/// Order of values in a block of activity.
enum class BlockOrder
{
    by_frame,  ///< out[frame * neurons + neuron]
    by_neuron, ///< out[neuron * frames + frame]: every trace contiguous
};

class NwbSession
{
  public:
    /// Opens and scans the file. Faults that leave the rest usable are in problems().
    /// @throws IoError: not readable. InputError: not HDF5, HDF5 of a later version, not NWB, NWB 1
    explicit NwbSession(const std::filesystem::path& path, const NwbOptions& options = {});
    NwbSession(NwbSession&&) noexcept = default;
    NwbSession& operator=(NwbSession&&) noexcept = default;
    NwbSession(const NwbSession&) = delete;
    NwbSession& operator=(const NwbSession&) = delete;
    ~NwbSession();

    const std::filesystem::path& path() const noexcept { return path_; }
    const std::string& nwb_version() const noexcept { return nwb_version_; }
    const std::string& subject_id() const noexcept { return subject_id_; } ///< may be empty
    const std::string& session_id() const noexcept { return session_id_; } ///< may be empty
    const std::string& identifier() const noexcept { return identifier_; }
    const std::string& description() const noexcept { return description_; }
    const std::string& start_text() const noexcept { return start_text_; }
    const std::optional<Instant>& start() const noexcept { return start_; }
    const std::vector<Problem>& problems() const noexcept { return problems_; }

    bool has_activity() const noexcept { return activity_.has_value(); }
    /// @throws InputError: none, or several to choose from (named)
    const ActivityInfo& activity() const;
    const std::vector<SeriesInfo>& series() const noexcept { return series_; }
    const std::vector<TableInfo>& intervals() const noexcept { return intervals_; }
    const std::optional<UnitsInfo>& units() const noexcept { return units_; }

    /// Reads the neurons first .. first+count into `out` [count * frames], conversion and offset
    /// applied. Memory beyond `out`: a few MB, or one chunk of the file where that is more.
    /// T is float (only where activity().exact_as_float) or double.
    /// @throws IoError; @pre out.size() == count * frames
    template <typename T>
    void read_activity(std::int64_t first, std::int64_t count, std::span<T> out,
                       BlockOrder order = BlockOrder::by_neuron) const;
    /// The same for any columns in any order, and only the frames in `kept` (ascending; empty:
    /// all).
    template <typename T>
    void read_activity(std::span<const std::int64_t> neurons, std::span<const std::int64_t> kept,
                       std::span<T> out, BlockOrder order = BlockOrder::by_neuron) const;

    /// The column in the file of a neuron.
    std::int64_t column_of(std::int64_t neuron) const;
    /// The same for the neuropil of the neurons, where activity().neuropil is not empty: the values
    /// that go with those of read_activity. @throws InputError: none
    template <typename T>
    void read_neuropil(std::span<const std::int64_t> neurons, std::span<const std::int64_t> kept,
                       std::span<T> out, BlockOrder order = BlockOrder::by_neuron) const;

    /// Frame times of the activity in seconds, [frames].
    std::vector<double> frame_times() const;

    /// By name, path or end of a path. @throws InputError: none or several of that name (named)
    const SeriesInfo& find_series(const std::string& name) const;
    Series read_series(const std::string& name) const;
    const TableInfo& find_intervals(const std::string& name) const;
    Table read_intervals(const std::string& name) const;
    /// The whole units table with all spike times. @throws InputError: none
    Units read_units() const;

    hid_t file() const noexcept { return file_; }

  private:
    void look_round(const NwbOptions& options);
    void read_header();
    /// What one damaged object throws becomes a problem; the rest stays usable.
    void guarded(const std::function<void()>& read, std::optional<Feed> scope = {});
    void choose_activity(const std::vector<FoundObject>& found, const NwbOptions& options);
    void find_neuropil(const std::vector<FoundObject>& found);

    std::filesystem::path path_;
    Handle file_;
    std::string nwb_version_;
    std::string subject_id_;
    std::string session_id_;
    std::string identifier_;
    std::string description_;
    std::string start_text_;
    std::optional<Instant> start_;
    std::optional<ActivityInfo> activity_;
    Problem no_activity_; ///< why not
    std::vector<SeriesInfo> series_;
    std::vector<TableInfo> intervals_;
    std::optional<UnitsInfo> units_;
    std::vector<Problem> problems_;
};

} // namespace rewire::io
