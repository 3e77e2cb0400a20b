#include "section_parts.hpp"

#include <rewire/base/text.hpp>
#include <rewire/network/session_change.hpp>
#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::jobs {

namespace {

/// Coordinate of the cross-fitted scores over sessions; empty without.
std::vector<double> cross_scores_of(const AnimalRewiring& animal, std::size_t component)
{
    auto values = std::vector<double>{};
    for (auto i = component; i < animal.change.cross_score.size(); i += 2)
        values.push_back(animal.change.cross_score[i]);
    return values;
}

report::Trajectory trajectory_of(const AnimalRewiring& animal)
{
    auto plot = report::Trajectory{.title = animal.subject,
                                   .x_label = "PC1",
                                   .y_label = "PC2",
                                   .x = cross_scores_of(animal, 0),
                                   .y = cross_scores_of(animal, 1),
                                   .label = labels_of(animal)};
    const auto& ellipse = animal.change.ellipse;
    for (std::size_t i = 0; i + 3 < ellipse.size(); i += 4)
        plot.ellipse.push_back({ellipse[i], ellipse[i + 1], ellipse[i + 3]});
    return plot;
}

bool is_compared(const AnimalRewiring& animal)
{
    return animal.status.empty() && animal.change.all.ok();
}

void add_trajectories(report::Page& page, const Animals& data, const std::string& group)
{
    auto block = report::FigureBlock{.sources = {"rewiring.h5"}};
    auto longest = static_cast<const AnimalRewiring*>(nullptr);
    for (const auto& animal : data) {
        if (animal.group != group || animal.change.cross_score.empty())
            continue;
        if (longest == nullptr || animal.session.size() > longest->session.size())
            longest = &animal;
        block.panels.push_back(report::figure_of(trajectory_of(animal)));
    }
    if (longest == nullptr)
        return;
    const auto animals = block.panels.size();
    block.key = report::colour_key("session", report::number(longest->number.front()),
                                   report::number(longest->number.back()), longest->session.size());
    block.caption = fmt::format(
        "{}: sessions in the plane of the first two components of unthresholded partial "
        "correlations. The plane is that of the first halves of the frames, the points are the "
        "second halves in it: what noise did to the plane it did not do to them. Ellipses: 95 % "
        "for where a session lies, by leaving out each of {} parts of its second half; they say "
        "nothing of what the animal would do another time. Circle: first session, square: last. "
        "n = {}, one panel each.",
        group, network::jackknife_parts, count_of(animals));
    page.figure(std::move(block));
}

/// Every animal's path over its largest |score|, with the mean where there are three.
void add_all_in_one_plane(report::Page& page, const Animals& data, const std::string& group)
{
    const auto of_group = [&](std::size_t component) {
        auto series = series_of(data, [&](const AnimalRewiring& animal) {
            return animal.group == group ? cross_scores_of(animal, component)
                                         : std::vector<double>{};
        });
        return component == 0 ? series : aligned(std::move(series));
    };
    const auto first = of_group(0);
    const auto second = of_group(1);
    if (first.size() < 2)
        return;
    auto plot = report::LinePlot{.title = group, .size = {420, 400}};
    plot.x.label = "PC1 / largest";
    plot.y.label = "PC2 / largest of PC1";
    plot.reference = 0.0;
    auto x_of_mean = std::vector<AnimalSeries>{};
    auto y_of_mean = std::vector<AnimalSeries>{};
    for (std::size_t i = 0; i < first.size(); ++i) {
        auto largest = 0.0;
        for (const auto value : first[i].value)
            largest = std::max(largest, std::isfinite(value) ? std::abs(value) : 0.0);
        auto line = report::Line{.name = first[i].subject, .colour = static_cast<int>(i)};
        for (std::size_t s = 0; s < first[i].value.size(); ++s) {
            line.x.push_back(first[i].value[s] / largest);
            line.y.push_back(second[i].value[s] / largest);
        }
        x_of_mean.push_back({first[i].subject, group, first[i].number, line.x});
        y_of_mean.push_back({first[i].subject, group, first[i].number, line.y});
        plot.lines.push_back(std::move(line));
    }
    page.figure(
        {.panels = {report::figure_of(plot)},
         .caption = fmt::format(
             "{}: the paths above in one plane, each over its largest |PC1|. Every animal has its "
             "own neurons and its own components, so that only the form can be compared; signs of "
             "PC2 are turned so that the animals agree best. That paths look alike is no evidence: "
             "two undirected walks do, too. n = {}; no band.",
             group, count_of(first.size())),
         .sources = {"rewiring.h5"}});
}

void add_similarity(report::Page& page, const Animals& data, const std::string& group)
{
    auto block = report::FigureBlock{.sources = {"rewiring.h5"}};
    for (const auto& animal : data) {
        if (animal.group != group || !is_compared(animal))
            continue;
        block.panels.push_back(
            report::figure_of(report::Heatmap{.title = animal.subject,
                                              .label = "session",
                                              .names = labels_of(animal),
                                              .value = animal.change.all.similarity,
                                              .high = 1.0}));
    }
    if (block.panels.empty())
        return;
    const auto animals = block.panels.size();
    block.caption = fmt::format(
        "{}: similarity of the networks of two sessions, from products of the halves of one with "
        "those of the other, over what each has in common with itself. 1: the same network, "
        "whatever the noise of the sessions and a common attenuation. Grey: sessions that are "
        "left out. n = {}, one panel each.",
        group, count_of(animals));
    page.figure(std::move(block));
}

std::string interval_of(const KindSummary& kind)
{
    return std::isnan(kind.exponent) ? "–"
                                     : fmt::format("{:.2f} ({:.2f} to {:.2f})", kind.exponent,
                                                   kind.exponent_low, kind.exponent_high);
}

/// Lines of slope 0, 1 and 2 through one point.
void add_slopes(report::LinePlot& plot, double value, std::size_t lags)
{
    for (const auto slope : {0, 1, 2}) {
        auto line = report::Line{
            .name = fmt::format("slope {}", slope), .colour = 1 + slope, .faint = true};
        for (std::size_t lag = 1; lag <= lags; ++lag) {
            const auto x = static_cast<double>(lag);
            line.x.push_back(x);
            line.y.push_back(value * std::pow(x / 2, slope));
        }
        plot.lines.push_back(std::move(line));
    }
}

void add_displacement(report::Page& page, const Animals& data)
{
    auto block = report::FigureBlock{.sources = {"rewiring.h5"}};
    block.numbers.head = {"animal",
                          "group",
                          "bend",
                          "distance gone back",
                          "exponent (95 %)",
                          "lags with a displacement of 0 or below"};
    for (const auto& group : groups_in(data)) {
        auto plot = report::LinePlot{.title = group, .size = {420, 330}};
        plot.x = {.label = "sessions apart", .logarithmic = true};
        plot.y = {.label = "mean distance", .logarithmic = true};
        auto logarithms = 0.0;
        auto counted = 0;
        auto lags = std::size_t{0};
        for (const auto& animal : data) {
            if (animal.group != group || !is_compared(animal))
                continue;
            const auto& kind = animal.change.all;
            auto line = report::Line{.colour = 0};
            for (std::size_t lag = 1; lag <= kind.displacement.size(); ++lag) {
                line.x.push_back(static_cast<double>(lag));
                line.y.push_back(kind.displacement[lag - 1]);
            }
            lags = std::max(lags, kind.displacement.size());
            if (kind.displacement.size() > 1 && kind.displacement[1] > 0) {
                logarithms += std::log(kind.displacement[1]);
                ++counted;
            }
            plot.lines.push_back(std::move(line));
            block.numbers.rows.push_back(
                {animal.subject, group, report::number(kind.bend), report::number(kind.came_back),
                 interval_of(kind),
                 kind.not_above_zero.empty()
                     ? "none"
                     : report::counted(static_cast<std::int64_t>(kind.not_above_zero.size()),
                                       "lag")});
        }
        if (plot.lines.empty())
            continue;
        if (counted > 0)
            add_slopes(plot, std::exp(logarithms / counted), lags);
        block.panels.push_back(report::figure_of(plot));
    }
    if (block.panels.empty())
        return;
    block.caption =
        "Mean distance of sessions so many sessions apart, both axes logarithmic; heavy lines: "
        "single animals. Sessions that only differ by chance keep slope 0, an undirected walk has "
        "slope 1, change in one direction slope 2. Distances of 0 and below, which have no place "
        "here, are counted under “Numbers of this figure”, where the exponent of each animal's "
        "path stands, too. It describes the path that was taken; what took it cannot be told from "
        "one animal.";
    page.figure(std::move(block));
}

void add_confounds(report::Page& page, const Animals& data)
{
    auto block = report::FigureBlock{.sources = {"rewiring.h5"}, .numbers = table_of_means()};
    const auto panel = [&](const std::string& name, auto values) {
        auto series = series_of(data, values);
        std::erase_if(series, [](const AnimalSeries& one) {
            return std::none_of(one.value.begin(), one.value.end(),
                                [](double value) { return std::isfinite(value); });
        });
        if (series.empty())
            return;
        auto plot = report::LinePlot{.size = {300, 230}};
        plot.x = session_axis;
        plot.y.label = name;
        plot.lines = lines_of_groups(series);
        block.panels.push_back(report::figure_of(plot));
        add_rows(block.numbers, name, series);
    };
    panel("PC1 score / largest",
          [](const AnimalRewiring& animal) { return scaled(animal.scores_of(0)); });
    panel("frames with events", [](const AnimalRewiring& animal) { return animal.change.events; });
    panel("effective frames",
          [](const AnimalRewiring& animal) { return animal.change.effective_frames; });
    panel("density", [](const AnimalRewiring& animal) { return animal.change.density; });
    panel("reliability",
          [](const AnimalRewiring& animal) { return animal.change.all.reliability; });
    panel("share of movement",
          [](const AnimalRewiring& animal) { return animal.change.movement_share; });
    block.caption = fmt::format(
        "What was recorded, session by session, beside the first component. A trend in one of "
        "these looks like rewiring: state, signal quality and imaging plane change the measured "
        "correlations as the wiring would. {}",
        band_note);
    page.figure(std::move(block));
    auto table = report::Table{.head = {"animal", "group"},
                               .caption = "Correlation of the first component's score with what "
                                          "was recorded, over sessions. “session”: the order "
                                          "itself."};
    for (const auto& animal : data) {
        if (animal.change.confound.empty())
            continue;
        if (table.head.size() == 2)
            for (const auto& name : animal.change.confound) {
                auto words = name;
                std::replace(words.begin(), words.end(), '_', ' ');
                table.head.push_back(words);
            }
        auto row = std::vector<std::string>{animal.subject, animal.group};
        for (const auto value : animal.change.confound_correlation)
            row.push_back(report::number(value, 2));
        table.rows.push_back(std::move(row));
    }
    if (!table.rows.empty())
        page.table(std::move(table));
}

} // namespace

void add_change(report::Page& page, const Animals& data)
{
    if (std::none_of(data.begin(), data.end(), is_compared))
        return;
    page.subsection("Trajectories, from two halves of every session");
    for (const auto& group : groups_in(data)) {
        add_trajectories(page, data, group);
        add_all_in_one_plane(page, data, group);
    }
    page.subsection("How alike the sessions are");
    for (const auto& group : groups_in(data))
        add_similarity(page, data, group);
    page.subsection("How far the network goes with time");
    add_displacement(page, data);
    page.subsection("What else may look like change");
    add_confounds(page, data);
}

} // namespace rewire::jobs
