#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rewire::behaviour {

/// At which the speed of the lever is judged.
inline constexpr double rate_hz_of_speed = 1000;

/// How a lever trace is cut into movement and quiescence (methods page, calcium section f). All
/// counts are samples at 1 kHz, that is milliseconds.
struct LeverOptions
{
    double cut_off_hz = 5;
    /// Speed above which the lever moves: units of the trace per millisecond. The value of the
    /// laboratory, for a trace in volts of its own force sensor; other levers need their own.
    double threshold_per_ms = 0.0007;
    std::int64_t widening_ms = 150; ///< both sides together
    std::int64_t shortest_gap_ms = 500;
    std::int64_t shortest_movement_ms = 150;
    /// Movements that touch an end of the series are kept there: where it begins or ends in the
    /// middle of the recording, at a gap. The paper has no gaps and removes them.
    bool keep_at_start = false;
    bool keep_at_end = false;
};

/// Volts that one `unit` is: V, volt, volts, mV, millivolts, uV, microvolts, in any case but for
/// the m of milli. Empty for every other unit and for none.
std::optional<double> volts_in(std::string_view unit);

/// The laboratory's threshold (LeverOptions::threshold_per_ms, in volts) for a trace in `unit`, in
/// units of the trace per ms.
/// @param where file and series, for messages
/// @throws InputError: the unit is not volts, or none is given: the number means nothing for it
double published_threshold(const std::string& unit, const std::string& where);

/// A threshold from the trace's own noise, for levers without a threshold of their own; it scales
/// with the trace. The speed is an envelope, at rest that of gaussian noise: Rayleigh distributed
/// with a scale s of which the lower quartile is s sqrt(-2 ln 0.75). The threshold is 5 s, which
/// noise alone passes about once in three hours. Time spent moving raises the quartile: at 30 % of
/// the recording s comes out about a quarter too large. At least a hundredth of the 99.9th
/// percentile, so that the ripple of filters is no movement where a trace rests without any noise.
/// 0 for a trace that never changes. Not part of the paper's method.
/// @param speed_per_ms of lever_speed
/// @throws InputError: no samples
double noise_threshold(std::span<const double> speed_per_ms);

/// Movements of a lever: [start, stop) in seconds, ascending, apart.
struct LeverMovements
{
    std::vector<double> start_s;
    std::vector<double> stop_s;
};

/// Lever speed in trace units per millisecond, one value a millisecond: resampled to 1 kHz
/// (filters.hpp), zero-phase low pass, difference, mean of 5, Hilbert envelope.
/// @throws InputError: a sample that is not finite, a rate of 0 or less, less than 13 ms of trace
std::vector<double> lever_speed(std::span<const double> trace, double rate_hz,
                                double cut_off_hz = 5);

/// One value a millisecond: 1 where the speed is above the threshold, widened, short gaps closed,
/// short movements and those that touch either end of the series removed.
std::vector<std::uint8_t> moving_lever(std::span<const double> speed_per_ms,
                                       const LeverOptions& options = {});

/// Both steps, as intervals on the clock on which the trace starts at `first_time_s`. On- and
/// offsets are not refined any further: they stay within the widening (75 ms) of the threshold
/// crossing.
LeverMovements lever_movements(std::span<const double> trace, double rate_hz, double first_time_s,
                               const LeverOptions& options = {});

} // namespace rewire::behaviour
