#include "rewire/io/nwb_writer.hpp"

#include "hdf5_detail.hpp"
#include "nwb_writer_parts.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rewire::io {

namespace {

constexpr auto plane_path = "/general/optophysiology/imaging_plane";
constexpr auto microscope_path = "/general/devices/microscope";
constexpr auto segmentation_path = "/processing/ophys/ImageSegmentation/PlaneSegmentation";
constexpr auto dfof_path = "/processing/ophys/DfOverF/RoiResponseSeries";
constexpr auto lever_path = "/processing/behavior/lever";
constexpr auto lever_chunk = std::int64_t{65536};

/// A UUID that follows from the file's identifier and the object's path, so that files can be
/// compared byte by byte.
std::string object_id(const std::string& identifier, const std::string& path)
{
    auto stream =
        base::Stream(base::key_of(identifier), {base::key_of("object"), base::key_of(path)});
    const auto high = (stream.bits64() & ~0xf000ULL) | 0x4000ULL;      // version 4
    const auto low = (stream.bits64() & ~(3ULL << 62)) | (2ULL << 62); // its variant
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
                       high & 0xffff, low >> 48, low & 0xffffffffffffULL);
}

std::int64_t length_of(const NwbColumn& column)
{
    return std::visit(
        [](const auto& values) {
            if constexpr (std::is_same_v<std::decay_t<decltype(values)>, Booleans>)
                return static_cast<std::int64_t>(values.values.size());
            else
                return static_cast<std::int64_t>(values.size());
        },
        column.values);
}

Handle write_column(hid_t group, const NwbColumn& column)
{
    const auto length = length_of(column);
    return std::visit(
        [&](const auto& values) -> Handle {
            using Values = std::decay_t<decltype(values)>;
            if constexpr (std::is_same_v<Values, Booleans>)
                return write_booleans(group, column.name, values.values);
            else if constexpr (std::is_same_v<Values, std::vector<std::string>>)
                return write_texts(group, column.name, values);
            else
                return write_dataset(group, column.name, values, {length});
        },
        column.values);
}

struct Pixel
{
    std::uint32_t x;
    std::uint32_t y;
    float weight;
};

Handle pixel_type()
{
    auto type = Handle(H5Tcreate(H5T_COMPOUND, sizeof(Pixel)));
    H5Tinsert(type, "x", offsetof(Pixel, x), native_type<std::uint32_t>());
    H5Tinsert(type, "y", offsetof(Pixel, y), native_type<std::uint32_t>());
    H5Tinsert(type, "weight", offsetof(Pixel, weight), native_type<float>());
    return type;
}

} // namespace

void require_valid(bool holds, const std::string& problem, const std::filesystem::path& where)
{
    if (!holds)
        throw base::InputError("no valid NWB file can be written: " + problem, where.string(),
                               "a fault of rewire: please report it");
}

void write_unit(hid_t data, const std::string& unit, double conversion)
{
    write_text_attribute(data, "unit", unit);
    write_attribute(data, "conversion", conversion);
    write_attribute(data, "offset", 0.0);
    write_attribute(data, "resolution", -1.0);
}

NwbWriter::NwbWriter(const std::filesystem::path& path, const NwbDescription& description)
    : whole_(path), identifier_(description.identifier)
{
    require_valid(!description.identifier.empty() && !description.session_start_time.empty() &&
                      !description.subject_id.empty(),
                  "identifier, start time and subject are needed", path);
    failed_before_ = failed_writes();
    file_ = create_file(whole_.partial());
    write_root(description);
    write_subject(description);
}

void NwbWriter::mark(hid_t object, const std::string& path, const std::string& type,
                     const std::string& name_space)
{
    write_text_attribute(object, "namespace", name_space);
    write_text_attribute(object, "neurodata_type", type);
    write_text_attribute(object, "object_id", object_id(identifier_, path));
}

Handle NwbWriter::typed_group(const std::string& path, const std::string& type,
                              const std::string& name_space)
{
    auto group = create_group(file_, path);
    mark(group, path, type, name_space);
    return group;
}

void NwbWriter::write_root(const NwbDescription& description)
{
    const auto root = open_group(file_, "/");
    mark(root, "/", "NWBFile", core);
    write_text_attribute(root, "nwb_version", "2.7.0");
    for (const auto* path : {"acquisition", "analysis", "general", "processing", "scratch",
                             "stimulus/presentation", "stimulus/templates"})
        create_group(file_, path);
    write_texts(file_, "file_create_date", {description.file_create_date});
    write_text(file_, "identifier", description.identifier);
    write_text(file_, "session_description", description.session_description);
    write_text(file_, "session_start_time", description.session_start_time);
    write_text(file_, "timestamps_reference_time", description.session_start_time);
    write_text(file_, "general/session_id", description.session_id);
    write_text(file_, "general/notes", description.notes);
}

void NwbWriter::write_subject(const NwbDescription& description)
{
    const auto subject = typed_group("/general/subject", "Subject");
    write_text(subject, "subject_id", description.subject_id);
    write_text(subject, "description", description.subject_description);
    write_text(subject, "species", description.species);
    write_text(subject, "sex", description.sex);
    const auto age = write_text(subject, "age", description.age);
    write_text_attribute(age, "reference", "birth");
}

void NwbWriter::add_imaging(const NwbImaging& imaging)
{
    require_valid(imaging.rate_hz > 0, "the imaging rate is not above 0", whole_.path());
    require_valid(!imaging.roi_id.empty() && imaging.frames > 0, "there are no neurons or frames",
                  whole_.path());
    rois_ = static_cast<std::int64_t>(imaging.roi_id.size());
    frames_ = imaging.frames;
    write_plane(imaging);
    const auto module = typed_group("/processing/ophys", "ProcessingModule");
    write_text_attribute(module, "description", "dF/F of single neurons");
    write_segmentation(imaging);

    typed_group("/processing/ophys/DfOverF", "DfOverF");
    const auto series =
        write_series(dfof_path, "RoiResponseSeries", imaging.rate_hz, "dF/F, baseline 0");
    const auto columns = base::blocks_of(rois_, chunk_neurons).front().size();
    dfof_ = make_dataset(series, "data", native_type<float>(), {frames_, rois_},
                         {{std::min(frames_, chunk_frames), columns}, imaging.deflate, {}});
    write_unit(dfof_, "n.a.", 1);
    auto rows = std::vector<std::int64_t>(imaging.roi_id.size());
    std::iota(rows.begin(), rows.end(), 0);
    const auto rois = write_dataset(series, "rois", rows, {rois_});
    mark(rois, std::string(dfof_path) + "/rois", "DynamicTableRegion", common);
    write_text_attribute(rois, "description", "all neurons of the segmentation");
    write_reference_attribute(rois, "table", segmentation_path);
}

void NwbWriter::write_plane(const NwbImaging& imaging)
{
    const auto device = typed_group(microscope_path, "Device");
    write_text_attribute(device, "description", "two-photon microscope");
    const auto plane = typed_group(plane_path, "ImagingPlane");
    write_text(plane, "description", "field of view");
    write_scalar(plane, "excitation_lambda", 920.0);
    write_scalar(plane, "imaging_rate", imaging.rate_hz);
    write_text(plane, "indicator", imaging.indicator);
    write_text(plane, "location", imaging.location);
    write_soft_link(plane, "device", microscope_path);
    const auto channel = typed_group(std::string(plane_path) + "/green", "OpticalChannel");
    write_text(channel, "description", "emission of the indicator");
    write_scalar(channel, "emission_lambda", 510.0);
}

void NwbWriter::write_segmentation(const NwbImaging& imaging)
{
    typed_group("/processing/ophys/ImageSegmentation", "ImageSegmentation");
    const auto table =
        NwbTable{"neurons found in this session",
                 {},
                 {{"roi_id", "the neuron's number, the same in all sessions", imaging.roi_id}}};
    const auto segmentation =
        write_table(segmentation_path, "PlaneSegmentation", core, table, {"pixel_mask"});
    write_soft_link(segmentation, "imaging_plane", plane_path);
    create_group(segmentation, "reference_images");
    write_masks(segmentation);
}

/// NWB asks for a mask of every neuron: one pixel each, side by side on a square field.
void NwbWriter::write_masks(hid_t segmentation)
{
    auto side = std::int64_t{1};
    while (side * side < rois_)
        ++side;
    auto pixels = std::vector<Pixel>{};
    auto ends = std::vector<std::uint32_t>{};
    for (std::int64_t roi = 0; roi < rois_; ++roi) {
        pixels.push_back(
            {static_cast<std::uint32_t>(roi % side), static_cast<std::uint32_t>(roi / side), 1});
        ends.push_back(static_cast<std::uint32_t>(roi + 1));
    }
    const auto type = pixel_type();
    const auto mask = make_dataset(segmentation, "pixel_mask", type, {rois_});
    if (H5Dwrite(mask, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pixels.data()) < 0)
        fail_writing(mask, "values");
    const auto path = std::string(segmentation_path) + "/pixel_mask";
    mark(mask, path, "VectorData", common);
    write_text_attribute(mask, "description", "place on the field; simulated: one pixel a neuron");
    const auto index = write_dataset(segmentation, "pixel_mask_index", ends, {rois_});
    mark(index, path + "_index", "VectorIndex", common);
    write_text_attribute(index, "description", "end of every neuron's pixels");
    write_reference_attribute(index, "target", path);
}

Handle NwbWriter::write_series(const std::string& path, const std::string& type, double rate_hz,
                               const std::string& description)
{
    auto series = typed_group(path, type);
    write_text_attribute(series, "description", description);
    write_text_attribute(series, "comments", "no comments");
    const auto start = write_scalar(series, "starting_time", 0.0);
    write_attribute(start, "rate", rate_hz);
    write_text_attribute(start, "unit", "seconds");
    return series;
}

void NwbWriter::append_dfof(std::span<const float> block)
{
    const auto count = rois_ == 0 ? 0 : static_cast<std::int64_t>(block.size()) / rois_;
    require_valid(dfof_ && count * rois_ == static_cast<std::int64_t>(block.size()) &&
                      frames_written_ + count <= frames_,
                  "more frames or other neurons than announced", whole_.path());
    write_block(dfof_, {frames_written_, 0}, {count, rois_}, block);
    frames_written_ += count;
}

void NwbWriter::add_lever(const NwbLever& lever)
{
    require_valid(lever.rate_hz > 0 && lever.samples > 0, "the lever has no samples",
                  whole_.path());
    samples_ = lever.samples;
    const auto module = typed_group("/processing/behavior", "ProcessingModule");
    write_text_attribute(module, "description", "what the animal did");
    const auto series = write_series(lever_path, "TimeSeries", lever.rate_hz, "lever position");
    lever_ = make_dataset(series, "data", native_type<std::int16_t>(), {samples_},
                          {{std::min(samples_, lever_chunk)}, lever.deflate, {}});
    write_unit(lever_, "volts", lever.conversion);
}

void NwbWriter::append_lever(std::span<const std::int16_t> block)
{
    const auto count = static_cast<std::int64_t>(block.size());
    require_valid(lever_ && samples_written_ + count <= samples_,
                  "more lever samples than announced", whole_.path());
    write_block(lever_, {samples_written_}, {count}, block);
    samples_written_ += count;
}

void NwbWriter::add_intervals(const std::string& name, const NwbTable& table)
{
    const auto has = [&](const char* column) {
        return std::any_of(table.columns.begin(), table.columns.end(),
                           [&](const NwbColumn& each) { return each.name == column; });
    };
    require_valid(has("start_time") && has("stop_time"),
                  "intervals " + name + " need start_time and stop_time", whole_.path());
    write_table("/intervals/" + name, "TimeIntervals", core, table);
}

void NwbWriter::add_scratch(const std::string& container, const std::string& name,
                            const NwbTable& table)
{
    const auto path = "/scratch/" + container;
    if (!exists(file_, path))
        typed_group(path, "NWBContainer");
    write_table(path + "/" + name, "DynamicTable", common, table);
}

/// @param more columns that the caller writes itself
Handle NwbWriter::write_table(const std::string& path, const std::string& type,
                              const std::string& name_space, const NwbTable& table,
                              const std::vector<std::string>& more)
{
    require_valid(!table.columns.empty() || (!more.empty() && !table.id.empty()),
                  "table " + path + " has no columns", whole_.path());
    auto group = typed_group(path, type, name_space);
    auto names = more;
    for (const auto& column : table.columns)
        names.push_back(column.name);
    write_texts_attribute(group, "colnames", names);
    write_text_attribute(group, "description", table.description);

    auto id = table.id;
    const auto rows = table.columns.empty() ? static_cast<std::int64_t>(id.size())
                                            : length_of(table.columns.front());
    if (id.empty()) {
        id.resize(static_cast<std::size_t>(rows));
        std::iota(id.begin(), id.end(), 0);
    }
    require_valid(static_cast<std::int64_t>(id.size()) == rows, "ids of " + path, whole_.path());
    mark(write_dataset(group, "id", id, {rows}), path + "/id", "ElementIdentifiers", common);
    for (const auto& column : table.columns) {
        require_valid(length_of(column) == rows, "columns of " + path + " differ in length",
                      whole_.path());
        const auto data = write_column(group, column);
        mark(data, path + "/" + column.name, "VectorData", common);
        write_text_attribute(data, "description", column.description);
    }
    return group;
}

void NwbWriter::finish()
{
    require_valid(frames_written_ == frames_ && samples_written_ == samples_,
                  fmt::format("{} of {} frames, {} of {} lever samples", frames_written_, frames_,
                              samples_written_, samples_),
                  whole_.path());
    dfof_.close();
    lever_.close();
    check_written(failed_before_, whole_.partial());
    file_.close();
    whole_.publish();
}

} // namespace rewire::io
