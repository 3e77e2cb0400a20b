#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::behaviour {

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
};

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
