#include "summary_change.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/nan.hpp>

namespace rewire::jobs {

namespace {

using base::nan;

double number_in(const io::Handle& object, const std::string& name)
{
    return io::has_attribute(object, name) ? io::read_attribute<double>(object, name) : nan;
}

/// @throws InputError: of another size than the sessions say
std::vector<double> values_in(const io::Handle& group, const std::string& name, std::size_t size)
{
    if (!io::exists(group, name))
        return {};
    auto values = io::read_all<double>(group, name);
    if (values.size() != size)
        throw base::InputError("the result has another shape than its axes",
                               io::name_of(group) + "/" + name,
                               "compute it again with --overwrite");
    return values;
}

KindSummary kind_in(const io::Handle& group, HalfKind kind, std::size_t sessions)
{
    const auto prefix = change_prefix(kind);
    auto summary = KindSummary{.status = "not computed"};
    if (!io::has_attribute(group, prefix + "change_status"))
        return summary;
    summary.status = io::read_text_attribute(group, prefix + "change_status");
    summary.left_out = io::read_texts_attribute(group, prefix + "change_sessions_left_out");
    summary.sessions = io::read_attribute<std::int64_t>(group, prefix + "change_sessions");
    summary.mantel = summary.mantel_p = summary.bend = summary.came_back = summary.exponent = nan;
    summary.exponent_low = summary.exponent_high = nan;
    summary.reliability = values_in(group, prefix + "reliability", sessions);
    if (!summary.ok())
        return summary;
    summary.similarity = values_in(group, prefix + "similarity", sessions * sessions);
    summary.displacement = io::read_all<double>(group, prefix + "displacement");
    summary.not_above_zero =
        io::read_attribute_all<std::int64_t>(group, prefix + "displacements_not_above_zero");
    summary.mantel = number_in(group, prefix + "mantel");
    summary.mantel_p = number_in(group, prefix + "mantel_p");
    summary.orders = io::read_attribute<std::int64_t>(group, prefix + "mantel_orders");
    summary.all_orders = io::text_attribute_or_empty(group, prefix + "mantel_orders_are") == "all";
    summary.bend = number_in(group, prefix + "bend");
    summary.came_back = number_in(group, prefix + "return");
    summary.exponent = number_in(group, prefix + "exponent");
    summary.exponent_low = number_in(group, prefix + "exponent_low");
    summary.exponent_high = number_in(group, prefix + "exponent_high");
    return summary;
}

void read_plane(const io::Handle& group, std::size_t sessions, AnimalChange& change)
{
    change.cross_score = values_in(group, "cross_score", 2 * sessions);
    if (change.cross_score.empty())
        return;
    change.ellipse = values_in(group, "ellipse", 4 * sessions);
    if (!change.ellipse.empty()) {
        const auto radius = number_in(io::open_dataset(group, "ellipse"), "radius_squared_95");
        for (auto& value : change.ellipse)
            value *= radius;
    }
    change.cross_positive = values_in(group, "cross_top_positive_mean", 2 * sessions);
    change.cross_negative = values_in(group, "cross_top_negative_mean", 2 * sessions);
    change.cross_positive_count = io::read_all<std::int64_t>(group, "cross_top_positive_count");
    change.cross_negative_count = io::read_all<std::int64_t>(group, "cross_top_negative_count");
}

} // namespace

std::string change_prefix(HalfKind kind)
{
    return kind == HalfKind::all ? "" : kind == HalfKind::fine ? "fine_" : "quiet_";
}

AnimalChange change_in(const io::Handle& group, std::size_t sessions)
{
    auto change = AnimalChange{};
    change.there = io::has_attribute(group, "change_status");
    change.all = kind_in(group, HalfKind::all, sessions);
    change.fine = kind_in(group, HalfKind::fine, sessions);
    change.quiet = kind_in(group, HalfKind::quiet, sessions);
    if (!change.there)
        return change;
    change.events = values_in(group, "events", sessions);
    change.effective_frames = values_in(group, "effective_frames", sessions);
    change.density = values_in(group, "density", sessions);
    change.movement_share = values_in(group, "movement_share", sessions);
    change.confound = io::read_texts(group, "confound");
    change.confound_correlation = values_in(group, "confound_correlation", change.confound.size());
    read_plane(group, sessions, change);
    return change;
}

OverAnimals test_in(const io::Handle& file, const std::string& attribute)
{
    auto test = OverAnimals{nan, nan, 0};
    if (!io::has_attribute(file, attribute + "_subjects"))
        return test;
    test.t = number_in(file, attribute + "_t");
    test.p = number_in(file, attribute + "_p");
    test.animals = io::read_attribute<std::int64_t>(file, attribute + "_subjects");
    return test;
}

} // namespace rewire::jobs
