#include "tables.hpp"

#include "jobs/frame/table_text.hpp"
#include "result.hpp"

#include <rewire/io/whole_file.hpp>

#include <fmt/format.h>

namespace rewire::jobs {

namespace {

void write_rows(io::WholeStream& table, const CompareSession& session)
{
    auto cell = std::size_t{0};
    for (const auto& counting : session.counting)
        for (const auto& sign : session.sign)
            for (const auto threshold : session.threshold)
                for (const auto least : session.min_pair_spikes) {
                    table.write(fmt::format(
                        "{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(session.head.subject),
                        csv_field(session.head.session), csv_field(session.method),
                        csv_field(session.truth), counting, sign, number_text(threshold),
                        number_text(least), session.true_positive[cell],
                        session.false_positive[cell], session.false_negative[cell],
                        session.true_negative[cell], number_text(session.mcc[cell])));
                    ++cell;
                }
}

std::string write_table(const ExportTable::Request& request)
{
    const auto path = request.folder / (std::string(compare_name) + ".csv");
    auto table = io::WholeStream(path);
    table.write("subject,session,method,truth,counting,sign,threshold,min_pair_spikes,"
                "true_positive,false_positive,false_negative,true_negative,mcc\n");
    for (const auto& name : sessions_in(request.result))
        write_rows(table, read_comparison(request.result, name));
    table.publish();
    return "wrote " + path.string();
}

} // namespace

ExportTable compare_table()
{
    return {.formats = {"csv"}, .write = write_table};
}

} // namespace rewire::jobs
