#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// The paper's rule for connections from a jitter-corrected correlogram (Methods, static
/// connectivity), and which pairs it is asked about.
namespace rewire::spikes {

struct ConnectionRule
{
    double threshold_sd = 7;       ///< alpha_w
    std::int64_t peak_lag = 10;    ///< lags -10 .. 10 are searched
    std::int64_t flank_first = 51; ///< flank: |lag| from here to the end
    /// The flank of the published code, which begins one lag earlier on the positive side.
    bool flank_of_published_code = false;
};

/// One direction's lags, 0 .. peak_lag away from 0.
struct DirectedExtremes
{
    double peak = 0;
    std::int64_t peak_lag = 0; ///< signed
    double trough = 0;
    std::int64_t trough_lag = 0;
    std::int8_t significant = 0; ///< +1: peak > threshold; else -1: trough < -threshold; else 0
};

struct ConnectionCall
{
    double flank_sd = 0;       ///< population SD of the flanks, mean subtracted within the SD alone
    DirectedExtremes forward;  ///< first -> second: lags 0 .. -peak_lag
    DirectedExtremes backward; ///< second -> first: lags 0 .. peak_lag
    double peak = 0;           ///< over both
    std::int64_t peak_lag = 0; ///< the first of the largest, from the most negative lag on
    double trough = 0;
    std::int64_t trough_lag = 0;
    /// Of the pair: +1 for a peak, -1 for a trough without one.
    std::int8_t significant = 0;

    /// Whether the one call of the pair says first -> second; a lag of 0 counts as such, as in the
    /// published code.
    bool forward_called() const noexcept { return (significant >= 0 ? peak_lag : trough_lag) <= 0; }
};

/// @param corrected [lags, -max_lag .. max_lag] correlogram minus its expectation
/// @throws UsageError: fewer lags than the rule looks at
ConnectionCall connection_call(std::span<const double> corrected, const ConnectionRule& rule = {});

/// Correlogram minus its median over all lags: what is left where there is no jitter null.
std::vector<double> median_subtracted(std::span<const double> correlogram);

/// alpha_p: coincidences expected by chance within `window_s` over the time observed. The paper
/// asks for more than 10 within tau = 4 ms (GLMCC) or the 10 ms of its own code.
constexpr double chance_coincidences(double first_rate_hz, double second_rate_hz, double observed_s,
                                     double window_s) noexcept
{
    return first_rate_hz * second_rate_hz * observed_s * window_s;
}

/// Where a unit was recorded. NaN position: not known.
struct UnitPlace
{
    std::int64_t peak_channel = -1; ///< -1: not known
    double x_um = 0;
    double y_um = 0;
    double z_um = 0;
};

/// Whether anything is known by which two units can be near.
bool is_known(const UnitPlace& place) noexcept;

/// Whether two units share their peak channel or lie within the distance: there, sorters lose
/// coincident spikes, and a correlogram says more about sorting than about synapses.
bool near(const UnitPlace& first, const UnitPlace& second, double distance_um = 50) noexcept;

/// u8 [pairs i < j of the strict upper triangle].
std::vector<std::uint8_t> near_pairs(std::span<const UnitPlace> place, double distance_um = 50);

} // namespace rewire::spikes
