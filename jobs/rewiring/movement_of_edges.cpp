#include "movement_of_edges.hpp"

#include "jobs/movement/result.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/network/learning_periods.hpp>
#include <rewire/network/movement_fraction.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace rewire::jobs {

namespace {

void check_origin(const SessionMovement& movement, const std::string& sha256,
                  const std::string& where)
{
    if (movement.sha256 != sha256)
        throw base::InputError(
            fmt::format("{}, session {}: its movements are of another file than its connectome",
                        movement.subject, movement.session),
            where,
            "compute both of the same study: rewire movement --study DIR --results DIR "
            "--overwrite, or remove movement.h5");
}

/// Adds the flags of a session's neurons, in the order of the subject's common ones.
void add_flags(MovementPeriod& period, const SessionMovement& session, std::size_t row,
               const std::vector<std::string>& common)
{
    const auto neurons = session.neuron_id.size();
    auto place = std::map<std::string, std::size_t>{};
    for (std::size_t i = 0; i < neurons; ++i)
        place[session.neuron_id[i]] = i;
    for (const auto& id : common) {
        const auto column = place.find(id);
        const auto tested = column != place.end() &&
                            !std::isnan(session.p_rank.at(column->second)) &&
                            !std::isnan(session.mean_activity.at(column->second));
        period.tested.push_back(tested ? 1 : 0);
        period.related.push_back(
            tested ? session.movement_related.at(row * neurons + column->second) : std::uint8_t{0});
    }
    ++period.sessions;
}

/// Why a session cannot be compared with; empty where it can.
std::string obstacle(const SessionMovement& session)
{
    if (session.status != "ok")
        return session.status;
    return session.epochs == 0 || session.level.empty() ? "not tested" : "";
}

/// Movements so few that hardly a neuron can reach the level.
std::string obstacle_at(const SessionMovement& session, double level)
{
    return session.largest_p_rank > level
               ? ""
               : fmt::format("few distinct shuffles, no rank above {:.3f}", session.largest_p_rank);
}

} // namespace

SubjectMovement movement_of(const std::filesystem::path& movement,
                            const SubjectConnectomes& subject, std::optional<double> level)
{
    auto result = SubjectMovement{};
    if (!std::filesystem::exists(movement)) {
        result.status = no_movement_file;
        return result;
    }
    const auto file = io::open_for_reading(movement);
    for (const auto& period : network::learning_periods())
        result.periods.push_back({.name = period.name});
    auto sessions = std::int64_t{0};
    for (std::size_t i = 0; i < subject.sessions.size(); ++i) {
        const auto& name = subject.sessions[i];
        const auto leave_out = [&](const std::string& why) {
            result.left_out.push_back(fmt::format("{}: {}", name, why));
        };
        if (!io::exists(file, subject.subject + "/" + name)) {
            leave_out("not in " + movement.filename().string());
            continue;
        }
        const auto session = read_movement(file, subject.subject, name);
        check_origin(session, subject.sha256[i], movement.string());
        const auto number = subject.numbers[i];
        const auto period = network::learning_period_of(number);
        if (const auto why = obstacle(session); !why.empty()) {
            leave_out(why);
            continue;
        }
        if (!period) {
            leave_out(fmt::format("its number, {}, is in no learning period", number));
            continue;
        }
        const auto row = row_of_level(session.level, level, movement.string());
        result.level = session.level[row];
        if (const auto why = obstacle_at(session, result.level); !why.empty()) {
            leave_out(why);
            continue;
        }
        add_flags(result.periods[*period], session, row, subject.neuron_id);
        ++sessions;
    }
    if (result.periods.back().sessions == 0)
        result.periods.resize(network::paper_learning_periods);
    result.status = sessions > 0 ? "ok" : "no session was tested for movement";
    return result;
}

MovementFractions movement_fractions(const SubjectMovement& movement,
                                     const SubjectConnectomes& subject,
                                     const SubjectRewiring& result,
                                     const RewiringSettings& settings, std::uint64_t seed)
{
    auto fractions = MovementFractions{
        .status = movement.status, .level = movement.level, .left_out = movement.left_out};
    if (movement.status != "ok")
        return fractions;
    const auto& top = result.top.front();
    const auto needed = std::max(top.positive.size(), top.negative.size());
    if (result.ever_an_edge.size() < needed) {
        fractions.status =
            fmt::format("{} edges in all sessions together, {} would have to be drawn",
                        result.ever_an_edge.size(), needed);
        return fractions;
    }
    for (const auto& period : movement.periods) {
        fractions.period.push_back(period.name);
        fractions.sessions.push_back(period.sessions);
    }
    const auto neurons = static_cast<std::int64_t>(subject.neuron_id.size());
    for (const auto positive : {true, false}) {
        auto pairs = std::vector<std::int64_t>{};
        for (const auto& pair : positive ? top.positive : top.negative)
            pairs.push_back(pair.pair);
        const auto pools =
            network::matched_pools(result.ever_an_edge, result.sessions_as_edge, pairs);
        fractions.edges.push_back(std::ssize(pairs));
        auto& pooled = fractions.pool.emplace_back(0);
        for (const auto& pool : pools)
            pooled += std::ssize(pool.edges);
        for (const auto& period : movement.periods) {
            const auto flags = network::MovementFlags{period.related, period.tested};
            const auto share = network::movement_fraction(pairs, neurons, flags);
            const auto draws =
                std::isnan(share)
                    ? std::vector<double>{}
                    : network::drawn_movement_fractions(pools, neurons, flags,
                                                        {seed, base::key_of(subject.subject)},
                                                        {0, settings.draws});
            fractions.fraction.push_back(share);
            fractions.percentile.push_back(network::percentile_among(draws, share));
        }
    }
    return fractions;
}

} // namespace rewire::jobs
