#pragma once

#include <rewire/activity/activity.hpp>

#include <cstdint>
#include <vector>

namespace rewire::calcium {

/// Median absolute deviations above the median from which the population's mean is no activity.
inline constexpr auto artefact_deviations = 8.0;
/// A frame has more active neurons than its window explains where that many have this chance in any
/// frame of the session.
inline constexpr auto artefact_level = 1e-6;
/// Frames at each side of an artefact that smoothing carries it to.
inline constexpr auto artefact_margin = std::int64_t{2};

/// Frames of motion of the tissue, light leaks, ...: the mean over neurons of their activity, each
/// over its own standard deviation, lies more than artefact_deviations median absolute deviations
/// above its median, and more neurons are active than the window around it explains: where all fire
/// more for a second, as around a movement, that is activity. And artefact_margin frames at each
/// side. No test of pairs can tell such frames from fine coincidences (methods: truth, j).
struct ArtefactFrames
{
    std::vector<std::uint8_t> artefact; ///< [frame] 1: is one
    /// False where half of the frames have the median itself, as where few neurons are active in
    /// few frames: there is no deviation to judge by, and no artefact is found.
    bool judged = true;
};

/// @param smoothed events. Cost: the entries, and a sort of the frames.
/// @param window_frames of the jitter
ArtefactFrames artefact_frames(const activity::ActivityView& smoothed, std::int64_t window_frames);

} // namespace rewire::calcium
