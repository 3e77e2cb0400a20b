#include "hdf5_detail.hpp"

#include <rewire/base/error.hpp>

#include <algorithm>

namespace rewire::io {

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

namespace {

Handle open_as(H5I_type_t type, const std::string& kind, hid_t location, const std::string& path)
{
    auto object = open_object(location, path);
    if (H5Iget_type(object) != type)
        throw base::InputError(path + " is not a " + kind, name_of(location),
                               "is this the file that was meant?");
    return object;
}

} // namespace

Handle open_group(hid_t location, const std::string& path)
{
    return open_as(H5I_GROUP, "group", location, path);
}

Handle open_dataset(hid_t location, const std::string& path)
{
    auto dataset = open_as(H5I_DATASET, "dataset", location, path);
    check_own_values(dataset);
    return dataset;
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

namespace {

/// What a function of HDF5 writes into a buffer after saying how long it is. A path of thousands of
/// levels is cut: it is shown to people.
template <typename Get>
std::string text_of(Get get)
{
    constexpr auto longest = ssize_t{4000};
    const auto length = std::min<ssize_t>(get(nullptr, 0), longest);
    if (length <= 0)
        return {};
    auto text = std::string(static_cast<std::size_t>(length), '\0');
    get(text.data(), text.size() + 1);
    return text;
}

} // namespace

std::string name_of(hid_t object)
{
    auto name =
        text_of([&](char* out, std::size_t size) { return H5Fget_name(object, out, size); });
    if (H5Iget_type(object) == H5I_FILE)
        return name;
    const auto path =
        text_of([&](char* out, std::size_t size) { return H5Iget_name(object, out, size); });
    return path.empty() ? name : name + ":" + path;
}

void write_soft_link(hid_t location, const std::string& name, const std::string& target)
{
    if (H5Lcreate_soft(target.c_str(), location, name.c_str(), H5P_DEFAULT, H5P_DEFAULT) < 0)
        fail_writing(location, "link " + name);
}

} // namespace rewire::io
