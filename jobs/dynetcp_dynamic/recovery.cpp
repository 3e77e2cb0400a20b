#include "recovery.hpp"

#include "planted_edges.hpp"
#include "result.hpp"
#include "strongest.hpp"

#include <rewire/stats/median.hpp>
#include <rewire/stats/tests.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string>
#include <vector>

namespace rewire::jobs {

namespace {

/// Bins of edges of one kind.
struct Bins
{
    std::vector<double> weight; ///< with the sign of the static weight
    std::int64_t tested = 0;    ///< with a q
    std::int64_t found = 0;     ///< q <= test_level
};

/// What all sessions say.
struct Found
{
    std::array<Bins, edge_kind_count> by_kind;
    std::vector<double> edge_area; ///< [planted edge] AUC of its active against its other bins
    std::size_t planted = 0;       ///< connections
    std::size_t with_edge = 0;     ///< of these

    const Bins& of(EdgeKind kind) const { return by_kind.at(static_cast<std::size_t>(kind)); }
    Bins& of(EdgeKind kind) { return by_kind.at(static_cast<std::size_t>(kind)); }
};

/// AUC of what was added to both since they had so many bins.
double area_since(const Found& found, std::size_t active, std::size_t inactive)
{
    return stats::roc_area(std::span(found.of(EdgeKind::active).weight).subspan(active),
                           std::span(found.of(EdgeKind::inactive).weight).subspan(inactive));
}

/// Smoothed weight at the functional lag, with the sign of the static weight there.
std::vector<double> signed_course(const io::Handle& file, const DynamicResult& result,
                                  std::int64_t edge)
{
    const auto lag = strongest_lag(result, edge);
    auto course = course_of(result, read_edge(file, result, edge), lag);
    if (result.static_weight[static_cast<std::size_t>(edge * result.lags() + lag)] < 0)
        for (auto& weight : course)
            weight = -weight;
    return course;
}

void add_session(Found& found, const io::Handle& file, const SessionName& name,
                 const PlantedEdges& planted)
{
    const auto result = read_dynamic(file, name);
    const auto q = read_edge_tests(file, result).q_value;
    found.planted += planted.connections();
    for (std::int64_t edge = 0; edge < result.edges(); ++edge) {
        const auto at = static_cast<std::size_t>(edge);
        const auto& pre = result.unit_id[static_cast<std::size_t>(result.sender[at])];
        const auto& post = result.unit_id[static_cast<std::size_t>(result.receiver[at])];
        const auto weight = signed_course(file, result, edge);
        const auto active = found.of(EdgeKind::active).weight.size();
        const auto inactive = found.of(EdgeKind::inactive).weight.size();
        const auto any = planted.kind_of(pre, post, 0);
        found.with_edge += any == EdgeKind::active || any == EdgeKind::inactive ? 1 : 0;
        for (std::size_t bin = 0; bin < weight.size(); ++bin) {
            if (std::isnan(weight[bin]))
                continue;
            auto& of_kind = found.of(planted.kind_of(pre, post, result.time_s[bin]));
            of_kind.weight.push_back(weight[bin]);
            const auto value = q.empty() ? NAN : q[at * weight.size() + bin];
            of_kind.tested += std::isnan(value) ? 0 : 1;
            of_kind.found += value <= test_level ? 1 : 0;
        }
        if (const auto area = area_since(found, active, inactive); !std::isnan(area))
            found.edge_area.push_back(area);
    }
}

std::string table_of(const Found& found)
{
    auto text = fmt::format("{:<26} {:>10} {:>10} {:>10}\n", "dynamic weights", "bins", "median",
                            "q <= 0.05");
    for (std::size_t kind = 0; kind < edge_kind_count; ++kind) {
        const auto& of_kind = found.by_kind.at(kind);
        text += fmt::format(
            "{:<26} {:>10} {:>10} {:>10}\n", edge_kind_names.at(kind), of_kind.weight.size(),
            of_kind.weight.empty() ? "-" : fmt::format("{:.3f}", stats::median(of_kind.weight)),
            of_kind.tested > 0 ? fmt::format("{:.3f}", static_cast<double>(of_kind.found) /
                                                           static_cast<double>(of_kind.tested))
                               : "-");
    }
    return text;
}

std::string line_of(const std::string& what, double value)
{
    return fmt::format("{:<58} {:>10}\n", what,
                       std::isnan(value) ? "-" : fmt::format("{:.3f}", value));
}

} // namespace

void print_dynamic_recovery(const RecoveryRequest& request)
{
    const auto file = io::open_for_reading(request.result);
    const auto there = sessions_in(file);
    auto found = Found{};
    for (const auto& session : request.study.sessions)
        if (std::find(there.begin(), there.end(), name_of(session)) != there.end())
            add_session(found, file, name_of(session),
                        PlantedEdges(read_planted_connections(session.path)));
    request.context.print(
        table_of(found) +
        fmt::format("{} of {} planted connections have an edge\n", found.with_edge, found.planted) +
        line_of("AUC of weights, planted: active against other bins", area_since(found, 0, 0)) +
        line_of(fmt::format("  of single edges, median of {}", found.edge_area.size()),
                stats::median(found.edge_area)) +
        line_of("AUC of weights, planted and active against indirect",
                stats::roc_area(found.of(EdgeKind::active).weight,
                                found.of(EdgeKind::indirect).weight)));
}

} // namespace rewire::jobs
