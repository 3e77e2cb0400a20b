#include "hdf5_detail.hpp"

#include <rewire/base/error.hpp>

#include <algorithm>
#include <array>

namespace rewire::io {

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
    auto values = std::vector<T>(attribute_values(object, space, name));
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
    attribute_values(object, space, name);
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

namespace {

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

#define REWIRE_INSTANTIATE(T)                                                                      \
    template T read_attribute<T>(hid_t, const std::string&);                                       \
    template std::vector<T> read_attribute_all<T>(hid_t, const std::string&);                      \
    template void write_attribute<T>(hid_t, const std::string&, T);                                \
    template void write_attribute_all<T>(hid_t, const std::string&, const std::vector<T>&);
REWIRE_FOR_EACH_NUMBER(REWIRE_INSTANTIATE)
#undef REWIRE_INSTANTIATE

} // namespace rewire::io
