#include "section_parts.hpp"

#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace rewire::jobs {

namespace {

/// "39–100": over animals and components, of one sign or both.
std::string top_range(const Animals& data, bool positive, bool negative, std::size_t components)
{
    auto low = std::numeric_limits<std::int64_t>::max();
    auto high = std::int64_t{0};
    const auto add = [&](const std::vector<std::int64_t>& counts) {
        for (std::size_t i = 0; i < std::min(components, counts.size()); ++i) {
            low = std::min(low, counts[i]);
            high = std::max(high, counts[i]);
        }
    };
    for (const auto& animal : data) {
        if (positive)
            add(animal.positive_count);
        if (negative)
            add(animal.negative_count);
    }
    return low >= high ? report::grouped(high) : report::grouped(low) + "–" + report::grouped(high);
}
/// The level that made a neuron movement-related for the fractions at top edges.
std::string level_of_fractions(const Animals& data)
{
    for (const auto& animal : data)
        if (animal.movement_level)
            return fmt::format(" (rank above {:g})", *animal.movement_level);
    return "";
}
/// All animals with a trajectory have top edges chosen on one half and shown on the other.
bool has_cross_top_edges(const Animals& data)
{
    return std::all_of(data.begin(), data.end(), [](const AnimalRewiring& animal) {
        return !animal.status.empty() || !animal.change.cross_positive.empty();
    });
}

/// Row of a component over sessions.
std::vector<double> row_of(const std::vector<double>& values, std::size_t row, std::size_t length)
{
    if (values.size() < (row + 1) * length)
        return {};
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(row * length);
    return {first, first + static_cast<std::ptrdiff_t>(length)};
}

std::vector<double> top_means(const AnimalRewiring& animal, std::size_t component, bool positive,
                              bool across)
{
    if (!across)
        return positive ? animal.positive_of(component) : animal.negative_of(component);
    return row_of(positive ? animal.change.cross_positive : animal.change.cross_negative, component,
                  animal.session.size());
}

/// Animals whose component has to be turned round to agree with the others.
std::set<std::string> turned_animals(const Animals& data, std::size_t component)
{
    auto turned = std::set<std::string>{};
    if (component == 0) // points along the sessions
        return turned;
    const auto plain =
        series_of(data, [&](const AnimalRewiring& animal) { return animal.scores_of(component); });
    const auto best = aligned(plain);
    for (std::size_t i = 0; i < plain.size(); ++i)
        if (best[i].value != plain[i].value)
            turned.insert(plain[i].subject);
    return turned;
}

} // namespace

void add_top_edges(report::Page& page, const Animals& data)
{
    const auto across = has_cross_top_edges(data);
    auto block = report::FigureBlock{.sources = {"rewiring.h5"}, .numbers = table_of_means()};
    auto animals = std::string{};
    for (const auto& group : groups_in(data))
        for (std::size_t component = 0;
             component < std::min<std::size_t>(components_of(data, group), 2); ++component) {
            auto plot = report::LinePlot{};
            plot.title = fmt::format("{}, PC{}", group, component + 1);
            plot.x = session_axis;
            plot.y.label = "mean partial correlation";
            plot.reference = 0.0;
            const auto turned = turned_animals(data, component);
            auto sign = 0;
            for (const auto positive : {true, false}) {
                auto series = series_of(data, [&](const AnimalRewiring& animal) {
                    return top_means(animal, component, positive != turned.contains(animal.subject),
                                     across);
                });
                if (component == 0 && positive)
                    animals = counts_of_groups(series);
                std::erase_if(series, [&](const AnimalSeries& s) { return s.group != group; });
                for (const auto& each : series)
                    plot.lines.push_back(
                        {.x = each.number, .y = each.value, .colour = sign, .faint = true});
                plot.lines.push_back(line_of(mean_over(series, group),
                                             positive ? "largest loadings" : "most negative"));
                plot.lines.back().colour = sign++;
                add_rows(block.numbers,
                         fmt::format("PC{}, {}", component + 1,
                                     positive ? "largest loadings" : "most negative loadings"),
                         series);
            }
            block.panels.push_back(report::figure_of(plot));
        }
    if (animals.empty())
        return;
    block.caption = fmt::format(
        "Mean partial correlation, by session, of the pairs with the largest positive ({} of an "
        "animal and component) and with the most negative loadings ({}) of a component. {} n = "
        "{}. {}",
        top_range(data, true, false, 2), top_range(data, false, true, 2), band_note, animals,
        across ? "The pairs were chosen on one half of every session's frames, with components of "
                 "that half, and are shown on the other: noise that made a pair stand out in the "
                 "one is not in the other. Unthresholded values."
               : "The pairs were chosen for changing over these same sessions: the figure shows "
                 "how they change, not that they do. `rewire connectome --halves yes` lets them "
                 "be chosen on one half of the frames and shown on the other.");
    page.subsection("Dynamics of the top edges");
    page.figure(std::move(block));
}

void add_movement_of_top_edges(report::Page& page, const Animals& data)
{
    auto block = report::FigureBlock{.sources = {"rewiring.h5"}};
    block.numbers.head = {"animal",   "group",    "edges",     "how many",
                          "sessions", "fraction", "percentile"};
    auto plots = std::map<std::string, std::vector<AnimalSeries>>{};
    auto periods = std::vector<std::string>{};
    for (const auto& animal : data)
        for (std::size_t i = 0; i < animal.movement_fraction.size(); ++i) {
            const auto count = animal.period.size();
            if (count > periods.size()) // animals with more sessions have one more
                periods = animal.period;
            const auto sign =
                std::string(i < count ? "largest loadings" : "most negative loadings");
            const auto& edges = i < count ? animal.positive_count : animal.negative_count;
            auto& series = plots[sign];
            if (i % count == 0)
                series.push_back({animal.subject, animal.group, {}, {}});
            series.back().number.push_back(static_cast<double>(i % count) + 1);
            series.back().value.push_back(animal.movement_fraction[i]);
            block.numbers.rows.push_back({animal.subject, animal.group, sign,
                                          edges.empty() ? "–" : report::grouped(edges.front()),
                                          animal.period[i % count],
                                          report::number(animal.movement_fraction[i]),
                                          report::number(animal.movement_percentile[i])});
        }
    if (plots.empty())
        return;
    auto shown = std::size_t{0}; // periods up to the last one with a value
    for (const auto& [sign, all] : plots)
        for (const auto& series : all)
            for (std::size_t i = 0; i < series.value.size(); ++i)
                if (std::isfinite(series.value[i]))
                    shown = std::max(shown, i + 1);
    periods.resize(std::max<std::size_t>(shown, 1));
    for (const auto& [sign, series] : plots) {
        auto plot = report::LinePlot{};
        plot.title = sign;
        plot.x = {.label = "sessions",
                  .low = 0.7,
                  .high = static_cast<double>(periods.size()) + 0.3,
                  .names = periods};
        plot.y = {.label = "movement-related", .low = 0};
        plot.lines = lines_of_groups(series);
        block.panels.push_back(report::figure_of(plot));
    }
    block.caption = fmt::format(
        "Fraction of movement-related neurons{} among the ends of PC1's top edges ({} of an animal "
        "and sign; a neuron counts once for every edge), by learning period. {} n = {}. Under "
        "“Numbers of this figure”: the number of edges, and the percentile of each fraction among "
        "random draws of edges that are present in as many sessions.",
        level_of_fractions(data), top_range(data, true, true, 1), band_note,
        counts_of_groups(plots.begin()->second));
    page.subsection("Movement-related neurons at the top edges");
    page.figure(std::move(block));
}
} // namespace rewire::jobs
