#pragma once

#include <rewire/io/hdf5.hpp>

#include <string>
#include <vector>

namespace rewire::io {

/// An object of an NWB file and where it was found.
struct FoundObject
{
    std::string path;
    std::string type;      ///< neurodata_type
    std::string container; ///< neurodata_type of the group it is in
};

struct FoundObjects
{
    std::vector<FoundObject> activity; ///< RoiResponseSeries
    std::vector<FoundObject> series;   ///< every other group with data and times
    std::vector<FoundObject> intervals;
    std::vector<FoundObject> units;
};

/// Searches acquisition, processing, stimulus, analysis, intervals and units. An object with
/// several links is found once; as DfOverF where one of the links is in such a container.
FoundObjects find_objects(hid_t file);

/// Whether `name` means `path`: the whole path, its end, or a part between slashes.
bool names_path(const std::string& name, const std::string& path);

/// 0 DfOverF, 1 Fluorescence, 2 anything else: what to take first.
int preference(const std::string& container);

} // namespace rewire::io
