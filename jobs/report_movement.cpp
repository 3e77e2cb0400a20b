#include "report_page.hpp"
#include "report_series.hpp"

#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace rewire::jobs {

namespace {

const MovementSummary* first_tested(const ReportData& data)
{
    const auto found =
        std::find_if(data.movement.begin(), data.movement.end(),
                     [](const MovementSummary& session) { return !session.level.empty(); });
    return found == data.movement.end() ? nullptr : &*found;
}

std::string settings_of(const MovementSummary& session)
{
    return fmt::format("{} shuffles of {}", session.shuffles,
                       session.units == "frames" ? "movement epochs among single quiescent frames"
                                                 : "whole movement and quiescent epochs");
}

void add_fractions(report::Page& page, const ReportData& data, const MovementSummary& tested)
{
    auto block = report::FigureBlock{.sources = {"movement.h5"}, .numbers = table_of_means()};
    const auto panel = [&](const std::string& title, const std::string& label, auto value) {
        const auto series = series_by_session(data.movement, value);
        auto plot = report::LinePlot{};
        plot.title = title;
        plot.x = {.label = "session", .whole_numbers = true};
        plot.y = {.label = label, .low = 0};
        plot.lines = lines_of_groups(series);
        block.panels.push_back(report::figure_of(plot));
        add_rows(block.numbers, label + ", " + title, series);
    };
    for (std::size_t level = 0; level < tested.level.size(); ++level)
        panel(fmt::format("rank > {:g}", tested.level[level]), "movement-related",
              [&](const MovementSummary& session) { return session.fraction(level); });
    if (!tested.quiescent.empty())
        for (std::size_t level = 0; level < tested.level.size(); ++level)
            panel(
                fmt::format("rank < {:g}", 1 - tested.level[level]), "quiescence-related",
                [&](const MovementSummary& session) { return session.quiescent_fraction(level); });
    block.caption = fmt::format(
        "Fraction of the tested neurons whose mean activity in movement lies above the given rank "
        "among {} (or below, for quiescence). {} n = {} animals. A level of {:g} calls about "
        "{:.2g} % of neurons that have nothing to do with movement; it is not corrected over "
        "neurons.",
        settings_of(tested), band_note,
        counts_of_groups(
            series_by_session(data.movement, [](const MovementSummary&) { return 0.0; })),
        tested.level.front(), 100 * (1 - tested.level.front()));
    page.figure(std::move(block));
}

void add_ranks(report::Page& page, const ReportData& data, const MovementSummary& tested)
{
    constexpr auto bins = 40;
    auto groups = std::set<std::string>{};
    for (const auto& session : data.movement)
        groups.insert(session.place.group);
    auto block = report::FigureBlock{.sources = {"movement.h5"}};
    for (const auto& group : groups) {
        auto ranks = std::vector<double>{};
        for (const auto& session : data.movement)
            if (session.place.group == group)
                std::copy_if(session.p_rank.begin(), session.p_rank.end(),
                             std::back_inserter(ranks), [](double p) { return std::isfinite(p); });
        auto plot = report::uniform_histogram(report::binned(ranks, 0, 1, bins));
        plot.title = group;
        plot.x = {.label = "rank of movement activity among shuffles"};
        plot.y_label = "neurons x sessions";
        plot.expected_label = "no relation to movement";
        plot.mark = tested.level.front();
        plot.mark_label = fmt::format("level {:g}", tested.level.front());
        plot.size = {400, 280};
        block.panels.push_back(report::figure_of(plot));
    }
    block.caption = fmt::format(
        "Rank of every neuron's mean activity in movement among {}, all sessions of all animals of "
        "the group together. Were no neuron related to movement, ranks would be uniform (dashed). "
        "Neurons without activity tie with every shuffle and stand at 0.5. No band: neurons of a "
        "session are not independent.",
        settings_of(tested));
    page.figure(std::move(block));
}

void add_nulls(report::Page& page, const ReportData& data)
{
    if (data.neuron_nulls.empty())
        return;
    auto block = report::FigureBlock{.sources = {"movement.h5"}};
    for (const auto& neuron : data.neuron_nulls) {
        auto plot = report::null_histogram(neuron.null, neuron.score);
        plot.title =
            fmt::format("{}, {}, neuron {}", neuron.subject, neuron.session, neuron.neuron);
        plot.x.label = "activity in movement";
        block.panels.push_back(report::figure_of(plot));
        block.caption +=
            fmt::format("{}{}, {}, neuron {}: rank {} among {} shuffles.",
                        block.caption.empty() ? "" : " ", neuron.subject, neuron.session,
                        neuron.neuron, report::number(neuron.p_rank), neuron.null.size());
    }
    block.caption = "Activity of a neuron in movement (line) against the same under every shuffle "
                    "of the epochs (histogram). " +
                    block.caption;
    page.subsection("The null of a neuron");
    page.figure(std::move(block));
}

} // namespace

void add_movement(report::Page& page, const ReportData& data)
{
    page.section("Movement-related neurons");
    if (add_missing(page, data, "movement.h5"))
        return;
    const auto* tested = first_tested(data);
    if (tested == nullptr) {
        page.paragraph("No session was tested; section “Left out, and why” says why.");
        return;
    }
    add_fractions(page, data, *tested);
    add_ranks(page, data, *tested);
    add_nulls(page, data);
}

} // namespace rewire::jobs
