#include "hdf5_detail.hpp"

#include <rewire/base/error.hpp>

namespace rewire::io {

namespace {

Handle boolean_type()
{
    auto type = Handle(H5Tenum_create(H5T_NATIVE_INT8));
    const auto no = std::int8_t{0};
    const auto yes = std::int8_t{1};
    H5Tenum_insert(type, "FALSE", &no);
    H5Tenum_insert(type, "TRUE", &yes);
    return type;
}

} // namespace

Handle make_dataset(hid_t location, const std::string& name, hid_t type, const Shape& shape,
                    const Storage& storage)
{
    const auto space = space_of(shape, storage.maximum);
    const auto properties = Handle(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_obj_track_times(properties, false); // the same values give the same bytes
    if (!storage.chunk.empty()) {
        const auto chunk = extents(storage.chunk);
        H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data());
        if (storage.deflate > 0) {
            H5Pset_shuffle(properties);
            H5Pset_deflate(properties, static_cast<unsigned>(storage.deflate));
        }
    }
    const auto links = Handle(H5Pcreate(H5P_LINK_CREATE));
    H5Pset_create_intermediate_group(links, 1);
    return checked_write(
        H5Dcreate2(location, name.c_str(), type, space, links, properties, H5P_DEFAULT), location,
        "dataset " + name);
}

template <typename T>
void write_block(hid_t dataset, const Shape& offset, const Shape& count, std::span<const T> values)
{
    if (static_cast<std::int64_t>(values.size()) != product(count))
        throw base::IoError("block and buffer differ in size", name_of(dataset),
                            "a fault of rewire: please report it");
    if (values.empty())
        return;
    const auto file = checked_write(H5Dget_space(dataset), dataset, "the shape");
    const auto starts = extents(offset);
    const auto counts = extents(count);
    const auto memory = space_of(count);
    if (H5Sselect_hyperslab(file, H5S_SELECT_SET, starts.data(), nullptr, counts.data(), nullptr) <
            0 ||
        H5Dwrite(dataset, native_type<T>(), memory, file, H5P_DEFAULT, values.data()) < 0)
        fail_writing(dataset, "values");
}

template <typename T>
Handle write_dataset(hid_t location, const std::string& name, std::span<const T> values,
                     const Shape& shape, const Storage& storage)
{
    if (static_cast<std::int64_t>(values.size()) != product(shape))
        throw base::IoError("values and shape of " + name + " differ in size", name_of(location),
                            "a fault of rewire: please report it");
    auto dataset = make_dataset(location, name, native_type<T>(), shape, storage);
    if (!values.empty() &&
        H5Dwrite(dataset, native_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
        fail_writing(dataset, "values");
    return dataset;
}

template <typename T>
Handle write_scalar(hid_t location, const std::string& name, T value)
{
    return write_dataset<T>(location, name, std::span<const T>(&value, 1), {});
}

Handle write_booleans(hid_t location, const std::string& name,
                      const std::vector<std::uint8_t>& values, const Storage& storage)
{
    const auto type = boolean_type();
    auto dataset =
        make_dataset(location, name, type, {static_cast<std::int64_t>(values.size())}, storage);
    if (!values.empty() &&
        H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
        fail_writing(dataset, "values");
    return dataset;
}

#define REWIRE_INSTANTIATE(T)                                                                      \
    template void write_block<T>(hid_t, const Shape&, const Shape&, std::span<const T>);           \
    template Handle write_dataset<T>(hid_t, const std::string&, std::span<const T>, const Shape&,  \
                                     const Storage&);                                              \
    template Handle write_scalar<T>(hid_t, const std::string&, T);
REWIRE_FOR_EACH_NUMBER(REWIRE_INSTANTIATE)
#undef REWIRE_INSTANTIATE

} // namespace rewire::io
