#include "change.hpp"

#include "change_sums.hpp"
#include "change_top_edges.hpp"
#include "change_units.hpp"

#include <rewire/base/nan.hpp>
#include <rewire/base/packed.hpp>
#include <rewire/base/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

using base::nan;

/// [subject][kind] on rank 0.
std::vector<std::vector<ChangeSums>> sums_of(runtime::RunContext& context,
                                             const io::Handle& connectome,
                                             const std::vector<SubjectConnectomes>& subjects,
                                             const HalvesOfSubjects& sessions)
{
    const auto units = change_units_of(subjects, sessions, half_kinds.size());
    auto sums = std::vector<std::vector<ChangeSums>>(subjects.size(),
                                                     std::vector<ChangeSums>(half_kinds.size()));
    context.each_unit_to_root<ChangeSums>(
        "halves", change_costs_of(units, sessions),
        [&](std::int64_t index, const runtime::Tick& tick) -> std::optional<ChangeSums> {
            const auto& unit = units[static_cast<std::size_t>(index)];
            const auto& subject = subjects[unit.subject];
            const auto& found = sessions[unit.subject][unit.kind];
            const auto neurons = static_cast<std::int64_t>(subject.neuron_id.size());
            auto of_unit = ChangeSums(found.count(), neurons);
            const auto done =
                each_half_block(connectome, subject, found, unit.pairs, found.with_jackknife, tick,
                                [&](const HalfBlock& block, std::int64_t first_pair) {
                                    of_unit.add(block, first_pair, neurons, unit.kind == 0);
                                });
            return done ? std::optional(std::move(of_unit)) : std::nullopt;
        },
        [&](std::int64_t index, ChangeSums&& of_unit) {
            const auto& unit = units[static_cast<std::size_t>(index)];
            sums[unit.subject][unit.kind] += of_unit;
        });
    return sums;
}

/// Sessions that can be compared, as indices into those of `found`.
std::vector<std::int64_t> reliable_sessions(const network::SessionSimilarity& all,
                                            const HalfSessions& found,
                                            const SubjectConnectomes& subject,
                                            std::vector<std::string>& left_out)
{
    auto kept = std::vector<std::int64_t>{};
    for (Eigen::Index s = 0; s < found.count(); ++s)
        if (all.is_reliable(s))
            kept.push_back(s);
        else
            left_out.push_back(fmt::format(
                "{}: what its halves have in common is {:.1f} standard errors, less than {:g}",
                subject.sessions[static_cast<std::size_t>(
                    found.sessions[static_cast<std::size_t>(s)])],
                all.signal_to_error[s], network::least_signal_to_error));
    return kept;
}

/// Exponents of the path without each neuron, of the sessions that are compared.
std::vector<double> exponents_without_neuron(const ChangeSums& sums,
                                             const std::vector<std::int64_t>& kept,
                                             const std::vector<std::int64_t>& position)
{
    auto exponents = std::vector<double>{};
    for (const auto& neuron : sums.neuron) {
        auto rest = sums.all;
        rest -= neuron;
        const auto without = network::session_similarity(network::of_sessions(rest, kept));
        exponents.push_back(
            network::exponent_of(network::mean_squared_displacement(without.distance, position)));
    }
    return exponents;
}

/// Values of the compared sessions among all sessions of the subject.
void spread(const network::SessionSimilarity& values, const std::vector<std::int64_t>& session,
            ChangeOfKind& change)
{
    for (std::size_t s = 0; s < session.size(); ++s)
        for (std::size_t t = 0; t < session.size(); ++t) {
            const auto from = static_cast<Eigen::Index>(s);
            const auto to = static_cast<Eigen::Index>(t);
            change.similarity(session[s], session[t]) = values.similarity(from, to);
            change.distance(session[s], session[t]) = values.distance(from, to);
        }
}

void describe_path(const network::SessionSimilarity& compared,
                   const std::vector<std::int64_t>& position, std::int64_t lags,
                   ChangeOfKind& change)
{
    const auto displacement = network::mean_squared_displacement(compared.distance, position);
    change.displacement = Eigen::VectorXd::Constant(lags, nan);
    change.displacement.head(displacement.size()) = displacement;
    for (Eigen::Index lag = 0; lag < displacement.size(); ++lag)
        if (displacement[lag] <= 0)
            change.not_above_zero.push_back(lag + 1);
    change.bend = network::bend_of(displacement);
    change.exponent = network::exponent_of(displacement);
    change.came_back = network::return_of(compared.distance, position);
}

ChangeOfKind change_of(const SubjectConnectomes& subject, const HalfSessions& found,
                       const ChangeSums& sums, std::int64_t orders, std::uint64_t seed,
                       std::vector<std::int64_t>& compared_sessions)
{
    const auto all_sessions = static_cast<Eigen::Index>(subject.sessions.size());
    auto change = ChangeOfKind{.kind = found.kind,
                               .status = found.status,
                               .left_out = found.left_out,
                               .bend = nan,
                               .came_back = nan,
                               .exponent = nan,
                               .interval = {nan, nan}};
    change.mantel = {nan, nan, 0, false};
    change.similarity = Eigen::MatrixXd::Constant(all_sessions, all_sessions, nan);
    change.distance = change.similarity;
    change.reliability = Eigen::VectorXd::Constant(all_sessions, nan);
    change.signal_to_error = change.reliability;
    change.displacement = Eigen::VectorXd::Constant(subject.positions.back(), nan);
    if (!found.ok())
        return change;
    const auto all = network::session_similarity(sums.all);
    for (Eigen::Index s = 0; s < found.count(); ++s) {
        const auto session = found.sessions[static_cast<std::size_t>(s)];
        change.reliability[session] = all.reliability[s];
        change.signal_to_error[session] = all.signal_to_error[s];
    }
    const auto kept = reliable_sessions(all, found, subject, change.left_out);
    change.sessions = static_cast<std::int64_t>(kept.size());
    if (kept.size() < 2) {
        change.status = fmt::format("{} of {} sessions can be told from noise", kept.size(),
                                    found.sessions.size());
        return change;
    }
    auto position = std::vector<std::int64_t>{};
    for (const auto s : kept) {
        compared_sessions.push_back(found.sessions[static_cast<std::size_t>(s)]);
        position.push_back(subject.positions[static_cast<std::size_t>(compared_sessions.back())]);
    }
    const auto compared = network::session_similarity(network::of_sessions(sums.all, kept));
    spread(compared, compared_sessions, change);
    describe_path(compared, position, change.displacement.size(), change);
    change.mantel = network::mantel_test(compared.distance, position,
                                         {seed, base::key_of(subject.subject)}, orders);
    if (!sums.neuron.empty() && !std::isnan(change.exponent))
        change.interval = network::exponent_interval(
            change.exponent, exponents_without_neuron(sums, kept, position));
    return change;
}

/// The plane of the sessions that are compared. None of two sessions or of sessions that do not
/// differ.
network::CrossFittedPlane plane_of(const ChangeSums& sums, const HalfSessions& found,
                                   const std::vector<std::int64_t>& sessions)
{
    if (sessions.size() < 3)
        return {};
    const auto some = network::of_sessions(sums.plane, places_among(found, sessions));
    if (!(some.first.trace() > 0))
        return {};
    auto plane = network::cross_fitted_plane(some, plane_components);
    return plane.weight.cols() == plane_components ? plane : network::CrossFittedPlane{};
}

} // namespace

std::vector<SubjectChange> changes_of(runtime::RunContext& context, const io::Handle& connectome,
                                      const std::vector<SubjectConnectomes>& subjects,
                                      const ChangeSettings& settings)
{
    const auto sessions = mpi::collective(context.comm(), [&] {
        auto all = HalvesOfSubjects(subjects.size());
        for (std::size_t subject = 0; subject < subjects.size(); ++subject)
            for (const auto kind : half_kinds)
                all[subject].push_back(half_sessions_of(connectome, subjects[subject], kind));
        return all;
    });
    const auto sums = sums_of(context, connectome, subjects, sessions);
    auto changes = std::vector<SubjectChange>(context.comm().is_root() ? subjects.size() : 0);
    context.collective("change", [&] {
        for (std::size_t subject = 0; subject < changes.size(); ++subject) {
            auto& change = changes[subject];
            for (std::size_t kind = 0; kind < half_kinds.size(); ++kind) {
                auto compared = std::vector<std::int64_t>{};
                change.kinds.push_back(change_of(subjects[subject], sessions[subject][kind],
                                                 sums[subject][kind], settings.orders,
                                                 context.seed(), compared));
                if (kind == 0)
                    change.sessions = std::move(compared);
            }
            change.plane =
                plane_of(sums[subject].front(), sessions[subject].front(), change.sessions);
            change.confounds = confounds_of(connectome, subjects[subject]);
        }
    });
    find_cross_top_edges(context, connectome, subjects, sessions, settings.top, changes);
    return changes;
}

double change_block_bytes(std::int64_t pairs, std::int64_t sessions)
{
    const auto values = sessions * (network::jackknife_parts + 2);
    const auto in_block = static_cast<double>(std::min(pairs, unit_pairs(values)));
    return in_block *
           (8 * static_cast<double>(values + 2 * sessions) + 12 * network::jackknife_parts);
}

double change_sum_bytes(std::int64_t pairs, std::int64_t neurons, std::int64_t sessions)
{
    const auto count = static_cast<double>(sessions);
    const auto units =
        static_cast<double>(base::blocks_of(pairs, pairs_of_change_unit(pairs, sessions)).size());
    const auto of_neurons = sessions <= most_sessions_of_neurons ? static_cast<double>(neurons) : 0;
    return units * 3 *
           (of_neurons * (count * count + 4 * count) * 8 +
            (network::jackknife_parts + 3) * count * count * 8);
}

} // namespace rewire::jobs
