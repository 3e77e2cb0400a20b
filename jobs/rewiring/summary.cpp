#include "summary.hpp"

#include <rewire/base/error.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace rewire::jobs {

namespace {

using Places = std::map<std::pair<std::string, std::string>, SessionPlace>;

/// What the connectome says of the session; without a connectome its position counts.
SessionPlace place_of(const Places& places, const std::string& subject, const std::string& session,
                      std::size_t position)
{
    const auto known = places.find({subject, session});
    if (known != places.end())
        return known->second;
    for (const auto& [key, place] : places)
        if (key.first == subject)
            return {subject, session, static_cast<std::int64_t>(position) + 1, place.group};
    return {subject, session, static_cast<std::int64_t>(position) + 1, "all animals"};
}

/// A dataset of known shape; empty where it may be absent and is.
std::vector<double> values_of(const io::Handle& group, const std::string& name,
                              const io::Shape& shape, bool may_be_absent = false)
{
    if (may_be_absent && !io::exists(group, name))
        return {};
    const auto dataset = io::open_dataset(group, name);
    if (io::shape_of(dataset) != shape)
        throw base::InputError("the result has another shape than its axes", io::name_of(dataset),
                               "compute it again with --overwrite");
    return io::read_all<double>(group, name);
}

/// How many of the pairs of each row of NAME_pair are some (-1: none); NAME_count where it is
/// there.
std::vector<std::int64_t> top_counts(const io::Handle& group, const std::string& name,
                                     std::size_t components)
{
    const auto count = name + "_count";
    auto counts = std::vector<std::int64_t>{};
    if (io::exists(group, count))
        counts = io::read_all<std::int64_t>(group, count);
    else if (io::has_attribute(group, count))
        counts = io::read_attribute_all<std::int64_t>(group, count);
    if (counts.size() == components)
        return counts;
    if (!io::exists(group, name + "_pair"))
        return std::vector<std::int64_t>(components, 0);
    const auto pairs = io::read_all<std::int64_t>(group, name + "_pair");
    const auto ranks = components > 0 ? pairs.size() / components : 0;
    counts.clear();
    for (std::size_t component = 0; component < components; ++component) {
        const auto row = pairs.begin() + static_cast<std::int64_t>(component * ranks);
        counts.push_back(std::count_if(row, row + static_cast<std::int64_t>(ranks),
                                       [](std::int64_t pair) { return pair >= 0; }));
    }
    return counts;
}

/// [session, 2]; fewer sessions may have fewer dimensions: 0 in those that are not there.
std::vector<double> scaling_of(const io::Handle& group, std::int64_t sessions)
{
    if (!io::exists(group, "mds"))
        return {};
    const auto there = io::shape_of(io::open_dataset(group, "mds")).back();
    const auto values = values_of(group, "mds", {sessions, there});
    auto scaling = std::vector<double>(static_cast<std::size_t>(sessions) * 2, 0.0);
    for (std::int64_t session = 0; session < sessions; ++session)
        for (std::int64_t i = 0; i < std::min<std::int64_t>(there, 2); ++i)
            scaling[static_cast<std::size_t>(2 * session + i)] =
                values[static_cast<std::size_t>(there * session + i)];
    return scaling;
}

void read_movement_of_top_edges(const io::Handle& group, AnimalRewiring& animal)
{
    animal.movement_status = io::text_attribute_or_empty(group, "movement_fraction_status");
    if (io::has_attribute(group, "movement_sessions_left_out"))
        animal.movement_left_out = io::read_texts_attribute(group, "movement_sessions_left_out");
    if (!io::exists(group, "movement_fraction"))
        return;
    animal.period = io::read_texts(group, "period");
    const auto shape = io::Shape{2, static_cast<std::int64_t>(animal.period.size())};
    animal.movement_fraction = values_of(group, "movement_fraction", shape);
    animal.movement_percentile = values_of(group, "movement_fraction_percentile", shape);
    const auto dataset = io::open_dataset(group, "movement_fraction");
    if (io::has_attribute(dataset, "movement_level"))
        animal.movement_level = io::read_attribute<double>(dataset, "movement_level");
}

AnimalRewiring read_animal(const io::Handle& file, const std::string& subject, const Places& places)
{
    const auto group = io::open_group(file, subject);
    auto animal = AnimalRewiring{.subject = subject};
    animal.group = place_of(places, subject, "", 0).group;
    if (io::has_attribute(group, "sessions_left_out"))
        animal.left_out = io::read_texts_attribute(group, "sessions_left_out");
    const auto status = io::text_attribute_or_empty(group, "status");
    if (!io::exists(group, "score")) {
        animal.status = status.empty() || status == "ok" ? "no scores in the result" : status;
        return animal;
    }
    animal.remark =
        status == "ok" ? io::text_attribute_or_empty(group, "estimators_differ") : status;
    animal.session = read_names(group, "session");
    const auto sessions = static_cast<std::int64_t>(animal.session.size());
    for (std::size_t i = 0; i < animal.session.size(); ++i)
        animal.number.push_back(
            static_cast<double>(place_of(places, subject, animal.session[i], i).number));
    animal.explained = io::read_all<double>(group, "explained_variance_ratio");
    animal.components = animal.explained.size();
    const auto components = static_cast<std::int64_t>(animal.components);
    animal.score = values_of(group, "score", {sessions, components});
    animal.mds = scaling_of(group, sessions);
    animal.positive_mean = values_of(group, "top_positive_mean", {components, sessions}, true);
    animal.negative_mean = values_of(group, "top_negative_mean", {components, sessions}, true);
    animal.positive_count = top_counts(group, "top_positive", animal.components);
    animal.negative_count = top_counts(group, "top_negative", animal.components);
    if (io::exists(group, "session_number"))
        animal.number = values_of(group, "session_number", {sessions});
    animal.edges = io::text_attribute_or_empty(group, "edges");
    animal.matched_by_rows = io::text_attribute_or_empty(group, "match") == "rows";
    read_movement_of_top_edges(group, animal);
    animal.change = change_in(group, animal.session.size());
    return animal;
}

std::vector<double> column(const std::vector<double>& values, std::size_t first, std::size_t step,
                           std::size_t count)
{
    auto out = std::vector<double>{};
    for (std::size_t i = 0; i < count; ++i)
        out.push_back(values[first + i * step]);
    return out;
}

} // namespace

std::vector<AnimalRewiring> summary_of_rewiring(const io::Handle& file,
                                                const std::vector<SessionPlace>& places)
{
    auto by_name = Places{};
    for (const auto& place : places)
        by_name[{place.subject, place.session}] = place;
    auto animals = std::vector<AnimalRewiring>{};
    for (const auto& subject : io::subjects_in(file))
        animals.push_back(read_animal(file, subject, by_name));
    return animals;
}

std::vector<double> AnimalRewiring::scores_of(std::size_t component) const
{
    return component < components ? column(score, component, components, session.size())
                                  : std::vector<double>{};
}

std::vector<double> AnimalRewiring::positive_of(std::size_t component) const
{
    return component < components && !positive_mean.empty()
               ? column(positive_mean, component * session.size(), 1, session.size())
               : std::vector<double>{};
}

std::vector<double> AnimalRewiring::negative_of(std::size_t component) const
{
    return component < components && !negative_mean.empty()
               ? column(negative_mean, component * session.size(), 1, session.size())
               : std::vector<double>{};
}

} // namespace rewire::jobs
