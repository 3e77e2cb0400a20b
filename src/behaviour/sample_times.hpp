#pragma once

#include <span>
#include <string>

/// When the samples of a behavioural series were taken, and whether they cover the imaging.
namespace rewire::behaviour {

/// Seconds from sample to sample, the median; 0 for fewer than two.
double median_step(std::span<const double> time_s);

/// @throws InputError: a time is not finite, or not after the one before
void check_frame_times(std::span<const double> frame_time_s);

/// @throws InputError: no samples, a time is not finite, or not after the one before
void check_sample_times(std::span<const double> time_s, const std::string& where);

/// A sample lasts until the next, the last one `step_s`. One more frame is tolerated at either end.
/// @throws InputError: frames before the first sample or after the last has ended
void check_covers(std::span<const double> time_s, double step_s,
                  std::span<const double> frame_time_s, const std::string& where);

} // namespace rewire::behaviour
