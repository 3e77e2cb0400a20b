#include "jobs/catalogue.hpp"
#include "jobs/connectome/result.hpp"
#include "jobs/frame/session_results.hpp"
#include "jobs/frame/study_source.hpp"
#include "jobs/movement/result.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/io/study.hpp>
#include <rewire/io/truth.hpp>
#include <rewire/runtime/run_context.hpp>
#include <rewire/stats/correlation.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace rewire::jobs {

namespace {

/// Pairs planted against pairs found.
struct Recovery
{
    std::int64_t planted = 0;
    std::int64_t found = 0;
    std::int64_t both = 0;

    void add(const Recovery& other)
    {
        planted += other.planted;
        found += other.found;
        both += other.both;
    }
    std::string text() const
    {
        const auto ratio = [](std::int64_t part, std::int64_t whole) {
            return whole > 0 ? fmt::format("{:.3f}",
                                           static_cast<double>(part) / static_cast<double>(whole))
                             : "-";
        };
        return fmt::format("{:>8} {:>8} {:>8} {:>10} {:>8}", planted, found, both,
                           ratio(both, found), ratio(both, planted));
    }
};

/// How a pair is called a connection.
struct Rule
{
    std::string name;
    bool (*holds)(const SessionConnectome&, std::size_t pair);
};

const std::vector<Rule>& rules()
{
    static const auto all = std::vector<Rule>{
        {"edge (threshold)",
         [](const SessionConnectome& s, std::size_t pair) { return s.edge[pair] != 0; }},
        {"q <= 0.05", [](const SessionConnectome& s,
                         std::size_t pair) { return s.null && s.null->q_value[pair] <= 0.05; }},
        {"family-wise p <= 0.05",
         [](const SessionConnectome& s, std::size_t pair) {
             return s.null && s.null->p_fwe[pair] <= 0.05;
         }},
    };
    return all;
}

/// Indices of the planted pairs of a session in the order of the result, by kind.
std::map<std::string, std::set<std::size_t>> planted_pairs(const io::Truth& truth,
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

Recovery compare(const std::set<std::size_t>& planted, const SessionConnectome& session,
                 const Rule& rule)
{
    auto recovery = Recovery{.planted = static_cast<std::int64_t>(planted.size())};
    for (std::size_t pair = 0; pair < session.edge.size(); ++pair) {
        if (!rule.holds(session, pair))
            continue;
        ++recovery.found;
        recovery.both += planted.contains(pair) ? 1 : 0;
    }
    return recovery;
}

void print_recovery(runtime::RunContext& context, const io::Study& study)
{
    const auto path = context.options().path("results") / "connectome.h5";
    if (!std::filesystem::exists(path))
        throw base::InputError("no connectome yet", path.string(),
                               fmt::format("rewire connectome --study {} --results {} --tau-s 0.7",
                                           study.path.string(), context.options().text("results")));
    const auto file = io::open_for_reading(path);
    auto total = std::vector<Recovery>(rules().size());
    auto by_kind = std::map<std::string, Recovery>{};
    auto with_null = false;
    auto rows = std::string{};
    for (const auto& entry : study.sessions) {
        if (!io::has_truth(entry.path))
            throw base::InputError("no planted truth in this file", entry.record.file,
                                   "recovery is for studies made by `rewire simulate`");
        const auto session = read_session(file, entry.record.subject, entry.record.session);
        with_null = with_null || session.null.has_value();
        auto planted = std::set<std::size_t>{};
        for (const auto& [kind, pairs] : planted_pairs(io::read_truth(entry.path), session)) {
            planted.insert(pairs.begin(), pairs.end());
            by_kind[kind].planted += static_cast<std::int64_t>(pairs.size());
            for (const auto pair : pairs)
                by_kind[kind].both += session.edge[pair];
        }
        for (std::size_t rule = 0; rule < rules().size(); ++rule)
            total[rule].add(compare(planted, session, rules()[rule]));
        rows += fmt::format("{:<12} {:<12} {}\n", entry.record.subject, entry.record.session,
                            compare(planted, session, rules()[0]).text());
    }
    constexpr auto head = "{:<25} {:>8} {:>8} {:>8} {:>10} {:>8}\n";
    if (context.options().flag("sessions"))
        context.print(fmt::format(head, "edges of session", "planted", "found", "both", "precision",
                                  "recall") +
                      rows + "\n");
    context.print(fmt::format(head, "connections, all sessions", "planted", "found", "both",
                              "precision", "recall"));
    for (std::size_t rule = 0; rule < rules().size(); ++rule)
        if (rule == 0 || with_null)
            context.print(fmt::format("{:<25} {}\n", rules()[rule].name, total[rule].text()));
    for (const auto& [kind, recovery] : by_kind)
        context.print(
            fmt::format("{:<25} {:>8} {:>8} {:>8} {:>10} {:>8.3f}\n", "  " + kind + " edges",
                        recovery.planted, "", recovery.both, "",
                        static_cast<double>(recovery.both) /
                            static_cast<double>(std::max<std::int64_t>(recovery.planted, 1))));
}

/// Movement-related neurons, where movement.h5 is there.
void print_movement(runtime::RunContext& context, const io::Study& study)
{
    const auto path = context.options().path("results") / "movement.h5";
    if (!std::filesystem::exists(path))
        return;
    const auto file = io::open_for_reading(path);
    auto total = Recovery{};
    for (const auto& entry : study.sessions) {
        const auto truth = io::read_truth(entry.path);
        const auto session = read_movement(file, entry.record.subject, entry.record.session);
        auto related = std::set<std::string>{};
        for (std::size_t neuron = 0; neuron < truth.neuron_id.size(); ++neuron)
            if (truth.movement_related[neuron] != 0)
                related.insert(std::to_string(truth.neuron_id[neuron]));
        const auto row = row_of_level(session.level, {}, path.string());
        total.planted += static_cast<std::int64_t>(related.size());
        for (std::size_t neuron = 0; neuron < session.neuron_id.size(); ++neuron) {
            if (session.movement_related[row * session.neuron_id.size() + neuron] == 0)
                continue;
            ++total.found;
            total.both += related.contains(session.neuron_id[neuron]) ? 1 : 0;
        }
    }
    context.print(fmt::format("{:<25} {}\n", "movement-related neurons", total.text()));
}

/// How well the first component follows what was planted: over sessions, the summed strength of
/// strengthening less that of weakening edges.
void print_trajectory(runtime::RunContext& context, const io::Study& study)
{
    const auto path = context.options().path("results") / "rewiring.h5";
    if (!std::filesystem::exists(path))
        return;
    const auto file = io::open_for_reading(path);
    for (const auto& subject : study.subjects) {
        if (!io::exists(file, subject.name + "/score"))
            continue;
        auto planted = std::map<std::string, double>{};
        for (const auto index : subject.sessions) {
            const auto truth = io::read_truth(study.sessions[index].path);
            auto& sum = planted[study.sessions[index].record.session];
            for (std::size_t edge = 0; edge < truth.edge_kind.size(); ++edge)
                sum += truth.edge_kind[edge] == "strengthening" ? truth.edge_strength[edge]
                       : truth.edge_kind[edge] == "weakening"   ? -truth.edge_strength[edge]
                                                                : 0.0;
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
        context.print(fmt::format(
            "{:<25} {:>8} sessions, correlation of PC1 with the planted learning: {:.3f}\n",
            "trajectory of " + subject.name, sessions.size(), stats::pearson(x, y)));
    }
}

void run_recovery(runtime::RunContext& context)
{
    const auto study = open_study(context);
    mpi::collective(context.comm(), [&] {
        if (!context.comm().is_root())
            return;
        print_recovery(context, study);
        print_movement(context, study);
        print_trajectory(context, study);
    });
}

} // namespace

runtime::Job recovery_job()
{
    return {
        .name = "recovery",
        .usage = "--study DIR --results DIR",
        .summary = "table of what a simulated study planted and what the results found",
        .details =
            "Reads the truth in the NWB files of `rewire simulate` and RESULTS/connectome.h5; "
            "prints planted, found,\n"
            "precision and recall of the edges and, where there are p-values, of the corrected "
            "tests; also of the\n"
            "movement-related neurons and the rewiring trajectory, where their results are there.",
        .options = runtime::common_options() + study_options() +
                   std::vector<runtime::Option>{{.name = "sessions",
                                                 .kind = runtime::OptionKind::flag,
                                                 .help = "one line a session, too"}},
        .run = run_recovery};
}

} // namespace rewire::jobs
