#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

/// Which pairs are connected, from jitter-corrected static weights w - w' (section 4; Methods,
/// static connectivity of the paper).
namespace rewire::dynetcp {

struct StaticRule
{
    double threshold_sd = 7;       ///< alpha_w
    std::int64_t peak_lag = 10;    ///< lags 0 .. 10 are searched
    std::int64_t flank_first = 51; ///< flanks: lags from here to the end, of both directions
    bool absolute = true;          ///< |weight|; false: positive peaks alone
};

struct StaticConnection
{
    std::int32_t sender = 0;
    std::int32_t receiver = 0;
    std::int32_t peak_lag = 0;
    double peak = 0;     ///< weight there, with its sign
    double flank_sd = 0; ///< about 0: the mean is subtracted within the SD alone
};

/// For each pair i < j: the direction of the larger peak, where that exceeds threshold_sd SD of
/// both directions' flanks; where both peaks lie at lag 0, i -> j if its peak does; equal peaks:
/// neither. In the order of i, j. O(neurons^2 lags).
/// @param weights [sender, receiver, lag], lag 0 first
/// @param asked pairs i < j that are looked at; empty: all
/// @throws UsageError: no flank, or fewer lags than are searched
std::vector<StaticConnection>
static_connections(std::span<const double> weights, std::int64_t neurons, std::int64_t lags,
                   const StaticRule& rule,
                   const std::function<bool(std::int64_t i, std::int64_t j)>& asked = {});

/// alpha_p: lambda_i lambda_j T M d, for rates in Hz, M trials and the T = 10 bins of d = 5 ms that
/// a dynamic weight is averaged over. The paper asks for more than 4800, which is 200 s^-2 of 480
/// trials.
double pair_spikes(double first_rate_hz, double second_rate_hz, std::int64_t trials) noexcept;

} // namespace rewire::dynetcp
