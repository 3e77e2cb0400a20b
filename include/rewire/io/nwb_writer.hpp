#pragma once

#include <rewire/io/hdf5.hpp>
#include <rewire/io/whole_file.hpp>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace rewire::io {

/// Who and when. Texts that NWB requires may not be empty. Times are ISO 8601 with a time zone.
struct NwbDescription
{
    std::string identifier; ///< unique; the object ids in the file follow from it
    std::string session_description;
    std::string session_id;
    std::string session_start_time; ///< "2024-01-01T09:00:00+00:00"
    std::string file_create_date;
    std::string notes;
    std::string subject_id;
    std::string subject_description;
    std::string species;
    std::string sex; ///< "M", "F", "U", "O"
    std::string age; ///< ISO 8601 duration, "P90D"
};

struct NwbImaging
{
    double rate_hz = 0;
    std::string location;             ///< "primary motor cortex, L2/3"
    std::string indicator;            ///< "GCaMP6f"
    std::vector<std::int64_t> roi_id; ///< [roi] the neuron's name, the same over sessions
    std::int64_t frames = 0;
    int deflate = 0; ///< 0: not compressed, 1..9
};

struct NwbLever
{
    double rate_hz = 0;
    double conversion = 1; ///< volts = stored value * conversion
    std::int64_t samples = 0;
    int deflate = 0;
};

/// A column of a table: numbers, whole numbers, booleans, or text.
struct Booleans
{
    std::vector<std::uint8_t> values;
};
struct NwbColumn
{
    std::string name;
    std::string description;
    std::variant<std::vector<double>, std::vector<std::int64_t>, Booleans, std::vector<std::string>>
        values;
};

struct NwbTable
{
    std::string description;
    std::vector<std::int64_t> id;   ///< empty: 0, 1, 2 ...
    std::vector<NwbColumn> columns; ///< all as long as each other
};

/// Sorted units: a table, and the ragged columns spike_times and obs_intervals.
struct NwbUnits
{
    NwbTable table;                      ///< `id` is needed; columns may be none
    std::vector<double> spike_time_s;    ///< unit after unit, each ascending
    std::vector<std::int64_t> spike_end; ///< [units] end of each unit's spikes
    std::vector<double> observed_s; ///< [intervals, 2] of every unit alike; empty: no such column
    int deflate = 0;
};

/// One number a sample, regularly sampled from 0 s on.
struct NwbSeries
{
    std::string module; ///< of /processing: "running"
    std::string name;   ///< "running_speed"
    std::string description;
    std::string unit; ///< "cm/s"
    double rate_hz = 0;
    std::vector<float> value;
    int deflate = 0;
};

/// Writes one NWB 2 file of a session that pynwb opens and validates. It is written as
/// NAME.nwb.partial; finish() flushes it to the disk and gives it its name. An object that goes
/// without finish() removes what it wrote. The same calls give the same bytes.
/// Every function throws IoError (disk) or InputError (what cannot be a valid file).
class NwbWriter
{
  public:
    NwbWriter(const std::filesystem::path& path, const NwbDescription& description);

    /// Frames and (at most) neurons of a storage chunk, so that both a rank that reads some neurons
    /// and one that reads some frames finds them together. Append multiples of chunk_frames: then
    /// every chunk is written once.
    static constexpr std::int64_t chunk_frames = 1024;
    static constexpr std::int64_t chunk_neurons = 64;

    /// Microscope, plane, segmentation with a column roi_id, and an empty dF/F
    /// (/processing/ophys/DfOverF/RoiResponseSeries) to be filled by append_dfof().
    void add_imaging(const NwbImaging& imaging);
    /// The next frames, frame-major [frames x rois]. @pre add_imaging()
    void append_dfof(std::span<const float> block);

    /// /processing/behavior/lever, to be filled by append_lever().
    void add_lever(const NwbLever& lever);
    void append_lever(std::span<const std::int16_t> block);

    /// Probe, group and /general/extracellular_ephys/electrodes, to which this adds `group` and
    /// `group_name`. Needs the column `location`.
    void add_electrodes(const std::string& probe, const NwbTable& table);
    /// /units
    void add_units(const NwbUnits& units);
    /// /processing/MODULE/NAME
    void add_series(const NwbSeries& series);

    /// /intervals/NAME; needs the columns start_time and stop_time.
    void add_intervals(const std::string& name, const NwbTable& table);
    /// A table in the container /scratch/CONTAINER, next to those already there.
    void add_scratch(const std::string& container, const std::string& name, const NwbTable& table);

    /// @throws InputError when fewer frames or samples came than were announced
    void finish();

  private:
    Handle typed_group(const std::string& path, const std::string& type,
                       const std::string& name_space = "core");
    void mark(hid_t object, const std::string& path, const std::string& type,
              const std::string& name_space);
    void write_root(const NwbDescription& description);
    void write_subject(const NwbDescription& description);
    void write_ragged(hid_t table, const std::string& path, const std::string& column,
                      const std::string& description, const std::vector<double>& values,
                      std::int64_t width, const std::vector<std::int64_t>& end, int deflate);
    void write_plane(const NwbImaging& imaging);
    void write_segmentation(const NwbImaging& imaging);
    void write_masks(hid_t segmentation);
    Handle write_series(const std::string& path, const std::string& type, double rate_hz,
                        const std::string& description);
    Handle write_table(const std::string& path, const std::string& type,
                       const std::string& name_space, const NwbTable& table,
                       const std::vector<std::string>& more = {});

    WholeFile whole_; // goes after the handles that keep it open
    std::string identifier_;
    Handle file_;
    Handle dfof_;
    Handle lever_;
    std::int64_t rois_ = 0;
    std::int64_t frames_ = 0;
    std::int64_t frames_written_ = 0;
    std::int64_t samples_ = 0;
    std::int64_t samples_written_ = 0;
    std::int64_t failed_before_ = 0;
};

} // namespace rewire::io
