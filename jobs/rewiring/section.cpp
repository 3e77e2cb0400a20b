#include "section.hpp"

#include "jobs/connectome/result.hpp"
#include "jobs/movement/result.hpp"
#include "result.hpp"
#include "section_parts.hpp"

#include <rewire/base/text.hpp>
#include <rewire/network/session_change.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace rewire::jobs {

namespace {

/// What two components explain of chance alone, of as many sessions as most animals have.
std::string chance_of_two(const Animals& data, const std::string& group)
{
    auto sessions = std::size_t{0};
    for (const auto& animal : data)
        if (animal.group == group)
            sessions = std::max(sessions, animal.session.size());
    const auto count = static_cast<std::int64_t>(sessions);
    return fmt::format("by chance: {:.0f} % of an undirected walk of {} sessions, {:.0f} % of "
                       "sessions that are noise",
                       100 * network::share_of_walk(count, 2), count,
                       200.0 / static_cast<double>(count - 1));
}

/// Smallest and largest share that the first two components explain, by group.
std::map<std::string, std::pair<double, double>> shares_of_two(const Animals& data)
{
    auto ranges = std::map<std::string, std::pair<double, double>>{};
    for (const auto& animal : data) {
        if (!animal.status.empty() || std::ssize(animal.session) < least_sessions_of_published)
            continue;
        const auto share = animal.explained[0] + animal.explained[1];
        const auto [at, first] = ranges.try_emplace(animal.group, share, share);
        at->second = {std::min(at->second.first, share), std::max(at->second.second, share)};
    }
    return ranges;
}

std::string percent_range(double low, double high)
{
    const auto from = fmt::format("{:.0f}", 100 * low);
    const auto to = fmt::format("{:.0f}", 100 * high);
    return (from == to ? from : from + "–" + to) + " %";
}

class RewiringPart : public PagePart
{
  public:
    explicit RewiringPart(const PageSource& source)
        : with_movement_(source.records.at(rewiring_name).upstream.contains(movement_name)),
          movement_is_there_(source.has(movement_name))
    {
        auto places = std::vector<SessionPlace>{};
        if (source.has(connectome_name))
            sessions_ = heads_in(io::open_for_reading(source.path_of(connectome_name)));
        for (const auto& head : sessions_)
            places.push_back(place_of(head));
        const auto file = io::open_for_reading(source.path_of(rewiring_name));
        data_ = summary_of_rewiring(file, places);
        tests_ = {test_in(file, "bend"), test_in(file, "return"), test_in(file, "quiet_bend"),
                  test_in(file, "quiet_return")};
    }

    void draw(std::size_t, report::Page& page) const override
    {
        if (groups_in(data_).empty()) {
            page.paragraph("No animal has a trajectory; section “Left out, and why” says why.");
            return;
        }
        add_change_summary(page, data_, tests_);
        add_change(page, data_);
        add_paths(page, data_);
        add_scores(page, data_);
        add_mds(page, data_);
        add_explained(page, data_);
        add_top_edges(page, data_);
        add_movement_of_top_edges(page, data_);
    }

    void add_overview(report::Page& page) const override
    {
        auto animals = std::vector<std::string>{};
        for (const auto& animal : data_)
            if (animal.matched_by_rows)
                animals.push_back(animal.subject);
        if (!animals.empty())
            page.notice(
                "Neurons were matched by row number:",
                "rows of the ROI tables are taken for the same neurons in all sessions of " +
                    base::joined(animals, ", ") + ", as --match rows asked for.");
    }

    std::vector<LeftOut> left_out() const override
    {
        auto rows = std::vector<LeftOut>{};
        for (const auto& animal : data_)
            if (!animal.status.empty())
                rows.push_back({animal.subject, "all", animal.status});
        for (const auto& animal : data_)
            if (!animal.remark.empty())
                rows.push_back({animal.subject, "all", animal.remark});
        for (const auto& animal : data_)
            for (const auto& session : animal.movement_left_out)
                rows.push_back({animal.subject, "movement at the top edges", session});
        for (const auto& animal : data_)
            if (animal.status.empty() && animal.movement_fraction.empty())
                rows.push_back({animal.subject, "movement at the top edges",
                                animal.movement_status.empty() || animal.movement_status == "ok"
                                    ? without_movement()
                                    : animal.movement_status});
        for (const auto& animal : data_)
            add_left_out_of_change(rows, animal);
        add_animals_without(rows);
        for (const auto& animal : data_)
            add_sessions_without(rows, animal);
        return rows;
    }

    std::vector<Published> published() const override
    {
        auto rows = std::vector<Published>{};
        for (const auto& [group, range] : shares_of_two(data_))
            rows.push_back({"variance explained by two components, range over animals (" +
                                chance_of_two(data_, group) + ")",
                            group, percent_range(range.first, range.second), "52–62 %", "61–77 %"});
        return rows;
    }

  private:
    /// Why no animal has a fraction of movement-related neurons at its top edges, or this one has
    /// not.
    std::string without_movement() const
    {
        if (with_movement_)
            return "not in the result: fewer pairs were ever an edge than top edges were asked for";
        return movement_is_there_
                   ? fmt::format("computed before there was a {}.h5: run rewiring again with "
                                 "--overwrite",
                                 movement_name)
                   : fmt::format("there was no {}.h5", movement_name);
    }

    /// Sessions that are not compared, and animals in which nothing is.
    static void add_left_out_of_change(std::vector<LeftOut>& rows, const AnimalRewiring& animal)
    {
        if (!animal.change.there || !animal.status.empty())
            return;
        for (const auto& [kind, what] : {std::pair{&animal.change.all, "change"},
                                         std::pair{&animal.change.fine, "change, fine "
                                                                        "coincidences"},
                                         std::pair{&animal.change.quiet, "change, quiet frames"}}) {
            if (!kind->ok())
                rows.push_back({animal.subject, what, kind->status});
            for (const auto& session : kind->left_out)
                rows.push_back({animal.subject, what, session});
        }
    }

    void add_animals_without(std::vector<LeftOut>& rows) const
    {
        auto subjects = std::set<std::string>{};
        for (const auto& head : sessions_)
            subjects.insert(head.subject);
        for (const auto& animal : data_)
            subjects.erase(animal.subject);
        for (const auto& subject : subjects)
            rows.push_back({subject, "all",
                            "not in the result: fewer than two sessions with a connectome, or not "
                            "selected"});
    }

    void add_sessions_without(std::vector<LeftOut>& rows, const AnimalRewiring& animal) const
    {
        for (const auto& session : animal.left_out)
            rows.push_back({animal.subject, "", session});
        if (!animal.left_out.empty() || !animal.status.empty())
            return;
        const auto used = std::set<std::string>(animal.session.begin(), animal.session.end());
        for (const auto& head : sessions_)
            if (head.subject == animal.subject && !used.contains(head.session))
                rows.push_back({animal.subject, head.session,
                                head.status == "ok" ? "not among its sessions" : head.status});
    }

    std::vector<AnimalRewiring> data_;
    TestsOverAnimals tests_;
    std::vector<SessionHead> sessions_; ///< with connectomes, or why without; may be empty
    bool with_movement_;
    bool movement_is_there_;
};

} // namespace

PageEntry rewiring_page()
{
    return {
        .shows = "rewiring trajectories, explained variance, and the top edges",
        .sections = {{100, "Rewiring trajectories"}},
        .options = {},
        .read = [](const PageSource& source) { return std::make_unique<RewiringPart>(source); }};
}

} // namespace rewire::jobs