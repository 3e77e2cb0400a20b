#include "recovery.hpp"

#include "jobs/dynetcp_dynamic/planted_edges.hpp"
#include "result.hpp"

#include <rewire/stats/tests.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace rewire::jobs {

namespace {

/// Bins of edges of one kind.
struct Bins
{
    std::vector<double> ratio;
    std::int64_t present = 0;
};

using ByKind = std::array<Bins, edge_kind_count>;

void add_session(ByKind& by_kind, const io::Handle& file, const SessionName& name,
                 const PlantedEdges& planted)
{
    const auto result = read_dynamics(file, name);
    for (std::int64_t edge = 0; edge < result.edges(); ++edge) {
        const auto at = static_cast<std::size_t>(edge);
        const auto one = base::Range{edge, edge + 1};
        const auto ratio = read_courses<float>(file, result, "ratio", one);
        const auto present = read_courses<std::int8_t>(file, result, "present", one);
        const auto& pre = result.unit_id[static_cast<std::size_t>(result.sender[at])];
        const auto& post = result.unit_id[static_cast<std::size_t>(result.receiver[at])];
        for (std::size_t bin = 0; bin < ratio.size(); ++bin) {
            if (std::isnan(ratio[bin]))
                continue;
            auto& bins = by_kind.at(
                static_cast<std::size_t>(planted.kind_of(pre, post, result.time_s[bin])));
            bins.ratio.push_back(static_cast<double>(ratio[bin]));
            bins.present += present[bin] != 0 ? 1 : 0;
        }
    }
}

std::string table_of(const ByKind& by_kind)
{
    auto text = fmt::format("{:<26} {:>10} {:>10}\n", "the dynamic graph", "bins", "present");
    for (std::size_t kind = 0; kind < by_kind.size(); ++kind) {
        const auto& bins = by_kind.at(kind);
        const auto count = static_cast<double>(bins.ratio.size());
        text += fmt::format(
            "{:<26} {:>10} {:>10}\n", edge_kind_names.at(kind), bins.ratio.size(),
            count > 0 ? fmt::format("{:.3f}", static_cast<double>(bins.present) / count) : "-");
    }
    return text;
}

} // namespace

void print_dynamics_recovery(const RecoveryRequest& request)
{
    const auto file = io::open_for_reading(request.result);
    const auto there = sessions_in(file);
    auto by_kind = ByKind{};
    for (const auto& session : request.study.sessions)
        if (std::find(there.begin(), there.end(), name_of(session)) != there.end())
            add_session(by_kind, file, name_of(session),
                        PlantedEdges(read_planted_connections(session.path)));
    const auto ratios = [&](EdgeKind kind) -> const auto&
    {
        return by_kind.at(static_cast<std::size_t>(kind)).ratio;
    };
    const auto area = stats::roc_area(ratios(EdgeKind::active), ratios(EdgeKind::indirect));
    request.context.print(table_of(by_kind) +
                          fmt::format("{:<58} {:>10}\n",
                                      "AUC of ratios, planted and active against indirect",
                                      std::isnan(area) ? "-" : fmt::format("{:.3f}", area)));
}

} // namespace rewire::jobs
