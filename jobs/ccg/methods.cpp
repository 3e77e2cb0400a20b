#include "methods.hpp"

#include "result.hpp"

#include <rewire/spikes/connection_rule.hpp>

#include <cmath>
#include <limits>
#include <string>

namespace rewire::jobs {

namespace {

/// Cells of the table of scores that belong to a pair.
struct Cells
{
    std::size_t forward = 0; ///< i -> j
    std::size_t backward = 0;
};

/// Scores without any statement, but for what chance gives. Calls visit(pair, cells) for every
/// tested pair.
template <typename Visit>
ConnectionScores scores_of(const CcgSession& session, double threshold, Visit visit)
{
    const auto units = session.unit_id.size();
    const auto none = std::vector<double>(units * units, std::numeric_limits<double>::quiet_NaN());
    auto scores = ConnectionScores{session.unit_id, threshold, none, none, none};
    for (std::size_t pair = 0; pair < session.pair_i.size(); ++pair) {
        if (session.tested[pair] == 0)
            continue;
        const auto i = static_cast<std::size_t>(session.pair_i[pair]);
        const auto j = static_cast<std::size_t>(session.pair_j[pair]);
        const auto cells = Cells{i * units + j, j * units + i};
        scores.chance[cells.forward] = scores.chance[cells.backward] = spikes::chance_coincidences(
            session.rate_hz[i], session.rate_hz[j], session.observed_s, pair_window_s);
        visit(scores, pair, cells);
    }
    return scores;
}

ConnectionScores by_rule(const CcgSession& session)
{
    auto result = scores_of(session, session.threshold_sd,
                            [&](ConnectionScores& scores, std::size_t pair, const Cells& cells) {
                                const auto sd = session.flank_sd[pair];
                                const auto in_direction = [&](double lag_ms) {
                                    return lag_ms <= 0 ? cells.forward : cells.backward;
                                };
                                if (!(sd > 0))
                                    return;
                                scores.peak[in_direction(session.peak_lag_ms[pair])] =
                                    session.peak[pair] / sd;
                                scores.trough[in_direction(session.trough_lag_ms[pair])] =
                                    -session.trough[pair] / sd;
                            });
    result.one_call_a_pair = true; // the first of the largest peak; a trough without one
    return result;
}

ConnectionScores by_discovery_rate(const CcgSession& session)
{
    return scores_of(session, -std::log10(ccg_level),
                     [&](ConnectionScores& scores, std::size_t pair, const Cells& cells) {
                         for (const auto& [cell, at] : {std::pair{cells.forward, 2 * pair},
                                                        std::pair{cells.backward, 2 * pair + 1}}) {
                             scores.peak[cell] = -std::log10(session.q_value[at]);
                             scores.trough[cell] = -std::log10(session.q_trough[at]);
                         }
                     });
}

bool has_null(const io::Handle& file, const SessionName& name)
{
    return io::exists(file, name.first + "/" + name.second + "/q_value");
}

} // namespace

std::vector<ConnectionMethod> ccg_methods()
{
    return {
        {.name = std::string(ccg_name) + "-rule",
         .measure = "peak or trough within 10 ms in SD of the flanks",
         .read = [](const io::Handle& file,
                    const SessionName& name) { return by_rule(read_ccg(file, name)); },
         .there = [](const io::Handle&, const SessionName&) { return true; }},
        {.name = std::string(ccg_name) + "-fdr",
         .measure = "-log10 of the false discovery rate",
         .read = [](const io::Handle& file,
                    const SessionName& name) { return by_discovery_rate(read_ccg(file, name)); },
         .there = has_null}};
}

} // namespace rewire::jobs
