#pragma once

#include "halves.hpp"
#include "held_trains.hpp"
#include "settings.hpp"

#include <rewire/base/pack.hpp>
#include <rewire/runtime/run_context.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace rewire::jobs {

/// One direction of a pair. Of the null where there is one, else of the rule.
struct DirectionCall
{
    double p_peak = 1;          ///< under jitter, smallest of the direction's lags, Bonferroni
    double p_trough = 1;        ///< the same of troughs
    double p_peak_strict = 1;   ///< against the flanks, too: what calls go by
    double p_trough_strict = 1; ///< the same of troughs
    double peak = 0; ///< corrected correlogram at the lag of the smallest p, or the largest
    double trough = 0;
    std::int32_t peak_lag = 0; ///< bins, signed
    std::int32_t trough_lag = 0;
    std::int64_t significant = 0; ///< of the rule, in the lags of this direction: 1 peak, -1 trough
};

/// What is said of a pair, beside its correlogram.
struct PairCall
{
    std::array<DirectionCall, 2> direction; ///< 0: i -> j (negative lags), 1: j -> i
    double flank_sd = 0;
    double peak = 0; ///< of the rule: the largest of the corrected correlogram within 10 ms
    double trough = 0;
    std::int32_t peak_lag = 0;
    std::int32_t trough_lag = 0;
    std::int32_t pre = -1;
    std::int32_t post = -1;
    std::int32_t significant = 0;       ///< of the rule: 1 peak, -1 trough
    std::int32_t tested = 0;            ///< 0: near or too few spikes, nothing is said
    std::int32_t near = 0;              ///< units on one peak channel or within 50 um
    std::int32_t unused = 0;            ///< so that all bytes have a value
    std::array<double, 2> max_peak{};   ///< p of surrogates, by direction; set by the writer
    std::array<double, 2> max_trough{}; ///< the same of troughs
    /// [direction, half] corrected at the direction's peak lag, in each half of the session; NaN
    /// where neither the rule nor a small p asks for it.
    std::array<double, 4> half_peak{};
    std::array<double, 4> half_trough{}; ///< the same at the trough lag
};

/// Directions of a strict p up to this are estimated in both halves of the session: all that have a
/// q up to it among them, since no q is below its p.
inline constexpr auto halves_p = 0.05;

/// Pairs of a tile, in its order.
struct TileResult
{
    std::vector<std::int32_t> count; ///< [pairs, lags]
    std::vector<double> expected;    ///< [pairs, lags]; empty without a null
    std::vector<double> p_lag;       ///< [pairs, lags]; empty without a null
    std::vector<PairCall> call;      ///< [pairs]

    std::vector<std::byte> packed() const;
    static TileResult unpacked(std::span<const std::byte> bytes);
};

/// The tile over the trains of its own units, as HeldTrains::trains hands them out.
spikes::PairTile local_tile(const spikes::PairTile& tile);

/// Of the counts [pairs, 2 * reach + 1] those of the lags -max_lag .. max_lag.
std::vector<std::int32_t> middle_of(const std::vector<std::int32_t>& raw, std::int64_t pairs,
                                    std::int64_t reach, std::int64_t max_lag);

/// Bytes of a pair in a TileResult.
double bytes_of_pair(const CcgSettings& settings);

/// Normalised correlogram of a pair and what is left of it beyond the null (or its median).
struct Corrected
{
    std::vector<double> ccg;       ///< [lags]
    std::vector<double> corrected; ///< [lags]
};
/// @param expected [lags]; empty: no null
Corrected corrected_of(std::span<const std::int32_t> count, std::span<const double> expected,
                       double first_rate_hz, double second_rate_hz,
                       std::span<const double> overlap);

/// Nothing when stopped. @param plan of the session; nullptr without a null
/// @param halves of the session
std::optional<TileResult> compute_tile(const HeldTrains& held, std::size_t position,
                                       const spikes::PairTile& tile, const CcgSettings& settings,
                                       const spikes::JitterPlan* plan, const Halves& halves,
                                       const runtime::Tick& tick);

} // namespace rewire::jobs
