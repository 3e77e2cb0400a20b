#include "jobs/catalogue.hpp"
#include "jobs/connectome/result.hpp"
#include "jobs/frame/session_results.hpp"
#include "jobs/frame/study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/whole_file.hpp>
#include <rewire/runtime/run_context.hpp>

#include <fmt/format.h>

#include <cmath>
#include <fstream>

namespace rewire::jobs {

namespace {

namespace fs = std::filesystem;

std::string number(double value)
{
    return std::isnan(value) ? "" : fmt::format("{:.17g}", value);
}

/// Quotes where a comma, a quote or a line break asks for it (RFC 4180).
std::string csv(const std::string& text)
{
    if (text.find_first_of(",\"\n\r") == std::string::npos)
        return text;
    auto quoted = std::string("\"");
    for (const auto character : text)
        quoted += character == '"' ? std::string("\"\"") : std::string(1, character);
    return quoted + "\"";
}

std::string xml(const std::string& text)
{
    auto escaped = std::string{};
    for (const auto character : text) {
        switch (character) {
        case '&':
            escaped += "&amp;";
            break;
        case '<':
            escaped += "&lt;";
            break;
        case '>':
            escaped += "&gt;";
            break;
        case '"':
            escaped += "&quot;";
            break;
        default:
            escaped += character;
        }
    }
    return escaped;
}

/// Calls `use(i, j, pair)` for the pairs to be exported.
template <typename Use>
void each_pair(const SessionConnectome& session, bool all, Use use)
{
    auto pair = std::size_t{0};
    for (std::size_t i = 0; i < session.neuron_id.size(); ++i)
        for (auto j = i + 1; j < session.neuron_id.size(); ++j, ++pair)
            if (session.edge[pair] != 0 ||
                (all && session.active[i] != 0 && session.active[j] != 0))
                use(i, j, pair);
}

void write_csv(io::WholeStream& file, const SessionConnectome& session, bool all)
{
    each_pair(session, all, [&](std::size_t i, std::size_t j, std::size_t pair) {
        auto row = fmt::format("{},{},{},{},{},{}", csv(session.subject), csv(session.session),
                               csv(session.neuron_id[i]), csv(session.neuron_id[j]),
                               number(session.partial_correlation[pair]), session.edge[pair]);
        row += session.null ? fmt::format(",{},{},{}\n", number(session.null->p_value[pair]),
                                          number(session.null->q_value[pair]),
                                          number(session.null->p_fwe[pair]))
                            : ",,,\n";
        file.write(row);
    });
}

void write_graphml(const fs::path& path, const SessionConnectome& session, bool all)
{
    auto file = io::WholeStream(path);
    file.write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n"
               "  <key id=\"active\" for=\"node\" attr.name=\"active\" attr.type=\"boolean\"/>\n"
               "  <key id=\"weight\" for=\"edge\" attr.name=\"weight\" attr.type=\"double\"/>\n"
               "  <key id=\"p\" for=\"edge\" attr.name=\"p_value\" attr.type=\"double\"/>\n"
               "  <key id=\"q\" for=\"edge\" attr.name=\"q_value\" attr.type=\"double\"/>\n"
               "  <key id=\"fwe\" for=\"edge\" attr.name=\"p_fwe\" attr.type=\"double\"/>\n");
    file.write(fmt::format("  <graph id=\"{}\" edgedefault=\"undirected\">\n",
                           xml(session.subject + "/" + session.session)));
    for (std::size_t i = 0; i < session.neuron_id.size(); ++i)
        file.write(fmt::format("    <node id=\"{}\"><data key=\"active\">{}</data></node>\n",
                               xml(session.neuron_id[i]), session.active[i] != 0));
    const auto data = [](const char* key, double value) {
        return std::isnan(value) ? std::string{}
                                 : fmt::format("<data key=\"{}\">{:.17g}</data>", key, value);
    };
    each_pair(session, all, [&](std::size_t i, std::size_t j, std::size_t pair) {
        auto edge = fmt::format("    <edge source=\"{}\" target=\"{}\">{}",
                                xml(session.neuron_id[i]), xml(session.neuron_id[j]),
                                data("weight", session.partial_correlation[pair]));
        if (session.null)
            edge += data("p", session.null->p_value[pair]) +
                    data("q", session.null->q_value[pair]) + data("fwe", session.null->p_fwe[pair]);
        file.write(edge + "</edge>\n");
    });
    file.write("  </graph>\n</graphml>\n");
    file.publish();
}

void export_connectome(runtime::RunContext& context)
{
    const auto& options = context.options();
    const auto path = options.path("results") / "connectome.h5";
    if (!fs::exists(path))
        throw base::InputError("no connectome to export", path.string(),
                               "compute it first: rewire connectome --study DIR --results " +
                                   options.text("results"));
    const auto folder =
        options.has("out") ? options.path("out") : options.path("results") / "export";
    fs::create_directories(folder);
    const auto all = options.flag("all-pairs");
    const auto file = io::open_for_reading(path);
    io::read_record(file);
    const auto sessions = sessions_in(file);
    if (options.text("format") == "csv") {
        auto table = io::WholeStream(folder / "connectome.csv");
        table.write(
            "subject,session,neuron_i,neuron_j,partial_correlation,edge,p_value,q_value,p_fwe\n");
        for (const auto& [subject, session] : sessions)
            write_csv(table, read_session(file, subject, session), all);
        table.publish();
        context.note("wrote " + (folder / "connectome.csv").string());
        return;
    }
    for (const auto& [subject, session] : sessions)
        write_graphml(folder / fmt::format("connectome_{}_{}.graphml", subject, session),
                      read_session(file, subject, session), all);
    context.note(fmt::format("wrote {} GraphML files to {}", sessions.size(), folder.string()));
}

void run_export(runtime::RunContext& context)
{
    mpi::collective(context.comm(), [&] {
        if (context.comm().is_root())
            export_connectome(context);
    });
}

} // namespace

runtime::Job export_job()
{
    using Kind = runtime::OptionKind;
    return {.name = "export",
            .usage = "--results DIR --what connectome --format csv|graphml",
            .summary = "edge lists for R, Cytoscape, Gephi",
            .details = "Writes the edges of every session, with partial correlation and, where "
                       "there are, p-values: one CSV table,\n"
                       "or one GraphML file a session.",
            .options =
                {{.name = "results",
                  .kind = Kind::path,
                  .help = "folder of the results",
                  .required = true},
                 {.name = "what",
                  .default_value = "connectome",
                  .help = "which result",
                  .choices = {"connectome"}},
                 {.name = "format",
                  .default_value = "csv",
                  .help = "format",
                  .choices = {"csv", "graphml"}},
                 {.name = "out", .kind = Kind::path, .help = "folder to write to (RESULTS/export)"},
                 {.name = "all-pairs",
                  .kind = Kind::flag,
                  .help = "every pair of active neurons, not only the edges"},
                 {.name = "config", .kind = Kind::path, .help = "file of `option = value` lines"},
                 {.name = "help", .kind = Kind::flag, .help = "this text"}},
            .run = run_export};
}

} // namespace rewire::jobs
