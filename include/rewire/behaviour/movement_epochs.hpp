#pragma once

#include <rewire/base/partition.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// When the animal moved, on the frames of a recording.
namespace rewire::behaviour {

/// Movement epochs of one session: runs of movement frames, ascending, separated by at least one
/// quiescent frame, each inside [0, frames) and not empty.
struct Epochs
{
    std::int64_t frames = 0;
    std::vector<base::Range> movements;

    std::int64_t movement_frames() const noexcept;
    friend bool operator==(const Epochs&, const Epochs&) = default;
};

/// Runs of non-zero values of a binary series, one value a frame.
/// @throws InputError for a value other than 0 and 1, naming the frame
Epochs epochs_of_mask(std::span<const std::uint8_t> mask);

/// 0 or 1 a frame: the reverse of epochs_of_mask.
std::vector<std::uint8_t> mask_of(const Epochs& epochs);

/// Frames whose time lies in one of the half-open intervals [start, stop), in any order; intervals
/// may overlap. All in seconds on the same clock. For any table of intervals: movements, states.
/// @param where of the table, for messages
/// @throws InputError: the two columns differ in length, a time is not finite, an interval ends
/// before it starts, frame times do not ascend
Epochs epochs_of_intervals(std::span<const double> start_s, std::span<const double> stop_s,
                           std::span<const double> frame_time_s,
                           const std::string& where = "movement intervals");

/// Every movement made longer by `each_side` frames at both ends, and those that then touch joined.
/// @throws InputError for a negative number of frames
Epochs dilated(const Epochs& epochs, std::int64_t each_side);

/// Frames that the 5-tap event smoothing drops at each end of a session: smoothed sample j belongs
/// to frame j + 2.
inline constexpr std::int64_t smoothing_margin = 2;

/// The epochs on the axis of the smoothed events, 2 * margin frames shorter: the margin of 5 taps,
/// or (n - 1) / 2 for n. Empty for sessions shorter than that.
Epochs on_smoothed_axis(const Epochs& epochs, std::int64_t margin = smoothing_margin);

/// Movements where a series is known in part.
struct CoveredEpochs
{
    Epochs epochs; ///< over all frames; unknown ones count as quiescent here
    /// [frames] 0: what the animal did is not known, and the frame has to be left out. Empty: all
    /// frames are known.
    std::vector<std::uint8_t> known;

    std::int64_t unknown_frames() const noexcept;
};

} // namespace rewire::behaviour
