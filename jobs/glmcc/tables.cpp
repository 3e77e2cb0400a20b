#include "tables.hpp"

#include "jobs/frame/table_text.hpp"
#include "result.hpp"

#include <rewire/io/whole_file.hpp>

#include <fmt/format.h>

namespace rewire::jobs {

namespace {

void write_rows(io::WholeStream& table, const GlmccSession& session, bool all)
{
    const auto units = session.unit_id.size();
    for (std::size_t pair = 0; pair < session.pair_i.size(); ++pair) {
        const auto i = static_cast<std::size_t>(session.pair_i[pair]);
        const auto j = static_cast<std::size_t>(session.pair_j[pair]);
        for (const auto& [pre, post] : {std::pair{i, j}, std::pair{j, i}}) {
            const auto cell = pre * units + post;
            if (!all && session.significant[cell] == 0)
                continue;
            table.write(fmt::format(
                "{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(session.head.subject),
                csv_field(session.head.session), csv_field(session.unit_id[pre]),
                csv_field(session.unit_id[post]), static_cast<int>(session.significant[cell]),
                number_text(session.weight_mv[cell]), number_text(session.coupling[cell]),
                number_text(session.threshold[cell]), session.delay_ms[pair],
                session.likelihood_ratio.empty() ? std::string{}
                                                 : number_text(session.likelihood_ratio[cell]),
                number_text(session.background_ratio[pair]), session.tested[pair] != 0 ? 1 : 0,
                session.cell_type[pre], session.cell_type[post]));
        }
    }
}

std::string write_table(const ExportTable::Request& request)
{
    const auto path = request.folder / (std::string(glmcc_name) + ".csv");
    auto table = io::WholeStream(path);
    table.write("subject,session,pre,post,sign,weight_mv,coupling,threshold,delay_ms,"
                "likelihood_ratio,background_ratio,tested,pre_type,post_type\n");
    for (const auto& name : sessions_in(request.result))
        write_rows(table, read_glmcc(request.result, name), request.everything);
    table.publish();
    return "wrote " + path.string();
}

} // namespace

ExportTable glmcc_table()
{
    return {.formats = {"csv"}, .write = write_table};
}

} // namespace rewire::jobs
