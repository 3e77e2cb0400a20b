#pragma once

#include <rewire/activity/activity.hpp>
#include <rewire/calcium/event_smoothing.hpp>

#include <cstdint>
#include <vector>

namespace rewire::calcium {

/// Median absolute deviations above the median from which the population's mean is no activity.
inline constexpr auto artefact_deviations = 8.0;
/// A frame has more active neurons than its window explains where that many have this chance in any
/// frame of the session.
inline constexpr auto artefact_level = 1e-6;

/// Frames of motion of the tissue, light leaks, ...: the mean over neurons of their activity, each
/// over its own standard deviation, lies more than artefact_deviations median absolute deviations
/// above its median, and more neurons are active than the window around it explains: where all fire
/// more for a second, as around a movement, that is activity. And the frames at each side that
/// smoothing carries them to. What lies so close to an end of the recording that only the edge of
/// the taps reaches it may stay. No test of pairs can tell such frames from fine coincidences
/// (methods: truth, j).
struct ArtefactFrames
{
    std::vector<std::uint8_t> artefact; ///< [frame] 1: is one
    /// False where half of the frames have the median itself, as where few neurons are active in
    /// few frames: there is no deviation to judge by. And where in half of them even all neurons
    /// would not be more than the windows explain, as where they are a handful or where smoothing
    /// is so wide that most are active in most frames. No artefact is found then.
    bool judged = true;
};

/// @param smoothed events. Cost: the entries, and a sort of the frames.
/// @param window_frames of the jitter
/// @param taps of the smoothing, odd
ArtefactFrames artefact_frames(const activity::ActivityView& smoothed, std::int64_t window_frames,
                               std::int64_t taps = paper_taps);

} // namespace rewire::calcium
