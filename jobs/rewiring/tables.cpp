#include "tables.hpp"

#include "jobs/frame/table_text.hpp"
#include "result.hpp"
#include "summary.hpp"

#include <rewire/io/whole_file.hpp>

#include <fmt/format.h>

#include <utility>

namespace rewire::jobs {

namespace {

std::string row_of(const AnimalRewiring& animal, const std::string& frames, const KindSummary& kind)
{
    return fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(animal.subject),
                       csv_field(animal.group), frames, csv_field(kind.status), kind.sessions,
                       number_text(kind.mantel), number_text(kind.mantel_p), kind.orders,
                       number_text(kind.bend), number_text(kind.came_back),
                       number_text(kind.exponent), number_text(kind.exponent_low),
                       number_text(kind.exponent_high));
}

std::string write_changes(const ExportTable::Request& request)
{
    const auto path = request.folder / (std::string(rewiring_name) + ".csv");
    auto file = io::WholeStream(path);
    file.write("subject,group,frames,status,sessions,mantel,mantel_p,orders,bend,return,exponent,"
               "exponent_low,exponent_high\n");
    for (const auto& animal : summary_of_rewiring(request.result, {}))
        for (const auto& [frames, kind] :
             {std::pair{"all", &animal.change.all}, std::pair{"fine", &animal.change.fine},
              std::pair{"quiet", &animal.change.quiet}})
            file.write(row_of(animal, frames, *kind));
    file.publish();
    return "wrote " + path.string();
}

} // namespace

ExportTable rewiring_table()
{
    return {.formats = {"csv"}, .write = write_changes};
}

} // namespace rewire::jobs
