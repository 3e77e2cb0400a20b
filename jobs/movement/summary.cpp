#include "summary.hpp"

#include "result.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace rewire::jobs {

namespace {

/// Non-zero values of each row of [level, neuron].
std::vector<std::int64_t> counts_by_level(const std::vector<std::uint8_t>& flags,
                                          std::size_t levels, std::size_t neurons)
{
    auto counts = std::vector<std::int64_t>{};
    for (std::size_t level = 0; level < levels; ++level) {
        const auto row = flags.begin() + static_cast<std::int64_t>(level * neurons);
        counts.push_back(std::count_if(row, row + static_cast<std::int64_t>(neurons),
                                       [](std::uint8_t flag) { return flag != 0; }));
    }
    return counts;
}

MovementSummary summary_of(SessionMovement session, const std::string& where)
{
    const auto neurons = session.neuron_id.size();
    const auto flags = session.level.size() * neurons;
    if (session.p_rank.size() != neurons || session.equal.size() != neurons ||
        session.movement_related.size() != flags || session.quiescent_related.size() != flags)
        throw base::InputError("the result has another shape than its axes", where,
                               "compute it again with --overwrite");
    auto untested = std::int64_t{0};
    auto ties = session.shuffles;
    for (std::size_t neuron = 0; neuron < neurons; ++neuron)
        if (std::isnan(session.p_rank[neuron]))
            ++untested;
        else
            ties = std::min<std::int64_t>(ties, session.equal.at(neuron));
    return {.place = place_of(session),
            .sha256 = session.sha256,
            .tau_s = session.tau_s,
            .status = session.status,
            .neurons = static_cast<std::int64_t>(neurons),
            .untested = untested,
            .ties = ties,
            .level = session.level,
            .related = counts_by_level(session.movement_related, session.level.size(), neurons),
            .quiescent = counts_by_level(session.quiescent_related, session.level.size(), neurons),
            .p_rank = std::move(session.p_rank),
            .shuffles = session.shuffles,
            .epochs = session.epochs,
            .movement_frames = session.movement_frames,
            .frames = session.frames,
            .units = session.units,
            .activity = session.activity,
            .source = session.source};
}

/// The null that is shown of an animal: of its last session that has one. The movement job keeps
/// that of the neuron with the highest rank.
void keep_latest_null(std::map<std::string, std::pair<std::int64_t, NeuronNull>>& latest,
                      const SessionMovement& session)
{
    const auto neuron =
        std::find(session.neuron_id.begin(), session.neuron_id.end(), session.null_neuron);
    if (session.null.empty() || neuron == session.neuron_id.end())
        return;
    const auto known = latest.find(session.subject);
    if (known != latest.end() && known->second.first > session.number)
        return;
    latest[session.subject] = {
        session.number,
        NeuronNull{.subject = session.subject,
                   .session = session.session,
                   .neuron = session.null_neuron,
                   .score = session.null_score,
                   .p_rank =
                       session.p_rank[static_cast<std::size_t>(neuron - session.neuron_id.begin())],
                   .shuffles = session.shuffles,
                   .null = session.null,
                   .unit = session.activity_unit}};
}

double share(std::int64_t part, std::int64_t whole)
{
    return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole)
                     : std::numeric_limits<double>::quiet_NaN();
}

} // namespace

MovementsSummary summary_of_movements(const io::Handle& file, const std::string& null_session)
{
    auto data = MovementsSummary{.null_session = null_session};
    auto latest = std::map<std::string, std::pair<std::int64_t, NeuronNull>>{};
    auto names = std::set<std::string>{};
    for (const auto& [subject, name] : sessions_in(file)) {
        auto session = read_movement(file, subject, name);
        names.insert(name);
        if (data.null_session.empty() || name == data.null_session)
            keep_latest_null(latest, session);
        data.sessions.push_back(
            summary_of(std::move(session),
                       io::name_of(io::open_group(file, fmt::format("{}/{}", subject, name)))));
    }
    if (!data.null_session.empty() && !names.contains(data.null_session))
        throw base::InputError(fmt::format("no animal has a session {}", data.null_session),
                               io::name_of(file),
                               fmt::format("--null-session takes one of {}",
                                           base::joined({names.begin(), names.end()}, ", ")));
    for (auto& [subject, entry] : latest)
        data.neuron_nulls.push_back(std::move(entry.second));
    std::stable_sort(data.sessions.begin(), data.sessions.end(),
                     [](const MovementSummary& a, const MovementSummary& b) {
                         return comes_before(a.place, b.place);
                     });
    return data;
}

std::string MovementSummary::untestable() const
{
    if (!status.empty() && status != "ok")
        return status;
    if (level.empty())
        return "no level in the result";
    if (epochs == 0 || movement_frames == 0)
        return "no movement in this session";
    if (movement_frames >= frames)
        return "no quiescence in this session";
    if (untested >= neurons)
        return "no neuron without missing samples";
    return "";
}

behaviour::RankSteps MovementSummary::ranks() const
{
    return {.shuffles = shuffles, .ties = ties};
}

double MovementSummary::fraction(std::size_t level_index) const
{
    const auto possible = level_index < related.size() && untestable().empty() &&
                          ranks().share_above(level[level_index]) > 0;
    return possible ? share(related[level_index], neurons - untested)
                    : std::numeric_limits<double>::quiet_NaN();
}

double MovementSummary::quiescent_fraction(std::size_t level_index) const
{
    const auto possible = level_index < quiescent.size() && untestable().empty() &&
                          ranks().share_below(level[level_index]) > 0;
    return possible ? share(quiescent[level_index], neurons - untested)
                    : std::numeric_limits<double>::quiet_NaN();
}

} // namespace rewire::jobs
