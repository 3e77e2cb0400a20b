#include "section.hpp"

#include <rewire/base/nan.hpp>
#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace rewire::jobs {

namespace {

using Found = TruthSummary::Found;

using base::nan;

double share(std::int64_t part, std::int64_t whole)
{
    return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : nan;
}

std::string text_of_share(std::int64_t part, std::int64_t whole)
{
    return whole > 0 ? fmt::format("{:.3f}", share(part, whole)) : "–";
}

/// What was planted and what was found of it, and all that was found.
struct Recovered
{
    Found planted;
    Found all;

    void add(const TruthSummary& session)
    {
        for (const auto& of_strength : session.by_strength)
            planted.add(of_strength);
        all.add(session.all);
    }
};

bool any_two_sided(const ConnectomeSummary& data)
{
    return std::any_of(
        data.sessions.begin(), data.sessions.end(),
        [](const SessionSummary& session) { return session.truth && session.truth->two_sided; });
}

report::LinePlot recall_by_strength(const ConnectomeSummary& data, report::Table& numbers)
{
    auto sums = std::array<Found, TruthSummary::strengths.size()>{};
    for (const auto& session : data.sessions)
        if (session.truth)
            for (std::size_t bin = 0; bin < sums.size(); ++bin)
                sums[bin].add(session.truth->by_strength[bin]);
    auto edges = report::Line{.name = "recall, threshold"};
    auto supported = report::Line{.name = "recall, supported"};
    for (std::size_t bin = 0; bin < sums.size(); ++bin) {
        if (sums[bin].pairs == 0)
            continue;
        const auto& ends = TruthSummary::strengths;
        const auto high = bin + 1 < ends.size() ? ends[bin + 1] : ends[bin] + 0.05;
        for (auto* line : {&edges, &supported})
            line->x.push_back((ends[bin] + high) / 2);
        edges.y.push_back(share(sums[bin].edges, sums[bin].pairs));
        supported.y.push_back(share(sums[bin].supported, sums[bin].pairs));
        numbers.rows.push_back({fmt::format("strength {:g} to {:g}", ends[bin], high),
                                std::to_string(sums[bin].pairs),
                                text_of_share(sums[bin].edges, sums[bin].pairs),
                                text_of_share(sums[bin].supported, sums[bin].pairs), "–", "–"});
    }
    return {.x = {.label = "planted strength", .low = 0},
            .y = {.label = "recall", .low = 0, .high = 1.05},
            .lines = {edges, supported}};
}

/// Of sessions of equal length together.
std::vector<report::LinePlot> by_duration(const ConnectomeSummary& data, report::Table& numbers)
{
    auto sums = std::map<std::int64_t, Recovered>{};
    for (const auto& session : data.sessions)
        if (session.truth)
            sums[std::llround(session.truth->duration_s)].add(*session.truth);
    if (sums.size() < 2)
        return {};
    auto recall_edges = report::Line{.name = "recall, threshold"};
    auto recall_supported = report::Line{.name = "recall, supported"};
    auto precision_edges = report::Line{.name = "precision, threshold"};
    auto precision_supported = report::Line{.name = "precision, supported"};
    for (const auto& [seconds, of] : sums) {
        for (auto* line :
             {&recall_edges, &recall_supported, &precision_edges, &precision_supported})
            line->x.push_back(std::log10(static_cast<double>(std::max<std::int64_t>(seconds, 1))));
        recall_edges.y.push_back(share(of.planted.edges, of.planted.pairs));
        recall_supported.y.push_back(share(of.planted.supported, of.planted.pairs));
        precision_edges.y.push_back(share(of.planted.edges, of.all.edges));
        precision_supported.y.push_back(share(of.planted.supported, of.all.supported));
        numbers.rows.push_back({fmt::format("sessions of {} s", seconds),
                                std::to_string(of.planted.pairs),
                                text_of_share(of.planted.edges, of.planted.pairs),
                                text_of_share(of.planted.supported, of.planted.pairs),
                                text_of_share(of.planted.edges, of.all.edges),
                                text_of_share(of.planted.supported, of.all.supported)});
    }
    const auto plot = [](const char* label, std::vector<report::Line> lines) {
        return report::LinePlot{.x = {.label = "log₁₀ of the length of the session, s"},
                                .y = {.label = label, .low = 0, .high = 1.05},
                                .lines = std::move(lines)};
    };
    return {plot("recall", {recall_edges, recall_supported}),
            plot("precision", {precision_edges, precision_supported})};
}

void add_curves(report::Page& page, const ConnectomeSummary& data)
{
    auto block = report::FigureBlock{.sources = {"connectome.h5"}};
    block.numbers.head = {"",
                          "planted pairs",
                          "recall, threshold",
                          "recall, supported",
                          "precision, threshold",
                          "precision, supported"};
    block.panels.push_back(report::figure_of(recall_by_strength(data, block.numbers)));
    for (const auto& plot : by_duration(data, block.numbers))
        block.panels.push_back(report::figure_of(plot));
    block.caption = "Planted connections that were found (recall), by their strength: the share of "
                    "events that the simulation made common to the pair. ";
    if (block.panels.size() > 1)
        block.caption += "Beside it recall, and the share of what was found that was planted "
                         "(precision), by the length of the session. ";
    block.caption += "All sessions of all animals together; threshold: mean + alpha standard "
                     "deviations, supported: q of both tests ≤ 0.05.";
    page.figure(std::move(block));
}

void add_classes(report::Page& page, const ConnectomeSummary& data)
{
    auto sums = std::array<Found, pair_classes>{};
    for (const auto& session : data.sessions)
        if (session.truth)
            for (std::size_t k = 0; k < pair_classes; ++k)
                sums[k].add(session.truth->by_class[k]);
    const auto two_sided = any_two_sided(data);
    auto table = report::Table{
        .head = {"pairs", "number", "in a session without end", "above the threshold", "supported"},
        .caption = fmt::format(
            "What is found, by what the pair is, over all sessions. Steps: along planted "
            "connections. In a session without end: pairs whose partial correlation would be {} or "
            "more however long the session. They are not what was planted: two neurons that drive "
            "or are driven with a third are negatively correlated given it, those one step further "
            "positively again, and movement, delays, missed events and unrecorded inputs make "
            "pairs positive that nobody joined.",
            population_edge)};
    if (two_sided) {
        table.head.insert(table.head.begin() + 3, "negative in a session without end");
        table.head.emplace_back("supported as negative");
        table.caption += fmt::format(
            " Negative: -{} or less. Supported pairs are counted whatever their sign, and those "
            "that are supported as negative beside them.",
            population_edge);
    }
    for (std::size_t k = 0; k < pair_classes; ++k) {
        auto row = std::vector<std::string>{names_of_pair_classes[k], std::to_string(sums[k].pairs),
                                            std::to_string(sums[k].population),
                                            std::to_string(sums[k].edges),
                                            std::to_string(sums[k].supported)};
        if (two_sided) {
            row.insert(row.begin() + 3, std::to_string(sums[k].population_negative));
            row.push_back(std::to_string(sums[k].supported_negative));
        }
        table.rows.push_back(std::move(row));
    }
    page.table(std::move(table));
}

/// What pairs have in common that a session without end, as it is meant here, does not know.
void add_of_recording(report::Page& page, const ConnectomeSummary& data)
{
    auto sessions = std::int64_t{0};
    auto what = std::set<std::string>{};
    for (const auto& session : data.sessions)
        if (session.truth && !session.truth->of_recording.empty()) {
            ++sessions;
            what.insert(session.truth->of_recording);
        }
    for (const auto& disturbance : what)
        page.paragraph(fmt::format(
            "In {} the recording gives all traces something in common: {}. It belongs to "
            "no neuron, so the session without end is meant without it; pairs that are supported "
            "because of it count as not there.",
            report::counted(sessions, "session"), disturbance));
}

} // namespace

void add_known_truth(report::Page& page, const ConnectomeSummary& data)
{
    auto sum = Recovered{};
    auto population = Found{};
    auto any = false;
    for (const auto& session : data.sessions)
        if (session.truth) {
            any = true;
            sum.add(*session.truth);
            population.add(session.truth->of_population);
        }
    if (!any)
        return;
    page.subsection("What the simulation planted");
    page.paragraph(fmt::format(
        "These sessions are simulated, with {} planted pairs. The {} supported edges recall {} of "
        "them with a precision of {}; the {} above the published threshold {} with {}. Of what is "
        "supported {} would be there in a session without end, of what is above the threshold {}.",
        sum.planted.pairs, sum.all.supported,
        text_of_share(sum.planted.supported, sum.planted.pairs),
        text_of_share(sum.planted.supported, sum.all.supported), sum.all.edges,
        text_of_share(sum.planted.edges, sum.planted.pairs),
        text_of_share(sum.planted.edges, sum.all.edges),
        text_of_share(population.supported, sum.all.supported),
        text_of_share(population.edges, sum.all.edges)));
    if (any_two_sided(data))
        page.paragraph("The tests are two-sided: what is supported has to have its sign in a "
                       "session without end. What was planted is positive, and a pair that is "
                       "supported as negative is none of it.");
    add_of_recording(page, data);
    if (sum.planted.pairs > 0)
        add_curves(page, data);
    add_classes(page, data);
}

} // namespace rewire::jobs
