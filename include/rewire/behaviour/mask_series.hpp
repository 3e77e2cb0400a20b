#pragma once

#include <rewire/behaviour/movement_epochs.hpp>

#include <optional>
#include <span>
#include <string>

/// Movements from a series that holds one of two values at every sample, on a clock of its own.
namespace rewire::behaviour {

struct MaskValues
{
    double quiescent = 0;
    double moving = 1;
    friend bool operator==(const MaskValues&, const MaskValues&) = default;
};

/// The two values of a mask, the larger being movement: 0 and 1, FALSE and TRUE, 0 and 255. A
/// series of nothing but 0, or nothing but 1, is a mask of 0 and 1. Samples that are not finite are
/// passed over. Empty: not a mask.
std::optional<MaskValues> mask_values(std::span<const double> series);

/// Frames at which the mask holds its larger value. A frame takes the sample at its time or before
/// it (to 1 % of a step), the first frame also one up to a frame later.
/// @param time_s of every sample, ascending, on the clock of the frames
/// @param where file and series, for messages
/// @throws InputError, all naming place and time: not a mask; a sample that is not a number; times
/// that do not ascend; frames for which there is no sample: before the first or after the last
/// sample by more than one frame, or in a gap, that is later after the sample before than a step of
/// the series (median) and a frame together
Epochs epochs_of_mask_series(std::span<const double> series, std::span<const double> time_s,
                             std::span<const double> frame_time_s, const std::string& where);

/// For `--uncovered mask`: frames for which there is no sample, or one that is not a number, are
/// unknown instead of an error.
/// @throws InputError: not a mask; times that do not ascend; no frame is known
CoveredEpochs covered_epochs_of_mask_series(std::span<const double> series,
                                            std::span<const double> time_s,
                                            std::span<const double> frame_time_s,
                                            const std::string& where);

} // namespace rewire::behaviour
