#include "section.hpp"

#include "jobs/frame/command_of.hpp"
#include "jobs/frame/page_series.hpp"
#include "result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

void add_animals_table(report::Page& page, const ConnectomeSummary& data)
{
    auto table = report::Table{
        .head = {"animal", "group", "sessions", "with a connectome", "neurons in all sessions",
                 "active neurons a session", "edges a session", "frames a session"},
        .caption = "Animals. Group: layer, and the study's group where it names one. Ranges are "
                   "over sessions."};
    for (const auto& animal : data.animals) {
        auto computed = 0;
        auto active = std::vector<std::int64_t>{};
        auto edges = std::vector<std::int64_t>{};
        auto frames = std::vector<std::int64_t>{};
        for (const auto& session : data.sessions) {
            if (session.place.subject != animal.subject)
                continue;
            active.push_back(session.active);
            frames.push_back(session.frames);
            if (!session.computed)
                continue;
            ++computed;
            edges.push_back(session.edges);
        }
        const auto range = [](const std::vector<std::int64_t>& values) {
            if (values.empty())
                return std::string("–");
            const auto [low, high] = std::minmax_element(values.begin(), values.end());
            return *low == *high ? std::to_string(*low) : fmt::format("{}–{}", *low, *high);
        };
        table.rows.push_back({animal.subject, animal.group, std::to_string(animal.sessions),
                              std::to_string(computed), std::to_string(animal.common_neurons),
                              range(active), range(edges), range(frames)});
    }
    page.table(std::move(table));
}

/// Session in which the mean over animals of the metric is largest.
std::string peak_of(const ConnectomeSummary& data, const std::string& group)
{
    const auto mean =
        mean_over(series_by_session(data.sessions, &SessionSummary::mean_degree), group);
    auto best = std::size_t{0};
    for (std::size_t i = 0; i < mean.mean.size(); ++i)
        if (std::isfinite(mean.mean[i]) &&
            (!std::isfinite(mean.mean[best]) || mean.mean[i] > mean.mean[best]))
            best = i;
    return mean.mean.empty() || !std::isfinite(mean.mean[best])
               ? "–"
               : fmt::format("session {:g}", mean.number[best]);
}

enum Section : std::size_t
{
    graph_metrics,
    edge_p_values,
};

class ConnectomePart : public PagePart
{
  public:
    ConnectomePart(ConnectomeSummary data, std::string command)
        : data_(std::move(data)), command_(std::move(command))
    {
    }

    void add_overview(report::Page& page) const override { add_animals_table(page, data_); }

    void draw(std::size_t section, report::Page& page) const override
    {
        if (section == graph_metrics) {
            add_graph_metrics(page, data_);
        } else {
            add_supported_edges(page, data_);
            add_distances(page, data_);
            add_known_truth(page, data_);
            add_edge_p_values(page, data_, command_);
        }
    }

    std::vector<LeftOut> left_out() const override
    {
        auto rows = std::vector<LeftOut>{};
        for (const auto& session : data_.sessions)
            if (session.status != "ok")
                rows.push_back({session.place.subject, session.place.session, session.status});
        return rows;
    }

    void add_left_out(report::Page& page) const override { add_left_out_neurons(page, data_); }

    std::vector<Published> published() const override
    {
        auto groups = std::vector<std::string>{};
        for (const auto& animal : data_.animals)
            if (std::find(groups.begin(), groups.end(), animal.group) == groups.end())
                groups.push_back(animal.group);
        auto rows = std::vector<Published>{};
        for (const auto& group : groups) {
            auto sessions = std::int64_t{0};
            for (const auto& animal : data_.animals)
                if (animal.group == group)
                    sessions = std::max(sessions, animal.sessions);
            if (sessions >= least_sessions_of_published)
                rows.push_back({fmt::format("largest mean degree, mean over animals (by chance: "
                                            "any of {} sessions)",
                                            sessions),
                                group, peak_of(data_, group), "sessions 3–4, then gradual decrease",
                                "later and weaker than L2/3"});
        }
        return rows;
    }

  private:
    ConnectomeSummary data_;
    std::string command_;
};

} // namespace

std::unique_ptr<PagePart> connectome_part(ConnectomeSummary data, std::string command)
{
    return std::make_unique<ConnectomePart>(std::move(data), std::move(command));
}

PageEntry connectome_page()
{
    return {
        .shows = "graph metrics, edge p-values, and the layers of the animals",
        .sections = {{200, "Interconnectedness over sessions"}, {400, "Which edges beat chance"}},
        .options = {},
        .read = [](const PageSource& source) {
            return connectome_part(
                summary_of_connectomes(io::open_for_reading(source.path_of(connectome_name))),
                command_of(*find_entry(source.entries, connectome_name), source.records,
                           source.results));
        }};
}

} // namespace rewire::jobs
