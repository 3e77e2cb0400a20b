#include "hdf5_detail.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace rewire::io {

Shape shape_of(hid_t dataset)
{
    const auto space = checked_read(H5Dget_space(dataset), dataset, "the shape");
    if (H5Sget_simple_extent_type(space) == H5S_NULL)
        return {0};
    const auto rank = H5Sget_simple_extent_ndims(space);
    auto sizes = std::vector<hsize_t>(static_cast<std::size_t>(std::max(rank, 0)));
    if (rank > 0)
        H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
    return {sizes.begin(), sizes.end()};
}

Shape chunk_of(hid_t dataset)
{
    const auto properties =
        checked_read(H5Dget_create_plist(dataset), dataset, "the storage layout");
    if (H5Pget_layout(properties) != H5D_CHUNKED)
        return {};
    auto sizes = std::vector<hsize_t>(shape_of(dataset).size());
    H5Pget_chunk(properties, static_cast<int>(sizes.size()), sizes.data());
    return {sizes.begin(), sizes.end()};
}

bool holds_text(hid_t dataset)
{
    const auto type = checked_read(H5Dget_type(dataset), dataset, "the type");
    return H5Tget_class(type) == H5T_STRING;
}

bool holds_numbers(hid_t dataset)
{
    const auto type = checked_read(H5Dget_type(dataset), dataset, "the type");
    const auto kind = H5Tget_class(type);
    return kind == H5T_INTEGER || kind == H5T_FLOAT || kind == H5T_ENUM;
}

bool holds_booleans(hid_t dataset)
{
    const auto type = checked_read(H5Dget_type(dataset), dataset, "the type");
    if (H5Tget_class(type) != H5T_ENUM || H5Tget_nmembers(type) != 2)
        return false;
    auto no = std::array<char, 16>{};
    auto yes = std::array<char, 16>{};
    const auto native = Handle(H5Tget_native_type(type, H5T_DIR_ASCEND));
    return H5Tget_size(native) == 1 && H5Tenum_nameof(native, "\0", no.data(), no.size()) >= 0 &&
           H5Tenum_nameof(native, "\1", yes.data(), yes.size()) >= 0 &&
           std::string_view(no.data()) == "FALSE" && std::string_view(yes.data()) == "TRUE";
}

bool holds_floats(hid_t dataset)
{
    const auto type = checked_read(H5Dget_type(dataset), dataset, "the type");
    return H5Tget_class(type) == H5T_FLOAT;
}

std::size_t bytes_per_value(hid_t dataset)
{
    const auto type = checked_read(H5Dget_type(dataset), dataset, "the type");
    return H5Tget_size(type);
}

std::string missing_filter(hid_t dataset)
{
    const auto properties =
        checked_read(H5Dget_create_plist(dataset), dataset, "the storage layout");
    for (auto i = 0; i < H5Pget_nfilters(properties); ++i) {
        auto name = std::array<char, 128>{};
        auto flags = 0U;
        auto values = std::size_t{0};
        const auto filter = H5Pget_filter2(properties, static_cast<unsigned>(i), &flags, &values,
                                           nullptr, name.size(), name.data(), nullptr);
        if (filter >= 0 && H5Zfilter_avail(filter) <= 0)
            return name.front() != '\0' ? name.data() : fmt::format("filter {}", filter);
    }
    return {};
}

namespace {

/// Memory type for reading numbers: for an enum (h5py's bool) HDF5 converts only from its base
/// type.
template <typename T>
void read_numbers(hid_t dataset, hid_t memory, hid_t file, T* out)
{
    const auto type = checked_read(H5Dget_type(dataset), dataset, "the type");
    if (H5Tget_class(type) != H5T_ENUM) {
        if (H5Dread(dataset, native_type<T>(), memory, file, H5P_DEFAULT, out) < 0)
            fail_reading(dataset, "values");
        return;
    }
    const auto whole = Handle(H5Dget_space(dataset));
    const auto count =
        static_cast<std::size_t>(H5Sget_select_npoints(memory == H5S_ALL ? whole.get() : memory));
    const auto native = Handle(H5Tget_native_type(type, H5T_DIR_ASCEND));
    auto raw = std::vector<unsigned char>(count * H5Tget_size(native) + sizeof(T) * count);
    if (H5Dread(dataset, native, memory, file, H5P_DEFAULT, raw.data()) < 0)
        fail_reading(dataset, "values");
    const auto base = Handle(H5Tget_super(native));
    if (H5Tconvert(base, native_type<T>(), count, raw.data(), nullptr, H5P_DEFAULT) < 0)
        fail_reading(dataset, "values");
    std::memcpy(out, raw.data(), count * sizeof(T));
}

} // namespace

template <typename T>
void read_block(hid_t dataset, const Shape& offset, const Shape& count, std::span<T> out)
{
    if (static_cast<std::int64_t>(out.size()) != product(count))
        throw base::IoError("block and buffer differ in size", name_of(dataset),
                            "a fault of rewire: please report it");
    if (out.empty())
        return;
    const auto file = checked_read(H5Dget_space(dataset), dataset, "the shape");
    const auto starts = extents(offset);
    const auto counts = extents(count);
    if (H5Sget_simple_extent_ndims(file) != static_cast<int>(counts.size()) ||
        H5Sselect_hyperslab(file, H5S_SELECT_SET, starts.data(), nullptr, counts.data(), nullptr) <
            0 ||
        H5Sselect_valid(file) <= 0)
        throw base::InputError("the dataset is smaller than expected", name_of(dataset),
                               "is the file complete?");
    // The shape of the block, not a flat one: HDF5 is slow where the two differ.
    const auto memory = space_of(count);
    read_numbers(dataset, memory, file, out.data());
}

template <typename T>
std::vector<T> read_all(hid_t location, const std::string& path)
{
    const auto dataset = open_dataset(location, path);
    if (!holds_numbers(dataset))
        throw base::InputError("not numbers", name_of(dataset),
                               "is this the dataset that was meant?");
    check_fits_memory(dataset, sizeof(T));
    auto values = std::vector<T>(static_cast<std::size_t>(product(shape_of(dataset))));
    if (!values.empty())
        read_numbers(dataset, H5S_ALL, H5S_ALL, values.data());
    return values;
}

template <typename T>
T read_scalar(hid_t location, const std::string& path)
{
    const auto values = read_all<T>(location, path);
    if (values.size() != 1)
        throw base::InputError(fmt::format("{} values where one is expected", values.size()),
                               name_of(location) + " " + path, "is the file complete?");
    return values.front();
}

#define REWIRE_INSTANTIATE(T)                                                                      \
    template void read_block<T>(hid_t, const Shape&, const Shape&, std::span<T>);                  \
    template std::vector<T> read_all<T>(hid_t, const std::string&);                                \
    template T read_scalar<T>(hid_t, const std::string&);
REWIRE_FOR_EACH_NUMBER(REWIRE_INSTANTIATE)
#undef REWIRE_INSTANTIATE

} // namespace rewire::io
