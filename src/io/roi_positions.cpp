#include "rewire/io/roi_positions.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/nan.hpp>
#include <rewire/io/crash_guard.hpp>
#include <rewire/io/hdf5.hpp>
#include <rewire/io/nwb_table.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::io {

namespace {

using base::nan;
using Place = std::array<double, 3>;

struct Voxel
{
    double x = 0, y = 0, z = 0, weight = 0;
};

/// Weighted mean place of some voxels.
class Centroid
{
  public:
    void add(const Voxel& voxel)
    {
        sum_.x += voxel.weight * voxel.x;
        sum_.y += voxel.weight * voxel.y;
        sum_.z += voxel.weight * voxel.z;
        sum_.weight += voxel.weight;
    }
    Place place() const
    {
        if (!(sum_.weight > 0))
            return {nan, nan, nan};
        return {sum_.x / sum_.weight, sum_.y / sum_.weight, sum_.z / sum_.weight};
    }

  private:
    Voxel sum_;
};

/// As a compound of doubles, whatever the members are in the file. @throws InputError: other
/// members
std::vector<Voxel> read_voxels(hid_t table, const std::string& name, bool with_z)
{
    const auto dataset = open_dataset(table, name);
    const auto shape = shape_of(dataset);
    const auto in_file = Handle(H5Dget_type(dataset));
    const auto has = [&](const char* member) { return H5Tget_member_index(in_file, member) >= 0; };
    if (shape.size() != 1 || H5Tget_class(in_file) != H5T_COMPOUND || !has("x") || !has("y") ||
        !has("weight") || (with_z && !has("z")))
        throw base::InputError("not a list of pixels with x, y and weight", name_of(dataset), "");
    check_fits_memory(dataset, sizeof(Voxel));
    const auto type = Handle(H5Tcreate(H5T_COMPOUND, sizeof(Voxel)));
    H5Tinsert(type, "x", HOFFSET(Voxel, x), H5T_NATIVE_DOUBLE);
    H5Tinsert(type, "y", HOFFSET(Voxel, y), H5T_NATIVE_DOUBLE);
    if (with_z)
        H5Tinsert(type, "z", HOFFSET(Voxel, z), H5T_NATIVE_DOUBLE);
    H5Tinsert(type, "weight", HOFFSET(Voxel, weight), H5T_NATIVE_DOUBLE);
    auto voxels = std::vector<Voxel>(static_cast<std::size_t>(shape[0]));
    if (!voxels.empty() && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, voxels.data()) < 0)
        throw base::InputError("the pixels cannot be read", name_of(dataset), "");
    return voxels;
}

/// [row of the table]
std::vector<Place> places_of_voxels(hid_t table, const std::string& name, bool with_z)
{
    const auto voxels = read_voxels(table, name, with_z);
    auto places = std::vector<Place>{};
    auto first = std::int64_t{0};
    for (const auto last : read_all<std::int64_t>(table, name + "_index")) {
        if (last < first || last > static_cast<std::int64_t>(voxels.size()))
            throw base::InputError("its index points beyond the pixels", name, "");
        auto centroid = Centroid{};
        for (auto k = first; k < last; ++k)
            centroid.add(voxels[static_cast<std::size_t>(k)]);
        places.push_back(centroid.place());
        first = last;
    }
    return places;
}

/// Of an image, or a stack, a row.
std::vector<Place> places_of_images(hid_t table, const std::string& name)
{
    const auto dataset = open_dataset(table, name);
    const auto shape = shape_of(dataset);
    if ((shape.size() != 3 && shape.size() != 4) || !holds_numbers(dataset))
        throw base::InputError("not an image a row", name, "");
    check_declared_size(dataset);
    auto one = shape;
    one[0] = 1;
    auto pixels = std::int64_t{1};
    for (const auto length : one)
        pixels *= length;
    const auto depth = shape.size() == 4 ? shape[3] : 1;
    auto image = std::vector<double>(static_cast<std::size_t>(pixels));
    auto places = std::vector<Place>{};
    for (std::int64_t row = 0; row < shape[0]; ++row) {
        auto offset = Shape(shape.size(), 0);
        offset[0] = row;
        read_block<double>(dataset, offset, one, image);
        auto centroid = Centroid{};
        auto weight = image.begin();
        for (std::int64_t x = 0; x < shape[1]; ++x)
            for (std::int64_t y = 0; y < shape[2]; ++y)
                for (std::int64_t z = 0; z < depth; ++z, ++weight)
                    if (*weight > 0)
                        centroid.add({static_cast<double>(x), static_cast<double>(y),
                                      static_cast<double>(z), *weight});
        places.push_back(centroid.place());
    }
    return places;
}

/// Two or three numbers a row.
std::vector<Place> places_of_column(hid_t table, const std::string& name)
{
    const auto shape = shape_of(open_dataset(table, name));
    if (shape.size() != 2 || shape[1] < 2 || shape[1] > 3)
        throw base::InputError("not two or three numbers a row", name, "");
    const auto values = read_all<double>(table, name);
    const auto width = static_cast<std::size_t>(shape[1]);
    auto places = std::vector<Place>{};
    for (std::size_t k = 0; k < values.size(); k += width)
        places.push_back({values[k], values[k + 1], width == 3 ? values[k + 2] : 0});
    return places;
}

std::vector<Place> places_of_columns(hid_t table)
{
    const auto x = read_all<double>(table, "x");
    const auto y = read_all<double>(table, "y");
    const auto z =
        is_dataset(table, "z") ? read_all<double>(table, "z") : std::vector<double>(x.size(), 0.0);
    if (y.size() != x.size() || z.size() != x.size())
        throw base::InputError("x, y and z of different lengths", "", "");
    auto places = std::vector<Place>{};
    for (std::size_t row = 0; row < x.size(); ++row)
        places.push_back({x[row], y[row], z[row]});
    return places;
}

/// From pixels to micrometres, where the imaging plane says how.
void scale_pixels(hid_t table, RoiPositions& positions)
{
    positions.unit = "pixels";
    if (!exists(table, "imaging_plane"))
        return;
    const auto plane = open_object(table, "imaging_plane");
    if (!is_dataset(plane, "grid_spacing"))
        return;
    const auto spacing = read_all<double>(plane, "grid_spacing");
    const auto unit = text_attribute_or_empty(open_dataset(plane, "grid_spacing"), "unit");
    const auto to_um = unit.empty() || unit == "meters" || unit == "m" || unit == "meter" ? 1e6
                       : unit == "micrometers" || unit == "um" || unit == "microns"       ? 1.0
                       : unit == "millimeters" || unit == "mm"                            ? 1e3
                                                                                          : 0.0;
    const auto usable = spacing.size() >= 2 && to_um > 0 &&
                        std::all_of(spacing.begin(), spacing.end(),
                                    [](double step) { return step > 0 && std::isfinite(step); });
    if (!usable)
        return;
    positions.unit = "um";
    for (auto& place : positions.place)
        for (std::size_t axis = 0; axis < 3; ++axis)
            place[axis] *= to_um * (axis < spacing.size() ? spacing[axis] : 1.0);
}

/// Of all rows of the table; not known where it has none.
RoiPositions positions_in(hid_t table)
{
    auto positions = RoiPositions{};
    const auto masks = {std::pair{"voxel_mask", true}, std::pair{"pixel_mask", false}};
    for (const auto& [name, with_z] : masks)
        if (!positions.known() && is_dataset(table, name) &&
            is_dataset(table, std::string(name) + "_index"))
            positions = {places_of_voxels(table, name, with_z), "", name};
    if (!positions.known() && is_dataset(table, "image_mask"))
        positions = {places_of_images(table, "image_mask"), "", "image_mask"};
    if (positions.known()) {
        scale_pixels(table, positions);
        return positions;
    }
    for (const auto* name : {"centroid", "position", "positions"})
        if (!positions.known() && is_dataset(table, name))
            positions = {places_of_column(table, name),
                         text_attribute_or_empty(open_dataset(table, name), "unit"), name};
    if (!positions.known() && is_dataset(table, "x") && is_dataset(table, "y"))
        positions = {places_of_columns(table),
                     text_attribute_or_empty(open_dataset(table, "x"), "unit"), "x, y"};
    return positions;
}

} // namespace

double RoiPositions::distance(std::size_t i, std::size_t j) const
{
    return std::hypot(place[i][0] - place[j][0], place[i][1] - place[j][1],
                      place[i][2] - place[j][2]);
}

RoiPositions roi_positions(const NwbSession& session)
{
    const auto guard = CrashGuard(session.path());
    try {
        const auto& info = session.activity();
        const auto series = open_group(session.file(), info.path);
        if (!is_dataset(series, "rois") || !has_attribute(open_dataset(series, "rois"), "table"))
            return {};
        const auto region = open_dataset(series, "rois");
        const auto table = open_group(region, referenced_path(region, "table"));
        const auto row = read_all<std::int64_t>(series, "rois");
        auto of_table = positions_in(table);
        if (!of_table.known())
            return {};
        auto positions = RoiPositions{{}, of_table.unit, of_table.source};
        for (std::int64_t neuron = 0; neuron < info.neurons; ++neuron) {
            const auto at = row.at(static_cast<std::size_t>(session.column_of(neuron)));
            positions.place.push_back(of_table.place.at(static_cast<std::size_t>(at)));
        }
        return positions;
    } catch (const base::Error&) {
        return {};
    } catch (const std::out_of_range&) {
        return {};
    }
}

} // namespace rewire::io
