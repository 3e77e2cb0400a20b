#include "tables.hpp"

#include "jobs/frame/table_text.hpp"
#include "result.hpp"

#include <rewire/io/whole_file.hpp>

#include <fmt/format.h>

#include <cmath>

namespace rewire::jobs {

namespace {

/// Calls `use(i, j, pair)` for the pairs to be exported.
template <typename Use>
void each_pair(const SessionConnectome& session, bool all, Use use)
{
    auto pair = std::size_t{0};
    for (std::size_t i = 0; i < session.neuron_id.size(); ++i)
        for (auto j = i + 1; j < session.neuron_id.size(); ++j, ++pair)
            if (session.edge[pair] != 0 ||
                (session.closed_form && session.closed_form->supported[pair] != 0) ||
                (all && session.active[i] != 0 && session.active[j] != 0))
                use(i, j, pair);
}

void write_csv(io::WholeStream& file, const SessionConnectome& session, bool all)
{
    each_pair(session, all, [&](std::size_t i, std::size_t j, std::size_t pair) {
        auto row =
            fmt::format("{},{},{},{},{},{}", csv_field(session.subject), csv_field(session.session),
                        csv_field(session.neuron_id[i]), csv_field(session.neuron_id[j]),
                        number_text(session.partial_correlation[pair]), session.edge[pair]);
        row += session.null ? fmt::format(",{},{},{}", number_text(session.null->p_value[pair]),
                                          number_text(session.null->q_value[pair]),
                                          number_text(session.null->p_fwe[pair]))
                            : ",,,";
        row += session.closed_form
                   ? fmt::format(",{},{},{}", number_text(session.closed_form->p_both[pair]),
                                 number_text(session.closed_form->q_both[pair]),
                                 session.closed_form->supported[pair])
                   : ",,,";
        row += session.closed_form && !session.closed_form->q_study.empty()
                   ? fmt::format(",{},{}\n", number_text(session.closed_form->q_study[pair]),
                                 session.closed_form->supported_study[pair])
                   : ",,\n";
        file.write(row);
    });
}

void write_graphml(const std::filesystem::path& path, const SessionConnectome& session, bool all)
{
    auto file = io::WholeStream(path);
    file.write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n"
               "  <key id=\"active\" for=\"node\" attr.name=\"active\" attr.type=\"boolean\"/>\n"
               "  <key id=\"weight\" for=\"edge\" attr.name=\"weight\" attr.type=\"double\"/>\n"
               "  <key id=\"p\" for=\"edge\" attr.name=\"p_value\" attr.type=\"double\"/>\n"
               "  <key id=\"q\" for=\"edge\" attr.name=\"q_value\" attr.type=\"double\"/>\n"
               "  <key id=\"p_both\" for=\"edge\" attr.name=\"p_both\" attr.type=\"double\"/>\n"
               "  <key id=\"q_both\" for=\"edge\" attr.name=\"q_both\" attr.type=\"double\"/>\n"
               "  <key id=\"supported\" for=\"edge\" attr.name=\"supported\" "
               "attr.type=\"boolean\"/>\n"
               "  <key id=\"q_study\" for=\"edge\" attr.name=\"q_study\" attr.type=\"double\"/>\n"
               "  <key id=\"supported_study\" for=\"edge\" attr.name=\"supported_study\" "
               "attr.type=\"boolean\"/>\n"
               "  <key id=\"edge\" for=\"edge\" attr.name=\"edge\" attr.type=\"boolean\"/>\n"
               "  <key id=\"fwe\" for=\"edge\" attr.name=\"p_fwe\" attr.type=\"double\"/>\n");
    file.write(fmt::format("  <graph id=\"{}\" edgedefault=\"undirected\">\n",
                           xml_text(session.subject + "/" + session.session)));
    for (std::size_t i = 0; i < session.neuron_id.size(); ++i)
        file.write(fmt::format("    <node id=\"{}\"><data key=\"active\">{}</data></node>\n",
                               xml_text(session.neuron_id[i]), session.active[i] != 0));
    const auto data = [](const char* key, double value) {
        return std::isnan(value) ? std::string{}
                                 : fmt::format("<data key=\"{}\">{:.17g}</data>", key, value);
    };
    each_pair(session, all, [&](std::size_t i, std::size_t j, std::size_t pair) {
        auto edge = fmt::format("    <edge source=\"{}\" target=\"{}\">{}",
                                xml_text(session.neuron_id[i]), xml_text(session.neuron_id[j]),
                                data("weight", session.partial_correlation[pair]));
        if (session.null)
            edge += data("p", session.null->p_value[pair]) +
                    data("q", session.null->q_value[pair]) + data("fwe", session.null->p_fwe[pair]);
        if (session.closed_form) {
            const auto& tests = *session.closed_form;
            edge += data("p_both", tests.p_both[pair]) + data("q_both", tests.q_both[pair]) +
                    fmt::format("<data key=\"supported\">{}</data>", tests.supported[pair] != 0);
            if (!tests.q_study.empty())
                edge += data("q_study", tests.q_study[pair]) +
                        fmt::format("<data key=\"supported_study\">{}</data>",
                                    tests.supported_study[pair] != 0);
        }
        edge += fmt::format("<data key=\"edge\">{}</data>", session.edge[pair] != 0);
        file.write(edge + "</edge>\n");
    });
    file.write("  </graph>\n</graphml>\n");
    file.publish();
}

std::string write_tables(const ExportTable::Request& request)
{
    const auto sessions = sessions_in(request.result);
    if (request.format == "csv") {
        const auto path = request.folder / "connectome.csv";
        auto table = io::WholeStream(path);
        table.write("subject,session,neuron_i,neuron_j,partial_correlation,edge,p_value,q_value,"
                    "p_fwe,p_both,q_both,supported,q_study,supported_study\n");
        for (const auto& [subject, session] : sessions)
            write_csv(table, read_session(request.result, subject, session), request.everything);
        table.publish();
        return "wrote " + path.string();
    }
    for (const auto& [subject, session] : sessions)
        write_graphml(request.folder / fmt::format("connectome_{}_{}.graphml", subject, session),
                      read_session(request.result, subject, session), request.everything);
    return fmt::format("wrote {} GraphML files to {}", sessions.size(), request.folder.string());
}

} // namespace

ExportTable connectome_table()
{
    return {.formats = {"csv", "graphml"}, .write = write_tables};
}

} // namespace rewire::jobs
