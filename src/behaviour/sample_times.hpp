#pragma once

#include <span>
#include <string>

/// When the samples of a behavioural series were taken, and whether they cover the imaging.
namespace rewire::behaviour {

/// Where movements are wanted and a series does not cover the imaging.
inline constexpr auto give_movements =
    "what the animal did in the rest is not known: give a series of the whole session, the "
    "movements as a table of intervals, or leave the rest out with --uncovered mask";

/// Seconds from sample to sample, the median; 0 for fewer than two.
double median_step(std::span<const double> time_s);

/// @throws InputError: a time is not finite, or not after the one before
void check_frame_times(std::span<const double> frame_time_s);

/// @throws InputError: no samples, a time is not finite, or not after the one before
void check_sample_times(std::span<const double> time_s, const std::string& where);

/// A sample lasts until the next, the last one `step_s`. One more frame is tolerated at either end.
/// @param remedy what to do about it, for the message
/// @throws InputError: frames before the first sample or after the last has ended
void check_covers(std::span<const double> time_s, double step_s,
                  std::span<const double> frame_time_s, const std::string& where,
                  const std::string& remedy);

} // namespace rewire::behaviour
