#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// Behavioural series at the times of imaging frames.
namespace rewire::behaviour {

/// Linear interpolation of one channel of a series at the frames.
/// @param values [samples, channels]
/// @param time_s [samples] ascending, on the clock of the frames
/// @param where file and series, for messages
/// @return [frames]
/// @throws InputError, all naming place and time: no samples; times that do not ascend; a sample
/// between which a frame lies that is not a number; frames before the first or after the last
/// sample by more than one frame; frames in a gap, which is longer than a step of the series
/// (median) and a frame together
std::vector<double> interpolated(std::span<const double> values, std::int64_t channels,
                                 std::int64_t channel, std::span<const double> time_s,
                                 std::span<const double> frame_time_s, const std::string& where);

/// The mean of the same straight lines over each frame, which lasts until the next one begins (the
/// last one, and one before a gap of the clock, as long as frames do): what the activity of a frame
/// has seen of a faster series. @return [frames] @throws InputError as `interpolated`
std::vector<double> averaged(std::span<const double> values, std::int64_t channels,
                             std::int64_t channel, std::span<const double> time_s,
                             std::span<const double> frame_time_s, const std::string& where);

/// Share of each frame within half-open intervals, which may overlap. [frames]
/// @pre intervals and times as epochs_of_intervals checks them; two frames at least
std::vector<double> share_within(std::span<const double> start_s, std::span<const double> stop_s,
                                 std::span<const double> frame_time_s);

} // namespace rewire::behaviour
