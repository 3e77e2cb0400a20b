#include <rewire/base/error.hpp>
#include <rewire/io/hdf5.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <mutex>
#include <numeric>
#include <string_view>
#include <utility>

namespace rewire::io {

namespace {

/// Errors are reported by ours; HDF5 would print its stack on top.
void silence_hdf5()
{
    static auto once = std::once_flag{};
    std::call_once(once, [] { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); });
}

/// The innermost message of HDF5's error stack: usually says what the system refused.
std::string hdf5_reason()
{
    auto reason = std::string{};
    H5Ewalk2(
        H5E_DEFAULT, H5E_WALK_UPWARD,
        [](unsigned depth, const H5E_error2_t* error, void* data) -> herr_t {
            if (depth == 0 && error->desc != nullptr)
                *static_cast<std::string*>(data) = error->desc;
            return 0;
        },
        &reason);
    H5Eclear2(H5E_DEFAULT);
    return reason.empty() ? "" : " (" + reason + ")";
}

[[noreturn]] void fail_reading(hid_t location, const std::string& what)
{
    const auto reason = hdf5_reason();
    throw base::IoError("cannot read " + what + reason, name_of(location),
                        "the file may be damaged or cut short: compare it with the original");
}

[[noreturn]] void fail_writing(hid_t location, const std::string& what)
{
    const auto reason = hdf5_reason();
    throw base::IoError("cannot write " + what + reason, name_of(location),
                        "is the disk full or the quota used up?");
}

Handle checked_read(hid_t id, hid_t location, const std::string& what)
{
    if (id < 0)
        fail_reading(location, what);
    return Handle(id);
}

Handle checked_write(hid_t id, hid_t location, const std::string& what)
{
    if (id < 0)
        fail_writing(location, what);
    return Handle(id);
}

std::vector<hsize_t> extents(const Shape& shape)
{
    return {shape.begin(), shape.end()};
}

std::int64_t product(const Shape& shape)
{
    return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

Handle space_of(const Shape& shape, const Shape& maximum = {})
{
    if (shape.empty())
        return Handle(H5Screate(H5S_SCALAR));
    const auto sizes = extents(shape);
    auto largest = extents(maximum);
    for (std::size_t i = 0; i < maximum.size(); ++i)
        if (maximum[i] < 0)
            largest[i] = H5S_UNLIMITED;
    return Handle(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(),
                                   largest.empty() ? nullptr : largest.data()));
}

Handle text_type()
{
    auto type = Handle(H5Tcopy(H5T_C_S1));
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

Handle boolean_type()
{
    auto type = Handle(H5Tenum_create(H5T_NATIVE_INT8));
    const auto no = std::int8_t{0};
    const auto yes = std::int8_t{1};
    H5Tenum_insert(type, "FALSE", &no);
    H5Tenum_insert(type, "TRUE", &yes);
    return type;
}

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

/// Strings of a dataset or attribute, through `read(memory type, buffer)`.
template <typename Read>
std::vector<std::string> texts_of(hid_t object, hid_t type, hid_t space, Read read)
{
    const auto count =
        static_cast<std::size_t>(std::max<hssize_t>(0, H5Sget_simple_extent_npoints(space)));
    auto texts = std::vector<std::string>(count);
    if (count == 0)
        return texts;
    if (H5Tis_variable_str(type) > 0) {
        auto pointers = std::vector<char*>(count, nullptr);
        auto memory = Handle(H5Tcopy(H5T_C_S1));
        H5Tset_size(memory, H5T_VARIABLE);
        H5Tset_cset(memory, H5Tget_cset(type));
        if (read(memory.get(), static_cast<void*>(pointers.data())) < 0)
            fail_reading(object, "text");
        for (std::size_t i = 0; i < count; ++i)
            if (pointers[i] != nullptr)
                texts[i] = pointers[i];
        H5Dvlen_reclaim(memory, space, H5P_DEFAULT, pointers.data());
        return texts;
    }
    const auto width = H5Tget_size(type);
    auto characters = std::vector<char>(count * width);
    if (read(type, static_cast<void*>(characters.data())) < 0)
        fail_reading(object, "text");
    for (std::size_t i = 0; i < count; ++i) {
        const auto* begin = characters.data() + i * width;
        texts[i].assign(begin, strnlen(begin, width));
        while (!texts[i].empty() && H5Tget_strpad(type) == H5T_STR_SPACEPAD &&
               texts[i].back() == ' ')
            texts[i].pop_back();
    }
    return texts;
}

template <typename T>
void write_attribute_of(hid_t object, const std::string& name, hid_t type, hid_t space,
                        const T* values)
{
    if (H5Aexists(object, name.c_str()) > 0)
        H5Adelete(object, name.c_str());
    auto attribute =
        checked_write(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                      object, "attribute " + name);
    if (H5Sget_simple_extent_npoints(space) > 0 && H5Awrite(attribute, type, values) < 0)
        fail_writing(object, "attribute " + name);
}

} // namespace

Handle::Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}

Handle& Handle::operator=(Handle&& other) noexcept
{
    if (this != &other) {
        if (id_ >= 0)
            H5Idec_ref(id_);
        id_ = std::exchange(other.id_, H5I_INVALID_HID);
    }
    return *this;
}

Handle::~Handle()
{
    if (id_ >= 0)
        H5Idec_ref(id_);
}

void Handle::close()
{
    if (id_ < 0)
        return;
    const auto name = name_of(id_);
    if (H5Idec_ref(std::exchange(id_, H5I_INVALID_HID)) < 0)
        throw base::IoError("cannot close" + hdf5_reason(), name,
                            "is the disk full or the quota used up?");
}

template <>
hid_t native_type<std::int8_t>()
{
    return H5T_NATIVE_INT8;
}
template <>
hid_t native_type<std::uint8_t>()
{
    return H5T_NATIVE_UINT8;
}
template <>
hid_t native_type<std::int16_t>()
{
    return H5T_NATIVE_INT16;
}
template <>
hid_t native_type<std::uint16_t>()
{
    return H5T_NATIVE_UINT16;
}
template <>
hid_t native_type<std::int32_t>()
{
    return H5T_NATIVE_INT32;
}
template <>
hid_t native_type<std::uint32_t>()
{
    return H5T_NATIVE_UINT32;
}
template <>
hid_t native_type<std::int64_t>()
{
    return H5T_NATIVE_INT64;
}
template <>
hid_t native_type<std::uint64_t>()
{
    return H5T_NATIVE_UINT64;
}
template <>
hid_t native_type<float>()
{
    return H5T_NATIVE_FLOAT;
}
template <>
hid_t native_type<double>()
{
    return H5T_NATIVE_DOUBLE;
}

namespace {

/// Version of the file format; -1 where the file does not begin as HDF5 does. 3 is the last that
/// HDF5 1.10 knows.
int superblock_version(const std::filesystem::path& path)
{
    constexpr auto signature = std::string_view("\x89HDF\r\n\x1a\n", 8);
    auto head = std::array<char, 9>{};
    if (!std::ifstream(path, std::ios::binary).read(head.data(), head.size()) ||
        std::string_view(head.data(), signature.size()) != signature)
        return -1;
    return static_cast<unsigned char>(head.back());
}

Handle open_file(const std::filesystem::path& path, unsigned mode)
{
    silence_hdf5();
    auto error = std::error_code{};
    if (!std::filesystem::exists(path, error))
        throw base::IoError("no such file", path.string(), "check the path");
    if (::access(path.c_str(), mode == H5F_ACC_RDONLY ? R_OK : R_OK | W_OK) != 0)
        throw base::IoError(fmt::format("cannot open file: {}", std::strerror(errno)),
                            path.string(), "check its permissions");
    const auto access = Handle(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    // Network file systems refuse locks, and nobody writes what is only read here.
    if (mode == H5F_ACC_RDONLY)
        H5Pset_file_locking(access, false, true);
    const auto id = H5Fopen(path.c_str(), mode, access);
    if (id < 0) {
        const auto reason = hdf5_reason();
        if (superblock_version(path) > 3)
            throw base::InputError("written by a later version of HDF5 than this program knows",
                                   path.string(),
                                   "write it again with libver=('earliest', 'v110') in h5py, or "
                                   "run h5repack --high=2 of the later version on it");
        throw base::InputError(
            "not a readable HDF5 file" + reason, path.string(),
            "damaged, cut short while copying, or another format: compare it with the original");
    }
    return Handle(id);
}

} // namespace

Handle open_for_reading(const std::filesystem::path& path)
{
    return open_file(path, H5F_ACC_RDONLY);
}
Handle open_for_update(const std::filesystem::path& path)
{
    return open_file(path, H5F_ACC_RDWR);
}

Handle create_file(const std::filesystem::path& path)
{
    silence_hdf5();
    const auto access = Handle(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    const auto id = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (id < 0)
        throw base::IoError("cannot create file" + hdf5_reason(), path.string(),
                            "does the folder exist, and may you write there?");
    return Handle(id);
}

bool exists(hid_t location, const std::string& path)
{
    if (path == "/" || path == ".")
        return true;
    auto position = std::size_t{path.starts_with('/') ? 1U : 0U};
    while (position <= path.size()) {
        const auto end = std::min(path.find('/', position), path.size());
        if (H5Lexists(location, path.substr(0, end).c_str(), H5P_DEFAULT) <= 0)
            return false;
        position = end + 1;
    }
    return H5Oexists_by_name(location, path.c_str(), H5P_DEFAULT) > 0;
}

Handle open_object(hid_t location, const std::string& path)
{
    if (!exists(location, path))
        throw base::InputError("no object " + path, name_of(location),
                               "is this the file that was meant?");
    return checked_read(H5Oopen(location, path.c_str(), H5P_DEFAULT), location, path);
}

Handle open_group(hid_t location, const std::string& path)
{
    auto object = open_object(location, path);
    if (H5Iget_type(object) != H5I_GROUP)
        throw base::InputError(path + " is not a group", name_of(location),
                               "is this the file that was meant?");
    return object;
}

Handle open_dataset(hid_t location, const std::string& path)
{
    auto object = open_object(location, path);
    if (H5Iget_type(object) != H5I_DATASET)
        throw base::InputError(path + " is not a dataset", name_of(location),
                               "is this the file that was meant?");
    return object;
}

Handle create_group(hid_t location, const std::string& path)
{
    if (exists(location, path))
        return open_group(location, path);
    const auto properties = Handle(H5Pcreate(H5P_LINK_CREATE));
    H5Pset_create_intermediate_group(properties, 1);
    return checked_write(H5Gcreate2(location, path.c_str(), properties, H5P_DEFAULT, H5P_DEFAULT),
                         location, "group " + path);
}

bool is_group(hid_t location, const std::string& path)
{
    return exists(location, path) && H5Iget_type(open_object(location, path)) == H5I_GROUP;
}

bool is_dataset(hid_t location, const std::string& path)
{
    return exists(location, path) && H5Iget_type(open_object(location, path)) == H5I_DATASET;
}

std::vector<std::string> children(hid_t location, const std::string& path)
{
    const auto group = open_group(location, path);
    auto names = std::vector<std::string>{};
    const auto add = [](hid_t, const char* name, const H5L_info_t*, void* data) -> herr_t {
        static_cast<std::vector<std::string>*>(data)->emplace_back(name);
        return 0;
    };
    if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &names) < 0)
        fail_reading(group, "the list of links");
    return names;
}

bool is_soft_link(hid_t location, const std::string& name)
{
    auto info = H5L_info_t{};
    if (H5Lget_info(location, name.c_str(), &info, H5P_DEFAULT) < 0)
        fail_reading(location, "the link " + name);
    return info.type != H5L_TYPE_HARD;
}

ObjectKey key_of(hid_t object)
{
    auto info = H5O_info_t{};
    if (H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0)
        fail_reading(object, "the object's address");
    return {info.fileno, info.addr};
}

std::string name_of(hid_t object)
{
    auto buffer = std::array<char, 1024>{};
    auto name = std::string{};
    if (H5Fget_name(object, buffer.data(), buffer.size()) > 0)
        name = buffer.data();
    if (H5Iget_type(object) != H5I_FILE && H5Iget_name(object, buffer.data(), buffer.size()) > 0)
        name += std::string(":") + buffer.data();
    return name;
}

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

std::vector<std::string> read_texts(hid_t location, const std::string& path)
{
    const auto dataset = open_dataset(location, path);
    if (!holds_text(dataset))
        throw base::InputError("not text", name_of(dataset), "is this the dataset that was meant?");
    const auto type = Handle(H5Dget_type(dataset));
    const auto space = Handle(H5Dget_space(dataset));
    return texts_of(dataset, type, space, [&](hid_t memory, void* out) {
        return H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
    });
}

std::string read_text(hid_t location, const std::string& path)
{
    const auto texts = read_texts(location, path);
    if (texts.empty())
        throw base::InputError("no text in " + path, name_of(location), "is the file complete?");
    return texts.front();
}

bool has_attribute(hid_t object, const std::string& name)
{
    return H5Aexists(object, name.c_str()) > 0;
}

namespace {

Handle open_attribute(hid_t object, const std::string& name)
{
    if (!has_attribute(object, name))
        throw base::InputError("no attribute " + name, name_of(object), "is the file complete?");
    return checked_read(H5Aopen(object, name.c_str(), H5P_DEFAULT), object, "attribute " + name);
}

} // namespace

template <typename T>
std::vector<T> read_attribute_all(hid_t object, const std::string& name)
{
    const auto attribute = open_attribute(object, name);
    const auto space = Handle(H5Aget_space(attribute));
    auto values = std::vector<T>(
        static_cast<std::size_t>(std::max<hssize_t>(0, H5Sget_simple_extent_npoints(space))));
    if (!values.empty() && H5Aread(attribute, native_type<T>(), values.data()) < 0)
        fail_reading(object, "attribute " + name);
    return values;
}

template <typename T>
T read_attribute(hid_t object, const std::string& name)
{
    const auto values = read_attribute_all<T>(object, name);
    if (values.empty())
        throw base::InputError("attribute " + name + " is empty", name_of(object),
                               "is the file complete?");
    return values.front();
}

std::vector<std::string> read_texts_attribute(hid_t object, const std::string& name)
{
    const auto attribute = open_attribute(object, name);
    const auto type = Handle(H5Aget_type(attribute));
    if (H5Tget_class(type) != H5T_STRING)
        throw base::InputError("attribute " + name + " is not text", name_of(object),
                               "is the file complete?");
    const auto space = Handle(H5Aget_space(attribute));
    return texts_of(object, type, space,
                    [&](hid_t memory, void* out) { return H5Aread(attribute, memory, out); });
}

std::string read_text_attribute(hid_t object, const std::string& name)
{
    const auto texts = read_texts_attribute(object, name);
    return texts.empty() ? std::string{} : texts.front();
}

std::string text_attribute_or_empty(hid_t object, const std::string& name)
{
    if (!has_attribute(object, name))
        return {};
    const auto attribute = open_attribute(object, name);
    const auto type = Handle(H5Aget_type(attribute));
    return H5Tget_class(type) == H5T_STRING ? read_text_attribute(object, name) : std::string{};
}

std::string referenced_path(hid_t object, const std::string& attribute)
{
    const auto opened = open_attribute(object, attribute);
    const auto type = Handle(H5Aget_type(opened));
    auto reference = hobj_ref_t{};
    if (H5Tequal(type, H5T_STD_REF_OBJ) <= 0 || H5Aread(opened, H5T_STD_REF_OBJ, &reference) < 0)
        throw base::InputError("attribute " + attribute + " is not a reference", name_of(object),
                               "is the file complete?");
    const auto target = checked_read(H5Rdereference2(object, H5P_DEFAULT, H5R_OBJECT, &reference),
                                     object, attribute);
    auto buffer = std::array<char, 1024>{};
    if (H5Iget_name(target, buffer.data(), buffer.size()) <= 0)
        fail_reading(object, attribute);
    return buffer.data();
}

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

Handle write_texts(hid_t location, const std::string& name, const std::vector<std::string>& values,
                   const Storage& storage)
{
    const auto type = text_type();
    auto dataset =
        make_dataset(location, name, type, {static_cast<std::int64_t>(values.size())}, storage);
    auto pointers = std::vector<const char*>{};
    for (const auto& value : values)
        pointers.push_back(value.c_str());
    if (!values.empty() &&
        H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()) < 0)
        fail_writing(dataset, "text");
    return dataset;
}

Handle write_text(hid_t location, const std::string& name, const std::string& value)
{
    const auto type = text_type();
    auto dataset = make_dataset(location, name, type, {});
    const auto* pointer = value.c_str();
    if (H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &pointer) < 0)
        fail_writing(dataset, "text");
    return dataset;
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

template <typename T>
void write_attribute(hid_t object, const std::string& name, T value)
{
    write_attribute_of(object, name, native_type<T>(), space_of({}), &value);
}

template <typename T>
void write_attribute_all(hid_t object, const std::string& name, const std::vector<T>& values)
{
    write_attribute_of(object, name, native_type<T>(),
                       space_of({static_cast<std::int64_t>(values.size())}), values.data());
}

void write_text_attribute(hid_t object, const std::string& name, const std::string& value)
{
    const auto* pointer = value.c_str();
    write_attribute_of(object, name, text_type(), space_of({}), &pointer);
}

void write_texts_attribute(hid_t object, const std::string& name,
                           const std::vector<std::string>& values)
{
    auto pointers = std::vector<const char*>{};
    for (const auto& value : values)
        pointers.push_back(value.c_str());
    write_attribute_of(object, name, text_type(),
                       space_of({static_cast<std::int64_t>(values.size())}), pointers.data());
}

void write_reference_attribute(hid_t object, const std::string& name, const std::string& target)
{
    auto reference = hobj_ref_t{};
    if (H5Rcreate(&reference, object, target.c_str(), H5R_OBJECT, H5I_INVALID_HID) < 0)
        fail_writing(object, "a reference to " + target);
    write_attribute_of(object, name, H5T_STD_REF_OBJ, space_of({}), &reference);
}

void write_soft_link(hid_t location, const std::string& name, const std::string& target)
{
    if (H5Lcreate_soft(target.c_str(), location, name.c_str(), H5P_DEFAULT, H5P_DEFAULT) < 0)
        fail_writing(location, "link " + name);
}

void sync_to_disk(const std::filesystem::path& path)
{
    const auto descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const auto done = descriptor >= 0 && ::fsync(descriptor) == 0;
    const auto reason = done ? std::string{} : std::string(std::strerror(errno));
    if (descriptor >= 0)
        ::close(descriptor);
    if (!done)
        throw base::IoError("cannot flush to disk: " + reason, path.string(),
                            "is the disk full or the quota used up?");
}

#define REWIRE_INSTANTIATE(T)                                                                      \
    template void read_block<T>(hid_t, const Shape&, const Shape&, std::span<T>);                  \
    template std::vector<T> read_all<T>(hid_t, const std::string&);                                \
    template T read_scalar<T>(hid_t, const std::string&);                                          \
    template T read_attribute<T>(hid_t, const std::string&);                                       \
    template std::vector<T> read_attribute_all<T>(hid_t, const std::string&);                      \
    template void write_block<T>(hid_t, const Shape&, const Shape&, std::span<const T>);           \
    template Handle write_dataset<T>(hid_t, const std::string&, std::span<const T>, const Shape&,  \
                                     const Storage&);                                              \
    template Handle write_scalar<T>(hid_t, const std::string&, T);                                 \
    template void write_attribute<T>(hid_t, const std::string&, T);                                \
    template void write_attribute_all<T>(hid_t, const std::string&, const std::vector<T>&);

REWIRE_INSTANTIATE(std::int8_t)
REWIRE_INSTANTIATE(std::uint8_t)
REWIRE_INSTANTIATE(std::int16_t)
REWIRE_INSTANTIATE(std::uint16_t)
REWIRE_INSTANTIATE(std::int32_t)
REWIRE_INSTANTIATE(std::uint32_t)
REWIRE_INSTANTIATE(std::int64_t)
REWIRE_INSTANTIATE(std::uint64_t)
REWIRE_INSTANTIATE(float)
REWIRE_INSTANTIATE(double)

} // namespace rewire::io
