#include "recovery.hpp"

#include "jobs/truth/simulated_truth.hpp"
#include "result.hpp"

#include <rewire/base/nan.hpp>
#include <rewire/stats/median.hpp>
#include <rewire/stats/tests.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rewire::jobs {

namespace {

using Pair = std::pair<std::string, std::string>; ///< ids, sender first

/// What lies between the units of an edge.
enum class Kind : std::size_t
{
    active,   ///< a connection, in bins in which it is
    inactive, ///< and in others
    reverse,  ///< against one
    indirect, ///< a chain of two or a common input
    none,
    count
};
constexpr auto kind_names = std::array{"planted, active", "planted, not active", "against planted",
                                       "indirect", "unconnected"};

/// Bins of edges of one kind.
struct Bins
{
    std::vector<double> weight; ///< with the sign of the static weight
    std::vector<double> ratio;
    std::int64_t present = 0;
    std::int64_t tested = 0; ///< with a q
    std::int64_t found = 0;  ///< q <= test_level
};

struct Planted
{
    std::map<Pair, std::size_t> connection; ///< index
    std::set<Pair> indirect;                ///< without a connection, in either direction
};

Planted planted_in(const PlantedConnections& truth)
{
    auto planted = Planted{};
    auto targets = std::map<std::string, std::vector<std::string>>{};
    for (std::size_t k = 0; k < truth.pre.size(); ++k) {
        const auto pre = std::to_string(truth.pre[k]);
        const auto post = std::to_string(truth.post[k]);
        planted.connection[{pre, post}] = k;
        targets[pre].push_back(post);
    }
    const auto add = [&](const std::string& a, const std::string& b) {
        if (a != b && !planted.connection.contains({a, b}) &&
            !planted.connection.contains({b, a})) {
            planted.indirect.emplace(a, b);
            planted.indirect.emplace(b, a);
        }
    };
    for (const auto& [pre, posts] : targets)
        for (const auto& post : posts) {
            for (const auto& other : posts)
                add(post, other);
            if (const auto next = targets.find(post); next != targets.end())
                for (const auto& last : next->second)
                    add(pre, last);
        }
    return planted;
}

bool is_active(const PlantedConnections& truth, std::size_t connection, double time_s)
{
    if (!truth.has_windows())
        return true;
    const auto inside =
        time_s >= truth.active_start_s[connection] && time_s < truth.active_stop_s[connection];
    return inside == (truth.active_inside[connection] != 0);
}

using ByKind = std::array<Bins, static_cast<std::size_t>(Kind::count)>;

/// What all sessions say.
struct Found
{
    ByKind by_kind;
    std::vector<double> edge_area; ///< [planted edge] AUC of its active against its other bins

    const Bins& of(Kind kind) const { return by_kind[static_cast<std::size_t>(kind)]; }
    Bins& of(Kind kind) { return by_kind[static_cast<std::size_t>(kind)]; }
};

/// AUC of what was added to both since they had so many bins.
double area_since(const Found& found, std::size_t active, std::size_t inactive)
{
    return stats::roc_area(std::span(found.of(Kind::active).weight).subspan(active),
                           std::span(found.of(Kind::inactive).weight).subspan(inactive));
}

void add_session(Found& found, const io::Handle& file, const SessionName& name,
                 const PlantedConnections& truth)
{
    const auto result = read_dynamics(file, name);
    const auto planted = planted_in(truth);
    const auto tested = io::exists(file, name.first + "/" + name.second + "/q_value");
    for (std::int64_t edge = 0; edge < result.edges(); ++edge) {
        const auto at = static_cast<std::size_t>(edge);
        const auto one = base::Range{edge, edge + 1};
        const auto weight = read_courses<float>(file, result, "weight", one);
        const auto ratio = read_courses<float>(file, result, "ratio", one);
        const auto present = read_courses<std::int8_t>(file, result, "present", one);
        const auto q =
            tested ? read_courses<double>(file, result, "q_value", one) : std::vector<double>{};
        const auto& pre = result.unit_id[static_cast<std::size_t>(result.sender[at])];
        const auto& post = result.unit_id[static_cast<std::size_t>(result.receiver[at])];
        const auto connection = planted.connection.find({pre, post});
        const auto other = planted.connection.contains({post, pre}) ? Kind::reverse
                           : planted.indirect.contains({pre, post}) ? Kind::indirect
                                                                    : Kind::none;
        const auto active = found.of(Kind::active).weight.size();
        const auto inactive = found.of(Kind::inactive).weight.size();
        for (std::size_t bin = 0; bin < weight.size(); ++bin) {
            if (std::isnan(weight[bin]))
                continue;
            const auto kind = connection == planted.connection.end() ? other
                              : is_active(truth, connection->second, result.time_s[bin])
                                  ? Kind::active
                                  : Kind::inactive;
            auto& bins = found.of(kind);
            const auto sign = result.static_weight[at] < 0 ? -1.0 : 1.0;
            bins.weight.push_back(sign * static_cast<double>(weight[bin]));
            bins.ratio.push_back(static_cast<double>(ratio[bin]));
            bins.present += present[bin] != 0 ? 1 : 0;
            bins.tested += tested && !std::isnan(q[bin]) ? 1 : 0;
            bins.found += tested && q[bin] <= test_level ? 1 : 0;
        }
        if (const auto area = area_since(found, active, inactive); !std::isnan(area))
            found.edge_area.push_back(area);
    }
}

std::string share(std::int64_t part, std::size_t whole)
{
    return whole > 0 ? fmt::format("{:.3f}", static_cast<double>(part) / static_cast<double>(whole))
                     : "-";
}

std::string table_of(const ByKind& by_kind)
{
    auto text = fmt::format("{:<26} {:>10} {:>10} {:>10} {:>10}\n", "dynamic weights", "bins",
                            "median", "present", "q <= 0.05");
    for (std::size_t kind = 0; kind < by_kind.size(); ++kind) {
        const auto& bins = by_kind.at(kind);
        text += fmt::format(
            "{:<26} {:>10} {:>10} {:>10} {:>10}\n", kind_names.at(kind), bins.weight.size(),
            bins.weight.empty() ? "-" : fmt::format("{:.3f}", stats::median(bins.weight)),
            share(bins.present, bins.weight.size()),
            share(bins.found, static_cast<std::size_t>(bins.tested)));
    }
    return text;
}

std::string line_of(const std::string& what, double value)
{
    return fmt::format("{:<58} {:>10}\n", what,
                       std::isnan(value) ? "-" : fmt::format("{:.3f}", value));
}

} // namespace

void print_dynamics_recovery(const RecoveryRequest& request)
{
    const auto file = io::open_for_reading(request.result);
    const auto there = sessions_in(file);
    auto found = Found{};
    for (const auto& session : request.study.sessions)
        if (std::find(there.begin(), there.end(), name_of(session)) != there.end())
            add_session(found, file, name_of(session), read_planted_connections(session.path));
    const auto& active = found.of(Kind::active);
    const auto& indirect = found.of(Kind::indirect);
    request.context.print(
        table_of(found.by_kind) +
        line_of("AUC of weights, planted: active against other bins", area_since(found, 0, 0)) +
        line_of(fmt::format("  of single edges, median of {}", found.edge_area.size()),
                stats::median(found.edge_area)) +
        line_of("AUC of weights, planted and active against indirect",
                stats::roc_area(active.weight, indirect.weight)) +
        line_of("AUC of ratios, planted and active against indirect",
                stats::roc_area(active.ratio, indirect.ratio)));
}

} // namespace rewire::jobs
