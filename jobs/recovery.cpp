#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/io/study.hpp>
#include <rewire/io/truth.hpp>
#include <rewire/job/run_context.hpp>

#include "catalogue.hpp"
#include "connectome_result.hpp"
#include "session_results.hpp"
#include "study_source.hpp"

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
            return whole > 0 ? fmt::format("{:.3f}", static_cast<double>(part) / static_cast<double>(whole)) : "-";
        };
        return fmt::format("{:>8} {:>8} {:>8} {:>10} {:>8}", planted, found, both, ratio(both, found),
                           ratio(both, planted));
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
        {"edge (threshold)", [](const SessionConnectome& s, std::size_t pair) { return s.edge[pair] != 0; }},
        {"q <= 0.05", [](const SessionConnectome& s, std::size_t pair) { return s.null && s.null->q_value[pair] <= 0.05; }},
        {"family-wise p <= 0.05", [](const SessionConnectome& s, std::size_t pair) { return s.null && s.null->p_fwe[pair] <= 0.05; }},
    };
    return all;
}

/// Indices of the planted pairs of a session in the order of the result, by kind.
std::map<std::string, std::set<std::size_t>> planted_pairs(const io::Truth& truth, const SessionConnectome& session)
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
        planted[truth.edge_kind[edge]].insert(static_cast<std::size_t>(base::pair_index(low, high, neurons)));
    }
    return planted;
}

Recovery compare(const std::set<std::size_t>& planted, const SessionConnectome& session, const Rule& rule)
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

void print_recovery(job::RunContext& context, const io::Study& study)
{
    const auto path = context.options().path("results") / "connectome.h5";
    if (!std::filesystem::exists(path))
        throw base::InputError("no connectome yet", path.string(),
                               fmt::format("rewire connectome --study {} --results {} --tau-s 0.7", study.path.string(),
                                           context.options().text("results")));
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
        context.print(fmt::format(head, "edges of session", "planted", "found", "both", "precision", "recall") + rows + "\n");
    context.print(fmt::format(head, "connections, all sessions", "planted", "found", "both", "precision", "recall"));
    for (std::size_t rule = 0; rule < rules().size(); ++rule)
        if (rule == 0 || with_null)
            context.print(fmt::format("{:<25} {}\n", rules()[rule].name, total[rule].text()));
    for (const auto& [kind, recovery] : by_kind)
        context.print(fmt::format("{:<25} {:>8} {:>8} {:>8} {:>10} {:>8.3f}\n", "  " + kind + " edges", recovery.planted, "",
                                  recovery.both, "",
                                  static_cast<double>(recovery.both) / static_cast<double>(std::max<std::int64_t>(recovery.planted, 1))));
}

void run_recovery(job::RunContext& context)
{
    const auto study = open_study(context);
    mpi::collective(context.comm(), [&] {
        if (context.comm().is_root())
            print_recovery(context, study);
    });
}

} // namespace

job::Job recovery_job()
{
    return {.name = "recovery",
            .usage = "--study DIR --results DIR",
            .summary = "table of what a simulated study planted and what the results found",
            .details = "Reads the truth in the NWB files of `rewire simulate` and RESULTS/connectome.h5; prints planted, found,\n"
                       "precision and recall of the edges and, where there are p-values, of the corrected tests.",
            .options = job::common_options() + study_options() +
                       std::vector<job::Option>{{.name = "sessions", .kind = job::OptionKind::flag, .help = "one line a session, too"}},
            .run = run_recovery};
}

} // namespace rewire::jobs
