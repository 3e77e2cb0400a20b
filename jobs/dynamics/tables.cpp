#include "tables.hpp"

#include "jobs/frame/table_text.hpp"
#include "result.hpp"

#include <rewire/base/nan.hpp>
#include <rewire/io/whole_file.hpp>

#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

namespace rewire::jobs {

namespace {

/// One line an edge and bin in which it is present; with `everything` all bins.
void write_session(io::WholeStream& table, const ExportTable::Request& request,
                   const SessionName& name)
{
    const auto result = read_dynamics(request.result, name);
    const auto id = [&](std::int32_t unit) {
        return csv_field(result.unit_id[static_cast<std::size_t>(unit)]);
    };
    for (std::int64_t edge = 0; edge < result.edges(); ++edge) {
        const auto one = base::Range{edge, edge + 1};
        const auto weight = read_courses<float>(request.result, result, "weight", one);
        const auto ratio = read_courses<float>(request.result, result, "ratio", one);
        const auto present = read_courses<std::int8_t>(request.result, result, "present", one);
        const auto at = static_cast<std::size_t>(edge);
        const auto q = result.q_max.empty()
                           ? std::vector<double>(weight.size(), base::nan)
                           : read_courses<double>(request.result, result, "q_value", one);
        for (std::size_t bin = 0; bin < weight.size(); ++bin)
            if (present[bin] != 0 || request.everything)
                table.write(fmt::format(
                    "{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(name.first),
                    csv_field(name.second), id(result.sender[at]), id(result.receiver[at]),
                    number_text(result.functional_lag_ms[at]),
                    number_text(static_cast<double>(result.static_weight[at])),
                    number_text(result.time_s[bin]), number_text(static_cast<double>(weight[bin])),
                    number_text(static_cast<double>(ratio[bin])), static_cast<int>(present[bin]),
                    number_text(q[bin]), number_text(result.pearson[at]),
                    number_text(result.tost_p[at])));
    }
}

/// One line an edge and model of the sweep.
void write_sweep_rows(io::WholeStream& table, const DynamicsResult& result)
{
    const auto& sweep = result.sweep;
    const auto edges = result.sender.size();
    const auto id = [&](std::int32_t unit) {
        return csv_field(result.unit_id[static_cast<std::size_t>(unit)]);
    };
    for (std::size_t k = 0; k < sweep.pearson.size(); ++k)
        if (!std::isnan(sweep.pearson[k]))
            table.write(fmt::format("{},{},{},{},{},{},{},{}\n", csv_field(result.head.subject),
                                    csv_field(result.head.session),
                                    number_text(sweep.lambda[k / edges]),
                                    id(result.sender[k % edges]), id(result.receiver[k % edges]),
                                    number_text(sweep.pearson[k]), number_text(sweep.difference[k]),
                                    number_text(sweep.tost_p[k])));
}

/// Nothing where no session has a sweep.
std::string write_sweep_table(const ExportTable::Request& request)
{
    auto swept = std::vector<DynamicsResult>{};
    for (const auto& name : sessions_in(request.result))
        if (auto result = read_dynamics(request.result, name); !result.sweep.lambda.empty())
            swept.push_back(std::move(result));
    if (swept.empty())
        return "";
    const auto path = request.folder / (std::string(dynamics_name) + "-sweep.csv");
    auto table = io::WholeStream(path);
    table.write("subject,session,lambda,pre,post,pearson,difference,tost_p\n");
    for (const auto& result : swept)
        write_sweep_rows(table, result);
    table.publish();
    return " and " + path.string();
}

std::string write_table(const ExportTable::Request& request)
{
    const auto path = request.folder / (std::string(dynamics_name) + ".csv");
    auto table = io::WholeStream(path);
    table.write(
        "subject,session,pre,post,lag_ms,static_weight,time_s,weight,ratio,present,q_value,pearson,"
        "tost_p\n");
    for (const auto& name : sessions_in(request.result))
        write_session(table, request, name);
    table.publish();
    return "wrote " + path.string() + write_sweep_table(request);
}

} // namespace

ExportTable dynamics_table()
{
    return {.formats = {"csv"}, .write = write_table};
}

} // namespace rewire::jobs
