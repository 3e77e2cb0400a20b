#include "rewire/io/copy_group.hpp"

#include "hdf5_detail.hpp"

#include <rewire/base/error.hpp>

#include <hdf5_hl.h>

#include <utility>
#include <vector>

namespace rewire::io {

namespace {

using Axes = std::vector<std::pair<unsigned, std::string>>; ///< dimension -> path of its scale

Axes axes_of(hid_t dataset)
{
    auto axes = Axes{};
    if (H5DSis_scale(dataset) > 0)
        return axes;
    const auto add = [](hid_t, unsigned dimension, hid_t scale, void* list) -> herr_t {
        const auto name = name_of(scale); // "file.h5:/A/01/pair"
        static_cast<Axes*>(list)->emplace_back(dimension, name.substr(name.rfind(":/") + 1));
        return 0;
    };
    for (unsigned dimension = 0; dimension < shape_of(dataset).size(); ++dimension)
        if (H5DSiterate_scales(dataset, dimension, nullptr, add, &axes) < 0)
            throw base::IoError("cannot read the axes", name_of(dataset), "is the file damaged?");
    return axes;
}

void remove_attribute(hid_t object, const char* name)
{
    if (has_attribute(object, name) && H5Adelete(object, name) < 0)
        fail_writing(object, "copied axes");
}

/// The copies hold links to places in the file they came from.
void remove_links(hid_t file, const std::string& path)
{
    for (const auto& name : children(file, path)) {
        const auto child = path + "/" + name;
        if (is_group(file, child)) {
            remove_links(file, child);
            continue;
        }
        const auto dataset = open_dataset(file, child);
        remove_attribute(dataset, "DIMENSION_LIST");
        remove_attribute(dataset, "REFERENCE_LIST");
    }
}

void attach_axes(hid_t from, hid_t into, const std::string& path)
{
    for (const auto& name : children(from, path)) {
        const auto child = path + "/" + name;
        if (is_group(from, child)) {
            attach_axes(from, into, child);
            continue;
        }
        const auto copy = open_dataset(into, child);
        for (const auto& [dimension, scale] : axes_of(open_dataset(from, child)))
            if (H5DSattach_scale(copy, open_dataset(into, scale), dimension) < 0)
                fail_writing(copy, "axis " + scale);
    }
}

} // namespace

void copy_group(hid_t from, hid_t into, const std::string& path)
{
    if (H5Ocopy(from, path.c_str(), into, path.c_str(), H5P_DEFAULT, H5P_DEFAULT) < 0)
        fail_writing(into, "the copy of " + name_of(from) + ":" + path);
    remove_links(into, path);
    attach_axes(from, into, path);
}

} // namespace rewire::io
