#include "tables.hpp"

#include "jobs/frame/table_text.hpp"
#include "result.hpp"
#include "strongest.hpp"

#include <rewire/io/whole_file.hpp>

#include <fmt/format.h>

namespace rewire::jobs {

namespace {

std::string write_table(const ExportTable::Request& request)
{
    const auto path = request.folder / "dynetcp-dynamic.csv";
    auto table = io::WholeStream(path);
    table.write("subject,session,pre,post,lag_ms,static_weight,time_s,weight,spikes\n");
    for (const auto& name : sessions_in(request.result)) {
        const auto result = read_dynamic(request.result, name);
        for (std::int64_t edge = 0; edge < result.edges(); ++edge) {
            const auto over_time = read_edge(request.result, result, edge);
            const auto at = static_cast<std::size_t>(edge);
            const auto strongest = strongest_lag(result, edge);
            for (auto lag = request.everything ? 0 : strongest;
                 lag <= (request.everything ? result.lags() - 1 : strongest); ++lag) {
                const auto course = course_of(result, over_time, lag);
                for (std::size_t bin = 0; bin < course.size(); ++bin)
                    table.write(fmt::format(
                        "{},{},{},{},{},{},{},{},{}\n", csv_field(name.first),
                        csv_field(name.second),
                        csv_field(result.unit_id[static_cast<std::size_t>(result.sender[at])]),
                        csv_field(result.unit_id[static_cast<std::size_t>(result.receiver[at])]),
                        number_text(result.lag_ms[static_cast<std::size_t>(lag)]),
                        number_text(
                            static_cast<double>(result.static_weight[static_cast<std::size_t>(
                                edge * result.lags() + lag)])),
                        number_text(result.time_s[bin]), number_text(course[bin]),
                        over_time.spikes[bin * static_cast<std::size_t>(result.lags()) +
                                         static_cast<std::size_t>(lag)]));
            }
        }
    }
    table.publish();
    return "wrote " + path.string();
}

} // namespace

ExportTable dynamic_table()
{
    return {.formats = {"csv"}, .write = write_table};
}

} // namespace rewire::jobs
