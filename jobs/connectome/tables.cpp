#include "tables.hpp"

#include "distance.hpp"
#include "jobs/frame/table_text.hpp"
#include "result.hpp"

#include <rewire/base/nan.hpp>
#include <rewire/io/whole_file.hpp>

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace rewire::jobs {

namespace {

/// Above the threshold, or supported in its session or in the study.
bool is_edge(const SessionConnectome& session, std::size_t pair)
{
    if (session.edge[pair] != 0)
        return true;
    if (!session.closed_form)
        return false;
    const auto& study = session.closed_form->supported_study;
    return session.closed_form->supported[pair] != 0 || (!study.empty() && study[pair] != 0);
}

/// Calls `use(i, j, pair)` for the pairs to be exported.
template <typename Use>
void each_pair(const SessionConnectome& session, bool all, Use use)
{
    auto pair = std::size_t{0};
    for (std::size_t i = 0; i < session.neuron_id.size(); ++i)
        for (auto j = i + 1; j < session.neuron_id.size(); ++j, ++pair)
            if (is_edge(session, pair) || (all && session.active[i] != 0 && session.active[j] != 0))
                use(i, j, pair);
}

struct Pair
{
    std::size_t i;
    std::size_t j;
    std::size_t pair;
};

/// What is said of a pair beside its neurons.
struct Column
{
    enum class Kind : std::uint8_t
    {
        number,
        whole,
        flag,
    };
    const char* name;
    const char* key; ///< of GraphML
    Kind kind;
    double (*value)(const SessionConnectome& session, const Pair& at); ///< NaN: nothing
};

using base::nan;

/// Of the tests of edges; nothing where there are none, or not these values.
template <auto member>
double of_tests(const SessionConnectome& session, const Pair& at)
{
    if (!session.closed_form || (*session.closed_form.*member).empty())
        return nan;
    return static_cast<double>((*session.closed_form.*member)[at.pair]);
}

template <auto member>
double of_surrogates(const SessionConnectome& session, const Pair& at)
{
    return session.null ? (*session.null.*member)[at.pair] : nan;
}

constexpr auto distance_name = "distance"; ///< in CSV its unit is the next column

/// In the order of the file; new ones come last.
const auto columns = std::array{
    Column{"partial_correlation", "weight", Column::Kind::number,
           [](const SessionConnectome& session, const Pair& at) {
               return session.partial_correlation[at.pair];
           }},
    Column{"edge", "edge", Column::Kind::flag,
           [](const SessionConnectome& session, const Pair& at) {
               return static_cast<double>(session.edge[at.pair]);
           }},
    Column{"p_value", "p", Column::Kind::number, of_surrogates<&ConnectomeNull::p_value>},
    Column{"q_value", "q", Column::Kind::number, of_surrogates<&ConnectomeNull::q_value>},
    Column{"p_fwe", "fwe", Column::Kind::number, of_surrogates<&ConnectomeNull::p_fwe>},
    Column{"p_both", "p_both", Column::Kind::number, of_tests<&ConnectomeClosedForm::p_both>},
    Column{"q_both", "q_both", Column::Kind::number, of_tests<&ConnectomeClosedForm::q_both>},
    Column{"supported", "supported", Column::Kind::flag,
           of_tests<&ConnectomeClosedForm::supported>},
    Column{"q_study", "q_study", Column::Kind::number, of_tests<&ConnectomeClosedForm::q_study>},
    Column{"supported_study", "supported_study", Column::Kind::flag,
           of_tests<&ConnectomeClosedForm::supported_study>},
    Column{"p_partial", "p_partial", Column::Kind::number,
           of_tests<&ConnectomeClosedForm::p_partial>},
    Column{"p_fine", "p_fine", Column::Kind::number, of_tests<&ConnectomeClosedForm::p_fine>},
    Column{"p_holm", "p_holm", Column::Kind::number, of_tests<&ConnectomeClosedForm::p_holm>},
    Column{"sign", "sign", Column::Kind::whole, of_tests<&ConnectomeClosedForm::sign>},
    Column{distance_name, distance_name, Column::Kind::number,
           [](const SessionConnectome& session, const Pair& at) {
               return session.position.empty() ? nan : distance_between(session, at.i, at.j);
           }},
    Column{"p_marginal", "p_marginal", Column::Kind::number,
           of_tests<&ConnectomeClosedForm::p_marginal>},
    Column{"log10_p_both", "log10_p_both", Column::Kind::number,
           of_tests<&ConnectomeClosedForm::log10_p_both>},
    Column{"p_both_negative", "p_both_negative", Column::Kind::number,
           of_tests<&ConnectomeClosedForm::p_both_negative>},
    Column{"p_holm_study", "p_holm_study", Column::Kind::number,
           of_tests<&ConnectomeClosedForm::p_holm_study>},
};

std::string text_of(const Column& column, double value)
{
    if (std::isnan(value))
        return "";
    return column.kind == Column::Kind::number ? number_text(value) : fmt::format("{:.0f}", value);
}

std::string csv_head()
{
    auto head = std::string{"subject,session,neuron_i,neuron_j"};
    for (const auto& column : columns) {
        head += std::string(",") + column.name;
        if (std::string_view(column.name) == distance_name)
            head += ",distance_unit";
    }
    return head + "\n";
}

void write_csv(io::WholeStream& file, const SessionConnectome& session, bool all)
{
    each_pair(session, all, [&](std::size_t i, std::size_t j, std::size_t pair) {
        auto row =
            fmt::format("{},{},{},{}", csv_field(session.subject), csv_field(session.session),
                        csv_field(session.neuron_id[i]), csv_field(session.neuron_id[j]));
        for (const auto& column : columns) {
            row += "," + text_of(column, column.value(session, {i, j, pair}));
            if (std::string_view(column.name) == distance_name)
                row += "," + csv_field(session.position_unit);
        }
        file.write(row + "\n");
    });
}

const char* graphml_type(Column::Kind kind)
{
    switch (kind) {
    case Column::Kind::whole:
        return "int";
    case Column::Kind::flag:
        return "boolean";
    case Column::Kind::number:
        break;
    }
    return "double";
}

std::string graphml_data(const Column& column, double value)
{
    if (std::isnan(value))
        return "";
    const auto text = column.kind == Column::Kind::flag ? std::string(value != 0 ? "true" : "false")
                      : column.kind == Column::Kind::number ? fmt::format("{:.17g}", value)
                                                            : text_of(column, value);
    return fmt::format("<data key=\"{}\">{}</data>", column.key, text);
}

void write_graphml(const std::filesystem::path& path, const SessionConnectome& session, bool all)
{
    auto file = io::WholeStream(path);
    file.write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n"
               "  <key id=\"active\" for=\"node\" attr.name=\"active\" attr.type=\"boolean\"/>\n"
               "  <key id=\"distance_unit\" for=\"graph\" attr.name=\"distance_unit\" "
               "attr.type=\"string\"/>\n");
    for (const auto& column : columns)
        file.write(
            fmt::format("  <key id=\"{}\" for=\"edge\" attr.name=\"{}\" attr.type=\"{}\"/>\n",
                        column.key, std::string(column.key) == "weight" ? "weight" : column.name,
                        graphml_type(column.kind)));
    file.write(fmt::format("  <graph id=\"{}\" edgedefault=\"undirected\">\n",
                           xml_text(session.subject + "/" + session.session)));
    if (!session.position_unit.empty())
        file.write(fmt::format("    <data key=\"distance_unit\">{}</data>\n",
                               xml_text(session.position_unit)));
    for (std::size_t i = 0; i < session.neuron_id.size(); ++i)
        file.write(fmt::format("    <node id=\"{}\"><data key=\"active\">{}</data></node>\n",
                               xml_text(session.neuron_id[i]), session.active[i] != 0));
    each_pair(session, all, [&](std::size_t i, std::size_t j, std::size_t pair) {
        auto edge = fmt::format("    <edge source=\"{}\" target=\"{}\">",
                                xml_text(session.neuron_id[i]), xml_text(session.neuron_id[j]));
        for (const auto& column : columns)
            edge += graphml_data(column, column.value(session, {i, j, pair}));
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
        table.write(csv_head());
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
