#include "jobs/frame/page_series.hpp"
#include "section.hpp"

#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace rewire::jobs {

namespace {

struct Metric
{
    const char* name;
    double SessionSummary::*value;
};

constexpr auto metrics = std::array{Metric{"mean degree", &SessionSummary::mean_degree},
                                    Metric{"density", &SessionSummary::density},
                                    Metric{"transitivity", &SessionSummary::transitivity},
                                    Metric{"mean clustering", &SessionSummary::clustering}};

/// Of the supported edges.
constexpr auto supported_metrics =
    std::array{Metric{"mean degree", &SessionSummary::supported_mean_degree},
               Metric{"density", &SessionSummary::supported_density},
               Metric{"transitivity", &SessionSummary::supported_transitivity},
               Metric{"mean clustering", &SessionSummary::supported_clustering}};

/// Those that differ once every one is divided by its largest value: density follows mean degree.
constexpr auto shapes = std::array{metrics[0], metrics[2], metrics[3]};
constexpr auto density_note =
    "Density is not drawn here: it is the mean degree over the number of neurons, so that, divided "
    "by its largest value, it is the curve of the mean degree wherever the number of neurons does "
    "not change.";

std::vector<AnimalSeries> series_of(const ConnectomeSummary& data, const Metric& metric)
{
    return series_by_session(data.sessions, metric.value);
}

/// A panel a metric.
report::FigureBlock panels_of(const ConnectomeSummary& data, std::span<const Metric> shown)
{
    auto block = report::FigureBlock{.sources = {"connectome.h5"}, .numbers = table_of_means()};
    for (const auto& metric : shown) {
        const auto series = series_of(data, metric);
        block.panels.push_back(
            report::figure_of(report::LinePlot{.x = {.label = "session", .whole_numbers = true},
                                               .y = {.label = metric.name},
                                               .lines = lines_of_groups(series)}));
        add_rows(block.numbers, metric.name, series);
    }
    return block;
}

void add_absolute(report::Page& page, const ConnectomeSummary& data)
{
    auto block = panels_of(data, metrics);
    block.caption =
        fmt::format("Metrics of the binary functional connectome by session. {} n = {}. "
                    "Density: non-zero elements of the matrix over N²; transitivity: three times "
                    "the triangles over the connected triples; clustering: mean over all neurons, "
                    "0 for those with fewer than two neighbours.",
                    band_note, counts_of_groups(series_of(data, metrics[0])));
    page.figure(std::move(block));
}

/// The published threshold keeps the same share of pairs whatever there is; the supported edges are
/// as many as there are.
void add_supported(report::Page& page, const ConnectomeSummary& data)
{
    if (std::none_of(data.sessions.begin(), data.sessions.end(), [](const auto& session) {
            return std::isfinite(session.supported_mean_degree);
        }))
        return;
    auto block = panels_of(data, supported_metrics);
    block.caption = fmt::format(
        "The same metrics of the network of supported edges (q ≤ 0.05 over the pairs of a "
        "session). "
        "The threshold keeps about the same share of pairs whatever there is; how many edges are "
        "supported grows with the length of the recording and the signal, too. {} n = {}.",
        band_note, counts_of_groups(series_of(data, supported_metrics[0])));
    page.figure(std::move(block));
}

void add_normalised(report::Page& page, const ConnectomeSummary& data)
{
    auto block = report::FigureBlock{.sources = {"connectome.h5"}, .numbers = table_of_means()};
    for (const auto& group : groups_of(series_of(data, metrics[0]))) {
        auto plot = report::LinePlot{};
        plot.title = group;
        plot.x = {.label = "session", .whole_numbers = true};
        plot.y = {.label = "over the largest", .low = 0, .high = 1.05};
        for (const auto& metric : shapes) {
            auto series = over_maximum(series_of(data, metric));
            std::erase_if(series, [&](const AnimalSeries& s) { return s.group != group; });
            plot.lines.push_back(line_of(mean_over(series, group), metric.name));
            add_rows(block.numbers, std::string(metric.name) + " / largest", series);
        }
        plot.size = {400, 300};
        block.panels.push_back(report::figure_of(plot));
    }
    block.caption = fmt::format(
        "The same metrics divided by their largest value over the sessions and animals of the "
        "group, as the paper plots them. {} Lines: mean over animals; bands: ± s.e.m. over "
        "animals (none where there are fewer than two). n = {}.",
        density_note, counts_of_groups(series_of(data, metrics[0])));
    page.figure(std::move(block));
}

void add_single_animals(report::Page& page, const ConnectomeSummary& data)
{
    auto block = report::FigureBlock{.sources = {"connectome.h5"}};
    for (const auto& animal : data.animals) {
        auto plot = report::LinePlot{};
        plot.title = animal.subject;
        plot.x = {.label = "session", .whole_numbers = true};
        plot.y = {.label = "over the largest", .low = 0, .high = 1.05};
        for (const auto& metric : shapes)
            for (const auto& series : over_maximum(series_of(data, metric)))
                if (series.subject == animal.subject)
                    plot.lines.push_back(
                        {.name = metric.name, .x = series.number, .y = series.value});
        plot.size = {340, 270};
        block.panels.push_back(report::figure_of(plot));
    }
    block.numbers.head = {"animal",       "session",         "mean degree", "density",
                          "transitivity", "mean clustering", "edges",       "threshold"};
    for (const auto& session : data.sessions)
        block.numbers.rows.push_back(
            {session.place.subject, session.place.session, report::number(session.mean_degree),
             report::number(session.density), report::number(session.transitivity),
             report::number(session.clustering), std::to_string(session.edges),
             report::number(session.threshold)});
    block.caption =
        fmt::format("The same of every animal. n = {}, one panel each, one value a session; no "
                    "band.",
                    report::counted(static_cast<std::int64_t>(data.animals.size()), "animal"));
    page.figure(std::move(block));
}

} // namespace

void add_graph_metrics(report::Page& page, const ConnectomeSummary& data)
{
    add_absolute(page, data);
    add_supported(page, data);
    add_normalised(page, data);
    add_single_animals(page, data);
}

} // namespace rewire::jobs
