#include "recovery.hpp"

#include "jobs/truth/simulated_truth.hpp"

#include <rewire/stats/correlation.hpp>

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace rewire::jobs {

namespace {

/// Strengths of the planted edges, session by session.
using Planted = std::vector<std::map<std::pair<std::int64_t, std::int64_t>, double>>;

/// 1 - cosine of the planted strengths of two sessions.
double planted_distance(const Planted& planted, std::size_t s, std::size_t t)
{
    auto ss = 0.0;
    auto tt = 0.0;
    auto st = 0.0;
    for (const auto& [pair, strength] : planted[s]) {
        ss += strength * strength;
        if (const auto other = planted[t].find(pair); other != planted[t].end())
            st += strength * other->second;
    }
    for (const auto& [pair, strength] : planted[t])
        tt += strength * strength;
    return 1 - st / std::sqrt(ss * tt);
}

/// Correlation, over pairs of sessions, of the distance that was found with the one planted.
void print_distances(const RecoveryRequest& request, const io::Handle& group,
                     const std::string& subject, const Planted& planted)
{
    if (!io::exists(group, "distance"))
        return;
    const auto distance = io::read_all<double>(group, "distance");
    auto measured = std::vector<double>{};
    auto there = std::vector<double>{};
    for (std::size_t s = 0; s < planted.size(); ++s)
        for (auto t = s + 1; t < planted.size(); ++t) {
            const auto value = distance.at(s * planted.size() + t);
            const auto known = planted_distance(planted, s, t);
            if (std::isnan(value) || std::isnan(known))
                continue;
            measured.push_back(value);
            there.push_back(known);
        }
    request.context.print(
        fmt::format("{:<26} {:>8} pairs of sessions, correlation of their distance with the "
                    "planted one: {:.3f}\n",
                    "distances of " + subject, measured.size(), stats::pearson(measured, there)));
}

} // namespace

/// How well the first component follows what was planted: over sessions, the summed strength of
/// strengthening less that of weakening edges.
void print_rewiring_recovery(const RecoveryRequest& request)
{
    const auto& study = request.study;
    const auto file = io::open_for_reading(request.result);
    for (const auto& subject : study.subjects) {
        if (!io::exists(file, subject.name + "/score"))
            continue;
        auto planted = std::map<std::string, double>{};
        auto strengths = std::map<std::string, Planted::value_type>{};
        for (const auto index : subject.sessions) {
            const auto truth = read_truth(study.sessions[index].path);
            auto& sum = planted[study.sessions[index].record.session];
            auto& strength = strengths[study.sessions[index].record.session];
            for (std::size_t edge = 0; edge < truth.edge_kind.size(); ++edge) {
                strength[{truth.edge_i[edge], truth.edge_j[edge]}] = truth.edge_strength[edge];
                sum += truth.edge_kind[edge] == "strengthening" ? truth.edge_strength[edge]
                       : truth.edge_kind[edge] == "weakening"   ? -truth.edge_strength[edge]
                                                                : 0.0;
            }
        }
        const auto sessions = io::read_texts(file, subject.name + "/session");
        const auto score = io::read_all<double>(file, subject.name + "/score");
        const auto components = score.size() / sessions.size();
        auto x = std::vector<double>{};
        auto y = std::vector<double>{};
        for (std::size_t session = 0; session < sessions.size(); ++session) {
            x.push_back(score[session * components]);
            y.push_back(planted[sessions[session]]);
        }
        request.context.print(fmt::format(
            "{:<26} {:>8} sessions, correlation of PC1 with the planted learning: {:.3f}\n",
            "trajectory of " + subject.name, sessions.size(), stats::pearson(x, y)));
        auto by_session = Planted{};
        for (const auto& session : sessions)
            by_session.push_back(strengths[session]);
        print_distances(request, io::open_group(file, subject.name), subject.name, by_session);
    }
}

} // namespace rewire::jobs
