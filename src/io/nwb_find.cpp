#include "nwb_find.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace rewire::io {

namespace {

/// NWB needs about six levels. Every level costs a walk from the root.
constexpr auto deepest = 50;

class Search
{
  public:
    explicit Search(hid_t file) : file_(file) {}

    void look_into(const std::string& path)
    {
        if (!exists(file_, path))
            return;
        const auto object = open_object(file_, path);
        if (H5Iget_type(object) == H5I_GROUP)
            visit(object, path, {}, false);
    }

    FoundObjects take() { return std::move(found_); }

  private:
    /// Structure counts as well as the type, so that types of extensions are found too.
    void visit(hid_t group, const std::string& path, const std::string& container, bool soft)
    {
        const auto type = text_attribute_or_empty(group, "neurodata_type");
        const auto has_data = exists(group, "data");
        if (type == "RoiResponseSeries" || (has_data && exists(group, "rois")))
            return add_activity(group, {path, type, container});
        // What a soft link leads to has its own place in the file and is found there.
        if (soft || !visited_.insert(key_of(group)).second)
            return;
        if (has_data && (exists(group, "timestamps") || exists(group, "starting_time")))
            return found_.series.push_back({path, type, container});
        if (type == "Units")
            return found_.units.push_back({path, type, container});
        if (type == "TimeIntervals" || (has_attribute(group, "colnames") &&
                                        exists(group, "start_time") && exists(group, "stop_time")))
            return found_.intervals.push_back({path, type, container});
        if (std::count(path.begin(), path.end(), '/') >= deepest)
            throw base::InputError(
                fmt::format("groups lie more than {} deep in each other", deepest), name_of(group),
                "damaged, or not meant as NWB: leave it out");
        for (const auto& name : children(group))
            follow(group, path, name, type);
    }

    void follow(hid_t group, const std::string& path, const std::string& name,
                const std::string& type)
    {
        if (!exists(group, name))
            return; // a link to nowhere
        const auto child = open_object(group, name);
        if (H5Iget_type(child) == H5I_GROUP)
            visit(child, path + "/" + name, type, is_soft_link(group, name));
    }

    void add_activity(hid_t group, FoundObject object)
    {
        const auto [known, added] = activity_.try_emplace(key_of(group), found_.activity.size());
        if (added)
            found_.activity.push_back(std::move(object));
        else if (preference(object.container) <
                 preference(found_.activity[known->second].container))
            found_.activity[known->second] = std::move(object);
    }

    hid_t file_;
    FoundObjects found_;
    std::set<ObjectKey> visited_;
    std::map<ObjectKey, std::size_t> activity_;
};

} // namespace

FoundObjects find_objects(hid_t file)
{
    auto search = Search(file);
    for (const auto* part :
         {"/acquisition", "/processing", "/stimulus", "/analysis", "/intervals", "/units"})
        search.look_into(part);
    return search.take();
}

bool names_path(const std::string& name, const std::string& path)
{
    return path == name || path.ends_with("/" + name) ||
           path.find("/" + name + "/") != std::string::npos;
}

int preference(const std::string& container)
{
    if (container == "DfOverF")
        return 0;
    return container == "Fluorescence" ? 1 : 2;
}

} // namespace rewire::io
