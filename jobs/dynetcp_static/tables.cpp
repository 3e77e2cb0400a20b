#include "tables.hpp"

#include "jobs/frame/table_text.hpp"
#include "result.hpp"
#include "settings.hpp"

#include <rewire/io/whole_file.hpp>

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <utility>

namespace rewire::jobs {

namespace {

/// The largest corrected weight of a direction within 10 ms.
struct Largest
{
    double weight = 0;
    double lag_ms = 0;
};

/// Without lag 0, which says nothing of a direction, unless there is no other.
Largest largest_of(const StaticResult& result, std::int64_t sender, std::int64_t receiver)
{
    const auto row = result.row(result.weight_corrected, sender, receiver);
    auto largest = Largest{row[1], result.lag_ms[1]};
    for (std::size_t lag = 2; lag < row.size(); ++lag)
        if (result.lag_ms[lag] <= std::max(searched_ms, 10 * result.bin_ms) &&
            row[lag] > largest.weight)
            largest = {row[lag], result.lag_ms[lag]};
    return largest;
}

std::string line_of(const StaticResult& result, std::int64_t pre, std::int64_t post,
                    const dynetcp::StaticConnection* called)
{
    const auto largest = largest_of(result, pre, post);
    const auto id = [&](std::int64_t unit) {
        return csv_field(result.unit_id[static_cast<std::size_t>(unit)]);
    };
    const auto type = [&](std::int64_t unit) {
        return result.cell_type[static_cast<std::size_t>(unit)];
    };
    return fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(result.head.subject),
                       csv_field(result.head.session), id(pre), id(post),
                       number_text(largest.weight), number_text(largest.lag_ms),
                       called != nullptr ? 1 : 0,
                       called != nullptr ? number_text(called->peak) : "",
                       called != nullptr ? number_text(called->peak_lag * result.bin_ms) : "",
                       called != nullptr ? number_text(called->flank_sd) : "",
                       result.is_near(pre, post) ? 1 : 0, type(pre), type(post));
}

std::string write_table(const ExportTable::Request& request)
{
    const auto path = request.folder / "dynetcp-static.csv";
    auto table = io::WholeStream(path);
    table.write("subject,session,pre,post,largest_weight,largest_lag_ms,connection,peak,"
                "peak_lag_ms,flank_sd,near,pre_type,post_type\n");
    for (const auto& name : sessions_in(request.result)) {
        const auto result = read_static(request.result, name, false);
        auto called =
            std::map<std::pair<std::int64_t, std::int64_t>, const dynetcp::StaticConnection*>{};
        for (const auto& one : result.connections)
            called[{one.sender, one.receiver}] = &one;
        for (std::int64_t pre = 0; pre < result.units(); ++pre)
            for (std::int64_t post = 0; post < result.units(); ++post) {
                const auto found = called.find({pre, post});
                if (pre == post || (!request.everything && found == called.end()))
                    continue;
                table.write(
                    line_of(result, pre, post, found == called.end() ? nullptr : found->second));
            }
    }
    table.publish();
    return "wrote " + path.string();
}

} // namespace

ExportTable static_table()
{
    return {.formats = {"csv"}, .write = write_table};
}

} // namespace rewire::jobs
