#include "page.hpp"

#include "jobs/frame/page_series.hpp"
#include "origin.hpp"

#include <rewire/base/text.hpp>
#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace rewire::jobs {

namespace {

void add_overview(report::Page& page, const ReportData& data)
{
    page.section("What is here");
    for (const auto& missing : data.missing)
        page.notice(missing.file + " is not here:",
                    missing.shows + " are missing from this page. They come from", missing.command);
    if (data.animals.empty())
        return;
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

/// Smallest and largest share that the first two components explain, by group.
std::map<std::string, std::pair<double, double>> shares_of_two(const ReportData& data)
{
    auto ranges = std::map<std::string, std::pair<double, double>>{};
    for (const auto& animal : data.rewiring) {
        if (!animal.status.empty() || animal.components < 2)
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

/// Session in which the mean over animals of the metric is largest.
std::string peak_of(const ReportData& data, const std::string& group)
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

void add_published(report::Page& page, const ReportData& data)
{
    page.section("Beside the published values");
    page.paragraph("The published values are those of the paper's recordings of motor cortex "
                   "during lever-press learning. Agreement is to be expected for the same data and "
                   "settings only; simulated data need not agree.");
    auto table = report::Table{
        .head = {"quantity", "group here", "here", "L2/3, published", "L5, published"},
        .caption = "Values here beside those published. The paper's values "
                   "of Core, NP, EP and Other neurons need the neuron "
                   "groups, which these results do not hold."};
    for (const auto& [group, range] : shares_of_two(data))
        table.rows.push_back({"variance explained by two components, range over animals", group,
                              percent_range(range.first, range.second), "52–62 %", "61–77 %"});
    auto groups = std::vector<std::string>{};
    for (const auto& animal : data.animals)
        if (std::find(groups.begin(), groups.end(), animal.group) == groups.end())
            groups.push_back(animal.group);
    for (const auto& group : groups)
        table.rows.push_back({"largest mean degree, mean over animals", group, peak_of(data, group),
                              "sessions 3–4, then gradual decrease", "later and weaker than L2/3"});
    if (table.rows.empty())
        page.paragraph("None of the results here has a published counterpart.");
    else
        page.table(std::move(table));
}

void add_sources(report::Page& page, const ReportData& data)
{
    page.section("Settings and files");
    page.paragraph("Every figure on this page is drawn from the result files below; nothing is "
                   "computed for it but means, standard errors and counts. The same command on the "
                   "same inputs gives the same numbers, on any number of ranks.");
    for (const auto& source : data.sources)
        page.source(source);
}

} // namespace

bool add_missing(report::Page& page, const ReportData& data, const std::string& file)
{
    for (const auto& missing : data.missing)
        if (missing.file == file) {
            page.notice(file + " is not here.", "It is made by", missing.command);
            return true;
        }
    return false;
}

std::string report_html(const ReportData& data, const std::string& made)
{
    auto files = std::vector<std::string>{};
    for (const auto& source : data.sources)
        files.push_back(source.name);
    auto page = report::Page(
        "Rewiring of functional connectomes",
        fmt::format("From {} ({}). {}", data.results.string(), base::joined(files, ", "), made));
    for (const auto& mismatch : mismatches_of(data))
        page.notice(mismatch.title, mismatch.text, mismatch.command);
    add_overview(page, data);
    add_trajectories(page, data);
    add_graph_metrics(page, data);
    add_movement(page, data);
    add_edge_p_values(page, data);
    add_published(page, data);
    add_left_out(page, data);
    add_sources(page, data);
    return page.html();
}

} // namespace rewire::jobs
