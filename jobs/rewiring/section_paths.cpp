#include "section_parts.hpp"

#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

std::string share_of(const AnimalRewiring& animal, std::size_t component)
{
    return component < animal.explained.size()
               ? fmt::format("PC{} ({:.0f} %)", component + 1, 100 * animal.explained[component])
               : fmt::format("PC{}", component + 1);
}

/// What the components were computed from.
std::string edges_of(const Animals& data)
{
    for (const auto& animal : data)
        if (!animal.edges.empty())
            return animal.edges == "all" ? "partial correlations of all pairs"
                                         : "partial correlations of edges, 0 for other pairs";
    return "partial correlations";
}

/// Panels of all animals of a group, after the key to their colours.
template <typename Plot>
report::FigureBlock panels_of(const Animals& data, const std::string& group, Plot plot)
{
    auto block = report::FigureBlock{.sources = {"rewiring.h5"}};
    auto first = std::string{};
    auto last = std::string{};
    auto points = std::size_t{0};
    for (const auto& animal : data) {
        if (animal.group != group || !animal.status.empty())
            continue;
        if (animal.session.size() > points) {
            points = animal.session.size();
            first = report::number(animal.number.front());
            last = report::number(animal.number.back());
        }
        if (auto trajectory = plot(animal); !trajectory.x.empty())
            block.panels.push_back(report::figure_of(trajectory));
    }
    if (!block.panels.empty())
        block.key = report::colour_key("session", first, last, points);
    return block;
}

/// Two sessions differ in one direction.
std::string lines_only(const Animals& data, const std::string& group)
{
    const auto any = std::any_of(data.begin(), data.end(), [&](const AnimalRewiring& animal) {
        return animal.group == group && animal.status.empty() && animal.components < 2;
    });
    return any ? "Two sessions have one component: their points lie on a line. " : "";
}
} // namespace

void add_paths(report::Page& page, const Animals& data)
{
    page.subsection("Trajectories in the plane of the first two components");
    for (const auto& group : groups_in(data)) {
        auto block = panels_of(data, group, [](const AnimalRewiring& animal) {
            return report::Trajectory{
                .title = animal.subject,
                .x_label = share_of(animal, 0),
                .y_label = animal.components > 1 ? share_of(animal, 1) : "no PC2",
                .x = animal.scores_of(0),
                .y = animal.components > 1 ? animal.scores_of(1)
                                           : std::vector<double>(animal.session.size(), 0.0),
                .label = labels_of(animal)};
        });
        block.caption = fmt::format(
            "{}: the functional connectome of every session (one point) in the plane of the first "
            "two principal components of the animal's sessions x pairs matrix, centred over "
            "sessions, not scaled. Sessions are joined in order and coloured; circle: first "
            "session, square: last, with their numbers. Both axes have one scale, so that "
            "distances are "
            "those between connectomes ({}) as far as two components show them. PC1 is oriented so "
            "that its score does not fall with the session number, PC2 so that its largest loading "
            "is positive. In brackets: share of the variance. {}n = {}, one panel each; no "
            "band.",
            group, edges_of(data), lines_only(data, group), count_of(block.panels.size()));
        page.figure(std::move(block));
    }
}

void add_mds(report::Page& page, const Animals& data)
{
    const auto any = std::any_of(data.begin(), data.end(),
                                 [](const AnimalRewiring& animal) { return !animal.mds.empty(); });
    if (!any)
        return;
    page.subsection("The same plane by multidimensional scaling");
    for (const auto& group : groups_in(data)) {
        auto block = panels_of(data, group, [](const AnimalRewiring& animal) {
            auto plot = report::Trajectory{.title = animal.subject,
                                           .x_label = "MDS 1",
                                           .y_label = "MDS 2",
                                           .label = labels_of(animal)};
            for (std::size_t i = 0; i + 1 < animal.mds.size(); i += 2) {
                plot.x.push_back(animal.mds[i]);
                plot.y.push_back(animal.mds[i + 1]);
            }
            return plot;
        });
        if (block.panels.empty())
            continue;
        block.caption = fmt::format(
            "{}: classical multidimensional scaling of the Euclidean distances between the "
            "connectomes of an animal's sessions. It is no second opinion: for Euclidean distances "
            "its axes are, by construction, the scores of the first two components up to their "
            "signs, which have no meaning here. It is shown because the paper does. Colours "
            "and marks as in the figures above. {}n = {}, one panel each; no band.",
            group, lines_only(data, group), count_of(block.panels.size()));
        page.figure(std::move(block));
    }
}

void add_scores(report::Page& page, const Animals& data)
{
    auto block = report::FigureBlock{.sources = {"rewiring.h5"}, .numbers = table_of_means()};
    const auto components = std::min<std::size_t>(components_of(data), 2);
    for (std::size_t component = 0; component < components; ++component) {
        const auto series = aligned(series_of(data, [&](const AnimalRewiring& animal) {
            return scaled(animal.scores_of(component));
        }));
        const auto name = fmt::format("PC{} score / largest", component + 1);
        auto plot = report::LinePlot{};
        plot.x = session_axis;
        plot.y.label = name;
        plot.y.low = -1.08;
        plot.y.high = 1.08;
        plot.lines = lines_of_groups(series);
        plot.reference = 0.0;
        block.panels.push_back(report::figure_of(plot));
        add_rows(block.numbers, name, series);
        if (component == 0)
            block.caption = fmt::format(
                "Scores by session, each animal's divided by its largest |score|. {} n = {}. "
                "PC1 rises by construction of its sign, and an undirected walk of the "
                "wiring rises as steadily: this is no evidence of learning. Signs of components "
                "are turned so that the animals agree best, before any mean is taken.{}",
                band_note, counts_of_groups(series),
                components < 2 ? " Two sessions have one component." : "");
    }
    page.subsection("Scores over sessions");
    page.figure(std::move(block));
}

void add_explained(report::Page& page, const Animals& data)
{
    auto plot = report::BarPlot{};
    const auto components = components_of(data);
    for (std::size_t component = 0; component < components; ++component)
        plot.bars.push_back({fmt::format("PC{}", component + 1), {}});
    auto numbers = report::Table{.head = {"animal", "group", "sessions"}};
    for (std::size_t component = 0; component < components; ++component)
        numbers.head.push_back(fmt::format("PC{}", component + 1));
    for (const auto& animal : data) {
        if (!animal.status.empty())
            continue;
        plot.category.push_back(animal.subject);
        auto row = std::vector<std::string>{animal.subject, animal.group,
                                            std::to_string(animal.session.size())};
        for (std::size_t component = 0; component < components; ++component) {
            const auto there = component < animal.components;
            plot.bars[component].value.push_back(there ? animal.explained[component]
                                                       : std::nan(""));
            row.push_back(there ? report::number(animal.explained[component]) : "–");
        }
        numbers.rows.push_back(std::move(row));
    }
    const auto animals = plot.category.size();
    plot.y = {.label = "share of variance", .low = 0, .high = 1};
    plot.size = {std::max(300, 110 + 62 * static_cast<int>(animals)), 290};
    page.subsection("Explained variance");
    page.figure(
        {.panels = {report::figure_of(plot)},
         .caption = fmt::format(
             "Share of the variance between an animal's sessions that each component "
             "explains, stacked. n = {}, one bar each; no band. There is one component fewer "
             "than sessions at most, so that with few sessions each explains more.",
             count_of(animals)),
         .sources = {"rewiring.h5"},
         .numbers = std::move(numbers)});
}
} // namespace rewire::jobs
