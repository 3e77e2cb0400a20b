#include "tables.hpp"

#include "jobs/frame/table_text.hpp"
#include "result.hpp"

#include <rewire/io/whole_file.hpp>

#include <fmt/format.h>

#include <cmath>

namespace rewire::jobs {

namespace {

/// Peaks or troughs of the directions of a session.
struct SignedCalls
{
    int sign;
    const std::vector<double>& value;
    const std::vector<double>& lag_ms;
    const std::vector<double>& p;
    const std::vector<double>& p_strict; ///< of which q is made
    const std::vector<double>& q;
    const std::vector<double>& half; ///< [pair, direction, half]
};

void write_calls(io::WholeStream& table, const CcgSession& session, const SignedCalls& calls,
                 bool all)
{
    for (std::size_t pair = 0; pair < session.pair_i.size(); ++pair)
        for (std::size_t direction = 0; direction < 2; ++direction) {
            const auto pre = direction == 0 ? session.pair_i[pair] : session.pair_j[pair];
            const auto post = direction == 0 ? session.pair_j[pair] : session.pair_i[pair];
            const auto at = 2 * pair + direction;
            const auto by_rule = session.significant[pair] == calls.sign &&
                                 session.pre[pair] == pre && session.post[pair] == post;
            const auto by_q = !calls.q.empty() && calls.q[at] <= ccg_level;
            if (!all && !by_rule && !by_q)
                continue;
            const auto or_empty = [&](const std::vector<double>& values) {
                return values.empty() ? std::string{} : number_text(values[at]);
            };
            const auto half_text = [&](std::size_t half) {
                const auto value = calls.half[2 * at + half];
                return std::isnan(value) ? std::string{} : number_text(value);
            };
            table.write(fmt::format(
                "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                csv_field(session.head.subject), csv_field(session.head.session),
                csv_field(session.unit_id[static_cast<std::size_t>(pre)]),
                csv_field(session.unit_id[static_cast<std::size_t>(post)]), calls.sign,
                number_text(calls.lag_ms[at]), or_empty(calls.p), or_empty(calls.p_strict),
                or_empty(calls.q), number_text(calls.value[at]), by_rule ? 1 : 0,
                session.cell_type[static_cast<std::size_t>(pre)],
                session.cell_type[static_cast<std::size_t>(post)], half_text(0), half_text(1),
                number_text(session.chance[pair])));
        }
}

std::string write_table(const ExportTable::Request& request)
{
    const auto path = request.folder / "ccg.csv";
    auto table = io::WholeStream(path);
    table.write(
        "subject,session,pre,post,sign,peak_lag_ms,p_value,p_value_strict,q_value,corrected,rule,"
        "pre_type,post_type,first_half,second_half,chance\n");
    for (const auto& name : sessions_in(request.result)) {
        const auto session = read_ccg(request.result, name);
        write_calls(table, session,
                    {1, session.direction_peak, session.direction_peak_lag_ms, session.p_value,
                     session.p_value_strict, session.q_value, session.half_peak},
                    request.everything);
        write_calls(table, session,
                    {-1, session.direction_trough, session.direction_trough_lag_ms,
                     session.p_trough, session.p_trough_strict, session.q_trough,
                     session.half_trough},
                    request.everything);
    }
    table.publish();
    return "wrote " + path.string();
}

} // namespace

ExportTable ccg_table()
{
    return {.formats = {"csv"}, .write = write_table};
}

} // namespace rewire::jobs
