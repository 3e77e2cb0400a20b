#include "section.hpp"

#include <rewire/base/partition.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace rewire::jobs {

namespace {

std::string percent(std::int64_t part, std::int64_t whole)
{
    return whole > 0 ? fmt::format("{} ({:.1f} %)", part,
                                   100.0 * static_cast<double>(part) / static_cast<double>(whole))
                     : std::to_string(part);
}

void add_animals(report::Page& page, const ConnectomeSummary& data)
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

void add_neurons(report::Page& page, const ConnectomeSummary& data)
{
    const auto drawn =
        std::any_of(data.sessions.begin(), data.sessions.end(),
                    [](const SessionSummary& session) { return session.p_values.has_value(); });
    auto table = report::Table{
        .head = {"animal", "session", "neurons", "silent", "constant", "missing samples",
                 "pairs without a value"},
        .caption = "Neurons of each session that take no part in correlations: silent (nothing "
                   "above the event threshold), constant, or with missing samples; the pairs they "
                   "are in have no edge and no p-value."};
    if (drawn) {
        table.head.push_back("surrogates left out");
        table.caption += " Surrogates whose covariance has no inverse are left out of p.";
    }
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
             percent(pairs, base::pair_count(session.neurons))});
        if (drawn)
            table.rows.back().push_back(p ? percent(p->singular, p->singular + p->surrogates)
                                          : "–");
    }
    page.paragraph(fmt::format("{} of {} sessions use all of their neurons{}.", complete,
                               data.sessions.size(), drawn ? " and surrogates" : ""));
    if (!table.rows.empty())
        page.table(std::move(table));
}

} // namespace

void add_left_out_neurons(report::Page& page, const ConnectomeSummary& data)
{
    add_animals(page, data);
    add_neurons(page, data);
}

} // namespace rewire::jobs
