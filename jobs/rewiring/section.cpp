#include "section.hpp"

#include "jobs/connectome/result.hpp"
#include "jobs/frame/page_series.hpp"
#include "jobs/movement/result.hpp"
#include "result.hpp"
#include "summary.hpp"

#include <rewire/base/text.hpp>
#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace rewire::jobs {

namespace {

using Animals = std::vector<AnimalRewiring>;

const report::Axis session_axis = {.label = "session", .whole_numbers = true};

std::vector<std::string> labels_of(const AnimalRewiring& animal)
{
    auto labels = std::vector<std::string>{};
    for (const auto number : animal.number)
        labels.push_back(report::number(number));
    return labels;
}

/// Values of a component over the largest |value| of the animal: comparable between animals.
std::vector<double> scaled(std::vector<double> values)
{
    auto largest = 0.0;
    for (const auto value : values)
        largest = std::max(largest, std::isfinite(value) ? std::abs(value) : 0.0);
    for (auto& value : values)
        value = largest > 0 ? value / largest : value;
    return values;
}

template <typename Values>
std::vector<AnimalSeries> series_of(const Animals& data, Values values)
{
    auto all = std::vector<AnimalSeries>{};
    for (const auto& animal : data) {
        auto series = AnimalSeries{animal.subject, animal.group, animal.number, values(animal)};
        if (series.value.size() == series.number.size() && !series.value.empty())
            all.push_back(std::move(series));
    }
    return all;
}

std::string count_of(std::size_t animals)
{
    return report::counted(static_cast<std::int64_t>(animals), "animal");
}

/// The largest number of components of the animals of a group, or of all of them.
std::size_t components_of(const Animals& data, const std::string& group = "")
{
    auto components = std::size_t{0};
    for (const auto& animal : data)
        if (animal.status.empty() && (group.empty() || animal.group == group))
            components = std::max(components, animal.components);
    return components;
}

std::set<std::string> groups_in(const Animals& data)
{
    auto groups = std::set<std::string>{};
    for (const auto& animal : data)
        if (animal.status.empty())
            groups.insert(animal.group);
    return groups;
}

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
        const auto series = series_of(data, [&](const AnimalRewiring& animal) {
            return scaled(animal.scores_of(component));
        });
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
                "PC1 rises by construction of its sign; that it rises steadily does not "
                "follow from that.{}",
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

void add_top_edges(report::Page& page, const Animals& data)
{
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
            auto sign = 0;
            for (const auto positive : {true, false}) {
                auto series = series_of(data, [&](const AnimalRewiring& animal) {
                    return positive ? animal.positive_of(component) : animal.negative_of(component);
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
        "{}. The pairs were chosen for changing over these same sessions: the figure shows how "
        "they change, not that they do.",
        top_range(data, true, false, 2), top_range(data, false, true, 2), band_note, animals);
    page.subsection("Dynamics of the top edges");
    page.figure(std::move(block));
}

/// The level that made a neuron movement-related for the fractions at top edges.
std::string level_of_fractions(const Animals& data)
{
    for (const auto& animal : data)
        if (animal.movement_level)
            return fmt::format(" (rank above {:g})", *animal.movement_level);
    return "";
}

/// Share of movement-related neurons among the ends of PC1's top edges, by learning period.
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
        "random draws from all edges that the animal ever has.",
        level_of_fractions(data), top_range(data, true, true, 1), band_note,
        counts_of_groups(plots.begin()->second));
    page.subsection("Movement-related neurons at the top edges");
    page.figure(std::move(block));
}

/// Smallest and largest share that the first two components explain, by group.
std::map<std::string, std::pair<double, double>> shares_of_two(const Animals& data)
{
    auto ranges = std::map<std::string, std::pair<double, double>>{};
    for (const auto& animal : data) {
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
        data_ = summary_of_rewiring(io::open_for_reading(source.path_of(rewiring_name)), places);
    }

    void draw(std::size_t, report::Page& page) const override
    {
        if (groups_in(data_).empty()) {
            page.paragraph("No animal has a trajectory; section “Left out, and why” says why.");
            return;
        }
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
        add_animals_without(rows);
        for (const auto& animal : data_)
            add_sessions_without(rows, animal);
        return rows;
    }

    std::vector<Published> published() const override
    {
        auto rows = std::vector<Published>{};
        for (const auto& [group, range] : shares_of_two(data_))
            rows.push_back({"variance explained by two components, range over animals", group,
                            percent_range(range.first, range.second), "52–62 %", "61–77 %"});
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
