#include "page.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/report/markup.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace rewire::jobs {

namespace {

std::string percent(std::int64_t part, std::int64_t whole)
{
    return whole > 0 ? fmt::format("{} ({:.1f} %)", part,
                                   100.0 * static_cast<double>(part) / static_cast<double>(whole))
                     : std::to_string(part);
}

/// Why no animal has a fraction of movement-related neurons at its top edges, or this one has not.
std::string without_movement(const ReportData& data)
{
    const auto& inputs = data.records.at("rewiring.h5").inputs;
    if (std::any_of(inputs.begin(), inputs.end(),
                    [](const auto& input) { return input.first.starts_with("movement "); }))
        return "not in the result: fewer pairs were ever an edge than top edges were asked for";
    return data.has("movement.h5")
               ? "computed before there was a movement.h5: run rewiring again with --overwrite"
               : "there was no movement.h5";
}

/// Sessions without a value in the means of movement-related neurons, and animals without one at
/// their top edges.
void add_movement_rows(report::Table& table, const ReportData& data)
{
    for (const auto& session : data.movement) {
        auto why = session.untestable();
        for (std::size_t level = 0; level < session.level.size() && why.empty(); ++level)
            if (session.expected_by_chance(session.level[level]) == 0)
                why = fmt::format("shuffles too much alike: the largest rank possible is {:.4g}, "
                                  "not above the level {:g}",
                                  session.largest_rank(), session.level[level]);
        if (!why.empty())
            table.rows.push_back(
                {"movement.h5", session.place.subject, session.place.session, why});
    }
    if (data.has("movement.h5"))
        for (const auto& session : data.sessions)
            if (std::none_of(data.movement.begin(), data.movement.end(),
                             [&](const MovementSummary& each) {
                                 return each.place.subject == session.place.subject &&
                                        each.place.session == session.place.session;
                             }))
                table.rows.push_back({"movement.h5", session.place.subject, session.place.session,
                                      "not in the result"});
    for (const auto& animal : data.rewiring)
        for (const auto& session : animal.movement_left_out)
            table.rows.push_back(
                {"rewiring.h5", animal.subject, "movement at the top edges", session});
    for (const auto& animal : data.rewiring)
        if (animal.status.empty() && animal.movement_fraction.empty())
            table.rows.push_back({"rewiring.h5", animal.subject, "movement at the top edges",
                                  animal.movement_status.empty() || animal.movement_status == "ok"
                                      ? without_movement(data)
                                      : animal.movement_status});
}

void add_flagged(report::Page& page, const ReportData& data)
{
    auto table = report::Table{.head = {"result", "animal", "session", "why"},
                               .caption = "Sessions and animals without a result or without a "
                                          "part of it, and those with a limited one."};
    for (const auto& session : data.sessions)
        if (session.status != "ok")
            table.rows.push_back(
                {"connectome.h5", session.place.subject, session.place.session, session.status});
    for (const auto& animal : data.rewiring)
        if (!animal.status.empty())
            table.rows.push_back({"rewiring.h5", animal.subject, "all", animal.status});
    for (const auto& animal : data.rewiring)
        if (!animal.remark.empty())
            table.rows.push_back({"rewiring.h5", animal.subject, "all", animal.remark});
    add_movement_rows(table, data);
    for (const auto& animal : data.animals)
        if (data.has("rewiring.h5") && std::none_of(data.rewiring.begin(), data.rewiring.end(),
                                                    [&](const AnimalRewiring& each) {
                                                        return each.subject == animal.subject;
                                                    }))
            table.rows.push_back({"rewiring.h5", animal.subject, "all",
                                  "not in the result: fewer than two sessions with a connectome, "
                                  "or not selected"});
    for (const auto& animal : data.rewiring) {
        for (const auto& session : animal.left_out)
            table.rows.push_back({"rewiring.h5", animal.subject, "", session});
        if (!animal.left_out.empty())
            continue;
        const auto used = std::set<std::string>(animal.session.begin(), animal.session.end());
        for (const auto& session : data.sessions)
            if (animal.status.empty() && session.place.subject == animal.subject &&
                !used.contains(session.place.session))
                table.rows.push_back(
                    {"rewiring.h5", animal.subject, session.place.session,
                     session.status == "ok" ? "not among its sessions" : session.status});
    }
    if (table.rows.empty())
        page.paragraph("No session and no animal was left out.");
    else
        page.table(std::move(table));
}

void add_animals(report::Page& page, const ReportData& data)
{
    auto table = report::Table{
        .head = {"animal", "neurons in any session", "in all sessions", "left out over sessions",
                 "pairs compared over sessions"},
        .caption = "Neurons that an animal's sessions do not share. Trajectories use the neurons "
                   "that all sessions of the animal have; graph metrics, p-values and movement use "
                   "all neurons of the session."};
    for (const auto& animal : data.animals)
        table.rows.push_back(
            {animal.subject, std::to_string(animal.all_neurons),
             std::to_string(animal.common_neurons),
             percent(animal.all_neurons - animal.common_neurons, animal.all_neurons),
             std::to_string(base::pair_count(animal.common_neurons))});
    page.table(std::move(table));
}

void add_neurons(report::Page& page, const ReportData& data)
{
    auto table = report::Table{
        .head = {"animal", "session", "neurons", "silent", "constant", "missing samples",
                 "pairs without a value", "surrogates left out"},
        .caption = "Neurons of each session that take no part in correlations: silent (nothing "
                   "above the event threshold), constant, or with missing samples; the pairs they "
                   "are in have no edge and no p-value. Surrogates whose covariance has no inverse "
                   "are left out of p."};
    auto complete = 0;
    for (const auto& session : data.sessions) {
        const auto& p = session.p_values;
        const auto pairs = base::pair_count(session.neurons) - base::pair_count(session.active);
        if (session.active == session.neurons && (!p || p->singular == 0)) {
            ++complete;
            continue;
        }
        table.rows.push_back(
            {session.place.subject, session.place.session, std::to_string(session.neurons),
             percent(session.silent, session.neurons), percent(session.constant, session.neurons),
             percent(session.incomplete, session.neurons),
             percent(pairs, base::pair_count(session.neurons)),
             p ? percent(p->singular, p->singular + p->surrogates) : "–"});
    }
    page.paragraph(fmt::format("{} of {} sessions use all of their neurons and surrogates.",
                               complete, data.sessions.size()));
    if (!table.rows.empty())
        page.table(std::move(table));
}

void add_untested(report::Page& page, const ReportData& data)
{
    auto table = report::Table{
        .head = {"animal", "session", "neurons", "not tested"},
        .caption = "Neurons that were not tested for movement: their activity has missing values. "
                   "They count neither as related nor as unrelated."};
    for (const auto& session : data.movement)
        if (session.untestable().empty() && session.untested > 0)
            table.rows.push_back({session.place.subject, session.place.session,
                                  std::to_string(session.neurons),
                                  percent(session.untested, session.neurons)});
    if (!table.rows.empty())
        page.table(std::move(table));
}

} // namespace

void add_left_out(report::Page& page, const ReportData& data)
{
    page.section("Left out, and why");
    add_flagged(page, data);
    if (data.has("connectome.h5")) {
        add_animals(page, data);
        add_neurons(page, data);
    }
    add_untested(page, data);
}

} // namespace rewire::jobs
