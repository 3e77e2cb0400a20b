#pragma once

#include <rewire/behaviour/lever.hpp>

#include <span>
#include <string>
#include <vector>

/// A lever with the times at which its samples were really taken, made ready for filters that need
/// an even clock.
namespace rewire::behaviour {

/// A step between timestamps above this, and above `bridged_steps` median steps, is a gap: a lever
/// low-passed at 5 Hz is not known there. Shorter ones are bridged by a straight line.
inline constexpr double bridged_ms = 20;
inline constexpr double bridged_steps = 2.5;
/// Timestamps that stay this close to even ones are taken as even, in steps.
inline constexpr double even_tolerance = 0.01;

/// Sample k was taken at first_time_s + k step_s and is filtered as if 1 / step_s were rate_hz, of
/// which 1 kHz is a simple fraction (`simple_rate`, within 0.1 % of it). Speeds and the lengths of
/// LeverOptions are therefore right to 0.1 %, while movements are placed by true time, without
/// drift.
struct EvenTrace
{
    std::vector<double> value;
    double rate_hz = 0;
    double first_time_s = 0;
    double step_s = 0;
};

/// Even timestamps (a clock that is fast or slow but steady) keep their samples. Uneven ones
/// (jitter, drift that varies, single lost samples) are interpolated linearly, on time, to the
/// simple rate nearest to the mean. A gap before or after all frames cuts the trace there; one in
/// between is an error.
/// @param time_s of every sample, ascending, on the clock of the frames
/// @param stated_rate_hz of a series that has a rate and no timestamps; 0 for timestamps
/// @param where file and series, for messages
/// @throws InputError, all naming place and time: fewer than two samples; a sample or a time that
/// is not a number; times that do not ascend; a gap; frames before the first sample or after the
/// last by more than one frame
EvenTrace on_even_clock(std::vector<double> trace, std::span<const double> time_s,
                        double stated_rate_hz, std::span<const double> frame_time_s,
                        const std::string& where);

/// The movements of `lever_movements` (lever.hpp), placed by true time.
LeverMovements lever_movements(const EvenTrace& trace, const LeverOptions& options = {});

} // namespace rewire::behaviour
