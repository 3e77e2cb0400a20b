#include "tables.hpp"

#include "jobs/frame/table_text.hpp"
#include "result.hpp"

#include <rewire/io/whole_file.hpp>

#include <fmt/format.h>

namespace rewire::jobs {

namespace {

std::string write_table(const ExportTable::Request& request)
{
    const auto path = request.folder / (std::string(jpsth_name) + ".csv");
    auto table = io::WholeStream(path);
    table.write("subject,session,pre,post,delay_ms,correlogram\n");
    for (const auto& name : sessions_in(request.result)) {
        const auto session = read_jpsth(request.result, name);
        auto next = session.correlogram.begin();
        for (std::size_t pair = 0; pair < session.pair_i.size(); ++pair)
            for (const auto delay : session.delay_ms)
                table.write(fmt::format(
                    "{},{},{},{},{},{}\n", csv_field(session.head.subject),
                    csv_field(session.head.session),
                    csv_field(session.unit_id[static_cast<std::size_t>(session.pair_i[pair])]),
                    csv_field(session.unit_id[static_cast<std::size_t>(session.pair_j[pair])]),
                    number_text(delay), number_text(*next++)));
    }
    table.publish();
    return "wrote " + path.string();
}

} // namespace

ExportTable jpsth_table()
{
    return {.formats = {"csv"}, .write = write_table};
}

} // namespace rewire::jobs
