#include "hdf5_detail.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/memory.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace rewire::io {

namespace {

/// Smaller datasets are believed: they cost less to read than to check.
constexpr auto believed_bytes = 16e6;
/// deflate makes at most 1,032 bytes of one.
constexpr auto largest_deflate_ratio = 1100.0;
/// An attribute of more is damage: tables of that length are datasets.
constexpr auto largest_attribute = 1e6;

double values_in(const Shape& shape)
{
    auto values = 1.0; // as a product of integers it could overflow
    for (const auto size : shape)
        values *= static_cast<double>(size);
    return values;
}

/// How many bytes one byte of the file can become.
double largest_ratio(hid_t properties)
{
    auto ratio = 1.0;
    for (auto i = 0; i < H5Pget_nfilters(properties); ++i) {
        auto flags = 0U;
        auto values = std::size_t{0};
        const auto filter = H5Pget_filter2(properties, static_cast<unsigned>(i), &flags, &values,
                                           nullptr, 0, nullptr, nullptr);
        if (filter == H5Z_FILTER_DEFLATE)
            ratio *= largest_deflate_ratio;
        else if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
            return std::numeric_limits<double>::infinity();
    }
    return ratio;
}

double file_bytes(hid_t dataset)
{
    const auto file = checked_read(H5Iget_file_id(dataset), dataset, "the file's size");
    auto size = hsize_t{0};
    if (H5Fget_filesize(file, &size) < 0)
        fail_reading(dataset, "the file's size");
    return static_cast<double>(size);
}

/// Values for which the file has room, at most.
double values_with_room(hid_t dataset, hid_t properties, double bytes_each)
{
    if (H5Pget_layout(properties) != H5D_CHUNKED)
        return std::min(static_cast<double>(H5Dget_storage_size(dataset)), file_bytes(dataset)) /
               bytes_each;
    auto chunks = hsize_t{0};
    const auto space = checked_read(H5Dget_space(dataset), dataset, "the shape");
    if (H5Dget_num_chunks(dataset, space, &chunks) < 0)
        fail_reading(dataset, "the list of chunks");
    return std::min(static_cast<double>(chunks) * values_in(chunk_of(dataset)),
                    file_bytes(dataset) * largest_ratio(properties) / bytes_each);
}

std::string count_text(double values)
{
    return values < 1e15 ? fmt::format("{}", static_cast<std::int64_t>(values))
                         : fmt::format("{:.3g}", values);
}

} // namespace

void check_own_values(hid_t dataset)
{
    const auto properties =
        checked_read(H5Dget_create_plist(dataset), dataset, "the storage layout");
    const auto is_virtual = H5Pget_layout(properties) == H5D_VIRTUAL;
    if (is_virtual || H5Pget_external_count(properties) > 0)
        throw base::InputError(
            is_virtual ? "a virtual dataset: its values are in other files"
                       : "external storage: the dataset keeps its values in another file",
            name_of(dataset),
            "values outside of the file could change unnoticed: write them into it (h5repack)");
}

void check_declared_size(hid_t dataset)
{
    const auto declared = values_in(shape_of(dataset));
    const auto bytes_each = static_cast<double>(std::max<std::size_t>(bytes_per_value(dataset), 1));
    if (declared * bytes_each <= believed_bytes)
        return;
    const auto properties =
        checked_read(H5Dget_create_plist(dataset), dataset, "the storage layout");
    const auto room = values_with_room(dataset, properties, bytes_each);
    // Chunks never written read as 0; a recording of which half was never written is no recording.
    if (room < declared / 2)
        throw base::InputError(
            fmt::format("the dataset says that it has {} values ({}), the file has room for {} of "
                        "them",
                        count_text(declared), base::human_bytes(declared * bytes_each),
                        count_text(room)),
            name_of(dataset), "damaged, or never written: compare the file with the original");
}

void check_fits_memory(hid_t dataset, std::size_t bytes_each)
{
    check_declared_size(dataset);
    const auto each = std::max(bytes_each, bytes_per_value(dataset));
    const auto wanted = values_in(shape_of(dataset)) * static_cast<double>(each);
    if (wanted <= believed_bytes)
        return;
    const auto free = std::min(base::free_memory_bytes(), base::address_space_left());
    if (wanted > free)
        throw base::InputError(fmt::format("not enough memory to read the dataset: it needs {}, {} "
                                           "are left",
                                           base::human_bytes(wanted),
                                           base::human_bytes(std::max(free, 0.0))),
                               name_of(dataset), "ask for more memory, or use fewer ranks a node");
}

std::size_t attribute_values(hid_t object, hid_t space, const std::string& name)
{
    const auto values = H5Sget_simple_extent_npoints(space);
    if (values < 0 || static_cast<double>(values) > largest_attribute)
        throw base::InputError("attribute " + name + " says that it has " + std::to_string(values) +
                                   " values",
                               name_of(object), "damaged: compare the file with the original");
    return static_cast<std::size_t>(values);
}

} // namespace rewire::io
