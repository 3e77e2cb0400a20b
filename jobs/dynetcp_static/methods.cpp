#include "methods.hpp"

#include "result.hpp"

#include <rewire/dynetcp/connections.hpp>
#include <rewire/spikes/connection_rule.hpp>

#include <cmath>
#include <limits>

namespace rewire::jobs {

namespace {

constexpr auto chance_window_s = 0.010;

/// Of every asked pair its larger peak in SD of the flanks, in the direction of that peak.
ConnectionScores scores_of(const io::Handle& file, const SessionName& name)
{
    const auto result = read_static(file, name, false);
    const auto units = static_cast<std::size_t>(result.units());
    const auto none = std::vector<double>(units * units, std::numeric_limits<double>::quiet_NaN());
    auto scores = ConnectionScores{result.unit_id, result.threshold_sd, none, none, none};
    const auto asked = [&](std::int64_t i, std::int64_t j) {
        if (!result.asks(i, j))
            return false;
        const auto first = result.rate_hz[static_cast<std::size_t>(i)];
        const auto second = result.rate_hz[static_cast<std::size_t>(j)];
        const auto forward = static_cast<std::size_t>(i) * units + static_cast<std::size_t>(j);
        const auto backward = static_cast<std::size_t>(j) * units + static_cast<std::size_t>(i);
        scores.chance[forward] = scores.chance[backward] =
            spikes::chance_coincidences(first, second, result.observed_s, chance_window_s);
        return true;
    };
    const auto weights =
        std::vector<double>(result.weight_corrected.begin(), result.weight_corrected.end());
    for (const auto& one : dynetcp::static_connections(weights, result.units(), result.lags(),
                                                       rule_of(0, result.bin_ms), asked)) {
        const auto at =
            static_cast<std::size_t>(one.sender) * units + static_cast<std::size_t>(one.receiver);
        (one.peak > 0 ? scores.peak : scores.trough)[at] = std::abs(one.peak) / one.flank_sd;
    }
    return scores;
}

} // namespace

std::vector<ConnectionMethod> static_methods()
{
    return {{.name = static_name,
             .measure = "SD of the flanks",
             .read = scores_of,
             .there = [](const io::Handle& file, const SessionName& name) {
                 return read_static(file, name, false).pairs_asked > 0;
             }}};
}

} // namespace rewire::jobs
