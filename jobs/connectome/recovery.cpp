#include "recovery.hpp"

#include "jobs/frame/recovery_counts.hpp"
#include "jobs/truth/simulated_truth.hpp"
#include "result.hpp"

#include <rewire/base/partition.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace rewire::jobs {

namespace {

/// What a rule reads beside the edges.
enum class Needs : std::uint8_t
{
    nothing,
    closed_form,
    study_family,
    surrogates,
};

/// How a pair is called a connection.
struct Rule
{
    std::string name;
    std::string brief; ///< where there is less room
    Needs needs;
    bool (*holds)(const SessionConnectome&, std::size_t pair);

    /// Whether pairs that correlate negatively are looked for, too.
    bool two_sided(const SessionConnectome& session) const
    {
        switch (needs) {
        case Needs::nothing:
            return false;
        case Needs::surrogates:
            return session.null && session.null->two_sided;
        case Needs::closed_form:
        case Needs::study_family:
            break;
        }
        return session.closed_form && session.closed_form->two_sided;
    }

    /// 1, -1: a connection of that sign; 0: none.
    int sign(const SessionConnectome& session, std::size_t pair) const
    {
        if (!holds(session, pair))
            return 0;
        if (!two_sided(session))
            return 1;
        return needs == Needs::surrogates ? (session.partial_correlation[pair] < 0 ? -1 : 1)
                                          : session.closed_form->sign_of(pair);
    }
};

const std::vector<Rule>& rules()
{
    static const auto all = std::vector<Rule>{
        {"edge (threshold)", "threshold", Needs::nothing,
         [](const SessionConnectome& s, std::size_t pair) { return s.edge[pair] != 0; }},
        {"supported (q_both <= 0.05)", "supported", Needs::closed_form,
         [](const SessionConnectome& s, std::size_t pair) {
             return s.closed_form && s.closed_form->supported[pair] != 0;
         }},
        {"supported (Holm <= 0.05)", "Holm", Needs::closed_form,
         [](const SessionConnectome& s, std::size_t pair) {
             return s.closed_form && s.closed_form->p_holm[pair] <= supported_level;
         }},
        {"supported (all sessions)", "over all", Needs::study_family,
         [](const SessionConnectome& s, std::size_t pair) {
             return s.closed_form && !s.closed_form->supported_study.empty() &&
                    s.closed_form->supported_study[pair] != 0;
         }},
        {"q <= 0.05", "q", Needs::surrogates,
         [](const SessionConnectome& s, std::size_t pair) {
             return s.null && s.null->q_value[pair] <= 0.05;
         }},
        {"family-wise p <= 0.05", "family-wise", Needs::surrogates,
         [](const SessionConnectome& s, std::size_t pair) {
             return s.null && s.null->p_fwe[pair] <= 0.05;
         }},
    };
    return all;
}

/// Indices of the planted pairs of a session in the order of the result, by kind.
std::map<std::string, std::set<std::size_t>> planted_pairs(const Truth& truth,
                                                           const SessionConnectome& session)
{
    auto place = std::map<std::string, std::int64_t>{};
    for (std::size_t i = 0; i < session.neuron_id.size(); ++i)
        place[session.neuron_id[i]] = static_cast<std::int64_t>(i);
    const auto neurons = static_cast<std::int64_t>(session.neuron_id.size());
    auto planted = std::map<std::string, std::set<std::size_t>>{};
    for (std::size_t edge = 0; edge < truth.edge_i.size(); ++edge) {
        const auto first = place.find(std::to_string(truth.edge_i[edge]));
        const auto second = place.find(std::to_string(truth.edge_j[edge]));
        if (truth.edge_strength[edge] <= 0 || first == place.end() || second == place.end())
            continue;
        const auto [low, high] = std::minmax(first->second, second->second);
        planted[truth.edge_kind[edge]].insert(
            static_cast<std::size_t>(base::pair_index(low, high, neurons)));
    }
    return planted;
}

/// @param there [pair] 1, -1: a connection of that sign; 0: none. What is found has to have its
/// sign; a rule that does not look for negative ones is not to find them
RecoveryCounts compare(const std::vector<int>& there, const SessionConnectome& session,
                       const Rule& rule)
{
    const auto two_sided = rule.two_sided(session);
    auto recovery = RecoveryCounts{};
    for (std::size_t pair = 0; pair < session.edge.size(); ++pair) {
        const auto sign = rule.sign(session, pair);
        recovery.planted += there[pair] > 0 || (two_sided && there[pair] < 0) ? 1 : 0;
        recovery.found += sign != 0 ? 1 : 0;
        recovery.both += sign != 0 && sign == there[pair] ? 1 : 0;
    }
    return recovery;
}

/// Pairs of a class, and how many of them each rule found.
struct ClassCounts
{
    std::int64_t pairs = 0;
    std::int64_t positive = 0, negative = 0; ///< edges of a session without end
    std::vector<std::int64_t> found;
};

/// What was found against what a session without end would show, and what it is.
class AgainstPopulation
{
  public:
    AgainstPopulation() : total_(rules().size())
    {
        for (auto& each : classes_)
            each.found.resize(rules().size());
    }

    void add(const ConnectomeTruth& truth, const SessionConnectome& session)
    {
        any_ = true;
        for (const auto& rule : rules())
            two_sided_ = two_sided_ || rule.two_sided(session);
        if (!truth.of_recording.empty())
            of_recording_.insert(truth.of_recording);
        const auto classes = classes_of(truth, static_cast<std::int64_t>(session.neuron_id.size()));
        auto population = std::vector<int>{};
        for (std::size_t pair = 0; pair < classes.size(); ++pair) {
            auto& of_class = classes_[static_cast<std::size_t>(classes[pair])];
            population.push_back(population_sign(truth, pair));
            ++of_class.pairs;
            of_class.positive += population.back() > 0 ? 1 : 0;
            of_class.negative += population.back() < 0 ? 1 : 0;
            for (std::size_t rule = 0; rule < rules().size(); ++rule)
                of_class.found[rule] += rules()[rule].holds(session, pair) ? 1 : 0;
        }
        for (std::size_t rule = 0; rule < rules().size(); ++rule)
            total_[rule].add(compare(population, session, rules()[rule]));
    }

    /// @param there what the rules that are shown need
    std::string text(const std::set<Needs>& there) const
    {
        if (!any_)
            return "";
        auto text =
            (two_sided_
                 ? fmt::format("\npairs with a partial correlation >= {0} or <= -{0} in a session "
                               "without end: two-sided rules\nhave to find it with its sign, "
                               "others look for positive ones alone\n",
                               population_edge)
                 : fmt::format("\npairs with a partial correlation >= {} in a session without "
                               "end\n",
                               population_edge)) +
            fmt::format(recovery_columns, "", "there", "found", "both", "precision", "recall");
        auto head =
            fmt::format("\n{:<26} {:>8} {:>8}", "pairs, by what is planted", "pairs", "there");
        if (two_sided_)
            head += fmt::format(" {:>8}", "negative");
        for (std::size_t rule = 0; rule < rules().size(); ++rule)
            if (there.contains(rules()[rule].needs)) {
                text += fmt::format("{:<26} {}\n", "without end: " + rules()[rule].brief,
                                    total_[rule].text());
                head += fmt::format(" {:>11}", rules()[rule].brief);
            }
        for (const auto& what : of_recording_)
            text += fmt::format("(without the {} that the recording gives all traces alike: pairs "
                                "found because of it count as not there)\n",
                                what);
        text += head + '\n';
        for (std::size_t k = 0; k < pair_classes; ++k) {
            text += fmt::format("{:<26} {:>8} {:>8}", std::string("  ") + names_of_pair_classes[k],
                                classes_[k].pairs, classes_[k].positive);
            if (two_sided_)
                text += fmt::format(" {:>8}", classes_[k].negative);
            for (std::size_t rule = 0; rule < rules().size(); ++rule)
                if (there.contains(rules()[rule].needs))
                    text += fmt::format(" {:>11}", classes_[k].found[rule]);
            text += '\n';
        }
        return text;
    }

  private:
    std::vector<RecoveryCounts> total_; ///< [rule]
    std::array<ClassCounts, pair_classes> classes_;
    std::set<std::string> of_recording_;
    bool any_ = false;
    bool two_sided_ = false; ///< any rule of any session
};

} // namespace

void print_connectome_recovery(const RecoveryRequest& request)
{
    auto& context = request.context;
    const auto& study = request.study;
    const auto file = io::open_for_reading(request.result);
    auto total = std::vector<RecoveryCounts>(rules().size());
    auto by_kind = std::map<std::string, RecoveryCounts>{};
    auto there = std::set{Needs::nothing}; // in any session
    auto population = AgainstPopulation{};
    auto rows = std::string{};
    for (const auto& entry : study.sessions) {
        const auto session = read_session(file, entry.record.subject, entry.record.session);
        if (session.closed_form)
            there.insert(Needs::closed_form);
        if (session.closed_form && !session.closed_form->q_study.empty())
            there.insert(Needs::study_family);
        if (session.null)
            there.insert(Needs::surrogates);
        const auto truth = read_truth(entry.path);
        if (truth.has_population)
            population.add(truth_of_pairs(truth, session.neuron_id), session);
        auto planted = std::vector<int>(session.edge.size(), 0); // all are positive
        for (const auto& [kind, pairs] : planted_pairs(truth, session)) {
            for (const auto pair : pairs)
                planted[pair] = 1;
            by_kind[kind].planted += static_cast<std::int64_t>(pairs.size());
            for (const auto pair : pairs)
                by_kind[kind].both += session.edge[pair];
        }
        for (std::size_t rule = 0; rule < rules().size(); ++rule)
            total[rule].add(compare(planted, session, rules()[rule]));
        rows += fmt::format("{:<12} {:<12} {}\n", entry.record.subject, entry.record.session,
                            compare(planted, session, rules()[0]).text());
    }
    if (context.options().flag("sessions"))
        context.print(fmt::format(recovery_columns, "edges of session", "planted", "found", "both",
                                  "precision", "recall") +
                      rows + "\n");
    context.print(fmt::format(recovery_columns, "connections, all sessions", "planted", "found",
                              "both", "precision", "recall"));
    for (std::size_t rule = 0; rule < rules().size(); ++rule)
        if (there.contains(rules()[rule].needs))
            context.print(fmt::format("{:<26} {}\n", rules()[rule].name, total[rule].text()));
    for (const auto& [kind, recovery] : by_kind)
        context.print(
            fmt::format("{:<26} {:>8} {:>8} {:>8} {:>10} {:>8.3f}\n", "  " + kind + " edges",
                        recovery.planted, "", recovery.both, "",
                        static_cast<double>(recovery.both) /
                            static_cast<double>(std::max<std::int64_t>(recovery.planted, 1))));
    context.print(population.text(there));
}

} // namespace rewire::jobs
