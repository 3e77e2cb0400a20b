#include "source.hpp"

#include "jobs/frame/session_results.hpp"

#include <rewire/base/error.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/network/movement_fraction.hpp>
#include <rewire/stats/correlation.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace rewire::jobs {

namespace {

/// A neuron that a session left out for missing samples has no connections there: that is not
/// rewiring.
void leave_out_missing(const io::Handle& connectome, SubjectConnectomes& subject)
{
    auto missing = std::set<std::string>{};
    for (const auto& session : subject.sessions) {
        const auto group = io::open_group(connectome, subject.subject + "/" + session);
        const auto ids = read_neuron_axis(group);
        const auto status = io::read_all<std::uint8_t>(group, "neuron_status");
        for (std::size_t i = 0; i < ids.size(); ++i)
            if (status[i] == static_cast<std::uint8_t>(calcium::NeuronStatus::not_finite))
                missing.insert(ids[i]);
    }
    std::erase_if(subject.neuron_id, [&](const auto& id) { return missing.contains(id); });
}

/// A trajectory needs two sessions and a pair of neurons that both have.
std::string status_of(const SubjectConnectomes& subject)
{
    if (subject.sessions.empty())
        return "no session with a connectome";
    if (subject.sessions.size() < 2)
        return "one session";
    if (subject.neuron_id.size() < 2)
        return subject.neuron_id.empty() ? "no neuron that all sessions have"
                                         : "one neuron that all sessions have";
    return "ok";
}

std::int64_t pair_in_session(const std::vector<std::int64_t>& columns, network::PairEnds ends,
                             std::int64_t neurons)
{
    const auto [low, high] = std::minmax(columns[static_cast<std::size_t>(ends.first)],
                                         columns[static_cast<std::size_t>(ends.second)]);
    return base::pair_index(low, high, neurons);
}

/// Results of before this was recorded: by whether they were shrunk.
std::string estimator_of(const io::Handle& session)
{
    if (const auto name = io::text_attribute_or_empty(session, "estimator"); !name.empty())
        return name;
    return io::read_attribute<double>(session, "shrinkage") > 0 ? "shrinkage" : "inverse";
}

/// That of most sessions of the subject, the earlier of two; empty where none has a connectome.
std::string usual_estimator(const io::Handle& connectome, const std::vector<SessionHead>& heads,
                            const std::string& subject)
{
    auto counts = std::vector<std::pair<std::string, std::int64_t>>{};
    for (const auto& head : heads) {
        if (head.subject != subject)
            continue;
        const auto group = io::open_group(connectome, subject + "/" + head.session);
        if (io::read_attribute<std::uint8_t>(group, "computed") == 0)
            continue;
        const auto name = estimator_of(group);
        const auto at = std::find_if(counts.begin(), counts.end(),
                                     [&](const auto& each) { return each.first == name; });
        if (at == counts.end())
            counts.emplace_back(name, 1);
        else
            ++at->second;
    }
    const auto most =
        std::max_element(counts.begin(), counts.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == counts.end() ? "" : most->first;
}

bool are_counted(const std::vector<std::string>& ids)
{
    for (std::size_t row = 0; row < ids.size(); ++row)
        if (ids[row] != std::to_string(row))
            return false;
    return true;
}

/// How the neurons of one more session are identified. Results of before this was recorded are
/// judged by the ids themselves.
void take_identity(const io::Handle& group, const std::vector<std::string>& ids,
                   SubjectConnectomes& subject)
{
    const auto recorded = io::has_attribute(group, "neuron_ids_are_rows");
    const auto rows = recorded ? io::read_attribute<std::uint8_t>(group, "neuron_ids_are_rows") != 0
                               : are_counted(ids);
    const auto column = io::text_attribute_or_empty(group, "neuron_id_column");
    const auto is_first = subject.id_candidates.empty();
    subject.ids_are_rows = rows && (is_first || subject.ids_are_rows);
    subject.id_column = is_first || subject.id_column == column ? column : "";
    subject.id_candidates.push_back(recorded && io::has_attribute(group, "neuron_id_candidates")
                                        ? io::read_texts_attribute(group, "neuron_id_candidates")
                                        : std::vector<std::string>{});
}

/// Ranks, the mean one for equal values.
std::vector<double> ranks_of(const std::vector<double>& values)
{
    auto sorted = values;
    std::sort(sorted.begin(), sorted.end());
    auto ranks = std::vector<double>{};
    for (const auto value : values) {
        const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), value);
        ranks.push_back(static_cast<double>((first - sorted.begin()) + (last - sorted.begin())) /
                        2);
    }
    return ranks;
}

} // namespace

MatchEvidence match_evidence(const io::Handle& connectome, const SubjectConnectomes& subject)
{
    auto ranks = std::vector<std::vector<double>>{};
    for (std::size_t session = 0; session < subject.sessions.size(); ++session) {
        const auto events = io::read_all<std::int64_t>(
            io::open_group(connectome, subject.subject + "/" + subject.sessions[session]),
            "events");
        auto common = std::vector<double>{};
        for (const auto column : subject.columns[session])
            common.push_back(static_cast<double>(events[static_cast<std::size_t>(column)]));
        ranks.push_back(ranks_of(common));
    }
    auto sum = 0.0;
    auto pairs = 0;
    for (std::size_t session = 1; session < ranks.size(); ++session)
        if (const auto r = stats::pearson(ranks[session - 1], ranks[session]); !std::isnan(r)) {
            sum += r;
            ++pairs;
        }
    const auto degrees = static_cast<double>(subject.neuron_id.size()) - 1;
    return {sum / pairs, 2 / std::sqrt(degrees * pairs)};
}

std::string estimators_differ(const SubjectConnectomes& subject)
{
    const auto kinds = std::set<std::string>(subject.estimator.begin(), subject.estimator.end());
    if (kinds.size() > 1)
        return fmt::format("partial correlations of its sessions were estimated by {}: where the "
                           "estimator changes, so do all of them",
                           fmt::join(kinds, ", "));
    if (subject.shrinkage.empty())
        return "";
    const auto [least, most] =
        std::minmax_element(subject.shrinkage.begin(), subject.shrinkage.end());
    return *least == *most
               ? ""
               : fmt::format("its sessions were shrunk by {:.3f} to {:.3f}: what is shrunk more is "
                             "smaller, a trend of its own (connectome --shrinkage-of animal gives "
                             "all of them one intensity)",
                             *least, *most);
}

std::vector<SubjectConnectomes> subjects_of(const io::Handle& connectome, Estimators estimators)
{
    auto subjects = std::vector<SubjectConnectomes>{};
    const auto heads = heads_in(connectome);
    for (const auto& name : io::subjects_in(connectome)) {
        auto subject = SubjectConnectomes{.subject = name};
        auto ids = std::vector<std::vector<std::string>>{};
        auto position = std::int64_t{-1};
        const auto wanted =
            estimators == Estimators::same ? usual_estimator(connectome, heads, name) : "";
        for (const auto& head : heads) {
            if (head.subject != name)
                continue;
            ++position;
            subject.inputs.emplace_back(name + "/" + head.session, head.sha256);
            const auto group = io::open_group(connectome, name + "/" + head.session);
            if (io::read_attribute<std::uint8_t>(group, "computed") == 0) {
                subject.left_out.push_back(fmt::format("{}: {}", head.session, head.status));
                continue;
            }
            const auto estimator = estimator_of(group);
            if (!wanted.empty() && estimator != wanted) {
                subject.left_out.push_back(
                    fmt::format("{}: its partial correlations were estimated by {}, those of most "
                                "sessions by {} (--estimators any compares them all the same)",
                                head.session, estimator, wanted));
                continue;
            }
            subject.estimator.push_back(estimator);
            subject.shrinkage.push_back(io::read_attribute<double>(group, "shrinkage"));
            subject.sessions.push_back(head.session);
            subject.numbers.push_back(head.number);
            subject.positions.push_back(position);
            subject.sha256.push_back(head.sha256);
            ids.push_back(read_neuron_axis(group));
            take_identity(group, ids.back(), subject);
        }
        if (!ids.empty())
            subject.neuron_id = common_neurons(ids);
        leave_out_missing(connectome, subject);
        for (const auto& session : ids) {
            auto place = std::map<std::string, std::int64_t>{};
            for (std::size_t i = 0; i < session.size(); ++i)
                place[session[i]] = static_cast<std::int64_t>(i);
            auto& columns = subject.columns.emplace_back();
            for (const auto& id : subject.neuron_id)
                columns.push_back(place[id]);
            subject.neurons.push_back(static_cast<std::int64_t>(session.size()));
        }
        subject.status = status_of(subject);
        subjects.push_back(std::move(subject));
    }
    return subjects;
}

std::vector<std::int64_t> pairs_in_session(const SubjectConnectomes& subject, std::size_t session,
                                           base::Range pairs)
{
    const auto common = static_cast<std::int64_t>(subject.neuron_id.size());
    auto place = std::vector<std::int64_t>{};
    place.reserve(static_cast<std::size_t>(pairs.size()));
    for (auto pair = pairs.first; pair < pairs.last; ++pair)
        place.push_back(pair_in_session(subject.columns[session], network::ends_of(pair, common),
                                        subject.neurons[session]));
    return place;
}

PairBlock read_pairs(const io::Handle& connectome, const SubjectConnectomes& subject,
                     base::Range pairs, bool thresholded)
{
    const auto count = static_cast<std::size_t>(pairs.size());
    auto block =
        PairBlock{.value = network::SessionBlock(static_cast<Eigen::Index>(subject.sessions.size()),
                                                 static_cast<Eigen::Index>(count))};
    auto sessions = std::vector<std::int32_t>(count, 0);
    for (std::size_t session = 0; session < subject.sessions.size() && count > 0; ++session) {
        const auto place = pairs_in_session(subject, session, pairs);
        const auto [first, last] = std::minmax_element(place.begin(), place.end());
        const auto offset = *first;
        const auto length = *last - offset + 1;
        const auto group =
            io::open_group(connectome, subject.subject + "/" + subject.sessions[session]);
        auto value = std::vector<double>(static_cast<std::size_t>(length));
        auto edge = std::vector<std::uint8_t>(value.size());
        io::read_block<double>(io::open_dataset(group, "partial_correlation"), {offset}, {length},
                               value);
        io::read_block<std::uint8_t>(io::open_dataset(group, "edge"), {offset}, {length}, edge);
        for (std::size_t i = 0; i < count; ++i) {
            const auto at = static_cast<std::size_t>(place[i] - offset);
            const auto kept = !thresholded || edge[at] != 0;
            block.value(static_cast<Eigen::Index>(session), static_cast<Eigen::Index>(i)) =
                kept ? value[at] : 0.0;
            sessions[i] += edge[at];
        }
    }
    for (std::size_t i = 0; i < count; ++i)
        if (sessions[i] != 0) {
            block.ever_an_edge.push_back(pairs.first + static_cast<std::int64_t>(i));
            block.sessions_as_edge.push_back(sessions[i]);
        }
    return block;
}

} // namespace rewire::jobs
