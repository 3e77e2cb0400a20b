#include "planted.hpp"

#include "jobs/frame/recovery_counts.hpp"
#include "jobs/truth/simulated_truth.hpp"

#include <fmt/format.h>

#include <array>
#include <map>
#include <utility>

namespace rewire::jobs {

namespace {

using spikes::ConnectionSign;
using spikes::Counting;

void add(spikes::Confusion& sum, const spikes::Confusion& more)
{
    sum.true_positive += more.true_positive;
    sum.false_positive += more.false_positive;
    sum.false_negative += more.false_negative;
    sum.true_negative += more.true_negative;
}

/// Of one sign, over sessions.
struct SignedRecovery
{
    spikes::Confusion directed;
    spikes::Confusion unordered;

    std::string text() const
    {
        const auto counts = RecoveryCounts{directed.true_positive + directed.false_negative,
                                           directed.true_positive + directed.false_positive,
                                           directed.true_positive};
        return fmt::format("{} {:>9.3f} {:>9.3f}", counts.text(), spikes::matthews(directed),
                           spikes::matthews(unordered));
    }
};

/// Over the units of the result and all others that have a connection, the former first.
std::vector<spikes::Relation> planted_relations(const PlantedConnections& planted,
                                                std::map<std::string, std::size_t> place)
{
    const auto chosen = place.size();
    for (const auto* ids : {&planted.pre, &planted.post})
        for (const auto id : *ids)
            place.emplace(std::to_string(id), place.size());
    const auto all = place.size();
    auto sign = std::vector<std::int8_t>(all * all, 0);
    for (std::size_t k = 0; k < planted.pre.size(); ++k)
        sign[place[std::to_string(planted.pre[k])] * all + place[std::to_string(planted.post[k])]] =
            1;
    const auto of_all = spikes::relations(sign, static_cast<std::int64_t>(all));
    auto result = std::vector<spikes::Relation>{};
    for (std::size_t pre = 0; pre < chosen; ++pre)
        result.insert(result.end(), of_all.begin() + static_cast<std::ptrdiff_t>(pre * all),
                      of_all.begin() + static_cast<std::ptrdiff_t>(pre * all + chosen));
    return result;
}

/// Directions by how they lie in the network.
struct RelationCounts
{
    std::array<std::int64_t, spikes::relation_count> tested{};
    std::array<std::int64_t, spikes::relation_count> called{};

    void add(const PlantedMatrix& planted, const std::vector<std::int8_t>& calls,
             const std::vector<std::uint8_t>& was_tested)
    {
        for (std::size_t cell = 0; cell < calls.size(); ++cell) {
            if (was_tested[cell] == 0 || planted.relation[cell] == spikes::Relation::self)
                continue;
            const auto at = static_cast<std::size_t>(planted.relation[cell]);
            ++tested[at];
            called[at] += calls[cell] != 0 ? 1 : 0;
        }
    }
    std::string text() const
    {
        auto result = std::string{};
        for (std::size_t k = 0; k < tested.size(); ++k)
            result += fmt::format(" {:>16}", fmt::format("{} of {}", called[k], tested[k]));
        return result;
    }
};

} // namespace

PlantedMatrix planted_matrix(const std::filesystem::path& nwb_file,
                             const std::vector<std::string>& unit_id)
{
    const auto planted = read_planted_connections(nwb_file);
    auto place = std::map<std::string, std::size_t>{};
    for (std::size_t unit = 0; unit < unit_id.size(); ++unit)
        place[unit_id[unit]] = unit;
    auto result = PlantedMatrix{std::vector<std::int8_t>(unit_id.size() * unit_id.size(), 0)};
    result.relation = planted_relations(planted, place);
    for (std::size_t k = 0; k < planted.pre.size(); ++k) {
        const auto pre = place.find(std::to_string(planted.pre[k]));
        const auto post = place.find(std::to_string(planted.post[k]));
        if (pre == place.end() || post == place.end())
            ++result.left_out;
        else
            result.sign[pre->second * unit_id.size() + post->second] =
                planted.sign[k] < 0 ? std::int8_t{-1} : std::int8_t{1};
    }
    return result;
}

std::vector<std::uint8_t> tested_of(const ConnectionScores& scores)
{
    auto tested = std::vector<std::uint8_t>{};
    for (const auto chance : scores.chance)
        tested.push_back(chance >= 0 ? 1 : 0);
    return tested;
}

spikes::Scores scores_view(const ConnectionScores& scores)
{
    return {scores.peak, scores.trough, scores.chance, scores.one_call_a_pair};
}

std::vector<std::int8_t> calls_of(const ConnectionScores& scores)
{
    return spikes::calls_at(scores_view(scores), scores.threshold);
}

void print_planted_recovery(const RecoveryRequest& request,
                            const std::vector<ConnectionMethod>& methods)
{
    auto& context = request.context;
    const auto file = io::open_for_reading(request.result);
    context.print(fmt::format("{:<26} {:>8} {:>8} {:>8} {:>10} {:>8} {:>9} {:>9}\n",
                              "planted connections", "planted", "found", "both", "precision",
                              "recall", "MCC", "MCC, pairs"));
    auto left_out = std::int64_t{0};
    auto by_relation = std::vector<std::pair<std::string, RelationCounts>>{};
    for (const auto& method : methods) {
        auto& relations = by_relation.emplace_back(method.name, RelationCounts{}).second;
        auto excitatory = SignedRecovery{};
        auto inhibitory = SignedRecovery{};
        left_out = 0;
        for (const auto& session : request.study.sessions) {
            const auto name = name_of(session);
            if (!io::exists(file, name.first + "/" + name.second) || !method.there(file, name))
                continue;
            const auto scores = method.read(file, name);
            const auto planted = planted_matrix(session.path, scores.unit_id);
            left_out += planted.left_out;
            const auto units = std::ssize(scores.unit_id);
            const auto calls = calls_of(scores);
            const auto tested = tested_of(scores);
            const auto count = [&](SignedRecovery& recovery, ConnectionSign sign) {
                add(recovery.directed, spikes::confusion(planted.sign, calls, tested, units,
                                                         Counting::directed, sign));
                add(recovery.unordered, spikes::confusion(planted.sign, calls, tested, units,
                                                          Counting::unordered, sign));
            };
            count(excitatory, ConnectionSign::excitatory);
            count(inhibitory, ConnectionSign::inhibitory);
            relations.add(planted, calls, tested);
        }
        context.print(fmt::format("{:<26} {}\n", method.name + ", excitatory", excitatory.text()));
        context.print(fmt::format("{:<26} {}\n", method.name + ", inhibitory", inhibitory.text()));
    }
    auto names = std::string{};
    for (const auto name : spikes::relation_names)
        names += fmt::format(" {:>16}", name);
    context.print(fmt::format("{:<26}{}\n", "directions called, by path", names));
    for (const auto& [name, relations] : by_relation)
        context.print(fmt::format("{:<26}{}\n", name, relations.text()));
    if (left_out > 0)
        context.print(fmt::format(
            "{} planted connections are of units that the result leaves out\n", left_out));
}

} // namespace rewire::jobs
