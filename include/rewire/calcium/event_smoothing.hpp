#pragma once

#include <rewire/activity/activity.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace rewire::calcium {

/// Frames that smoothing drops at each end: smoothed frame j is original frame j + 2, and every
/// mask over original frames (movement, trials) has to be shifted by as much.
inline constexpr std::int64_t smoothing_margin = 2;

/// Taps of the paper's smoothing.
inline constexpr std::int64_t paper_taps = 2 * smoothing_margin + 1;

/// Length of a smoothed trace: frames - (taps - 1), or 0.
std::int64_t smoothed_frames(std::int64_t frames, std::int64_t taps = paper_taps) noexcept;

/// The odd number of taps nearest to a width in seconds (halfway: the larger), at least 1. Five
/// taps last 0.18 s at 28 Hz and 1.3 s at 3.7 Hz.
/// @throws InputError: width or rate not above 0, or more than 10,001 taps
std::int64_t taps_for(double width_s, double rate_hz);

/// Weights of `taps` frames, the middle one 1: .33 .67 1 .67 .33 for 5, as FARCI has them, and the
/// triangle that these are rounded from, 1 - |k| / ((taps + 1) / 2), for other numbers. Not
/// normalised. @throws InputError: even, or less than 1
std::vector<double> smoothing_weights(std::int64_t taps);

/// What events are smoothed with by default (methods: b2).
inline constexpr auto smoothing_taps = std::array{0.33, 0.67, 1.0, 0.67, 0.33};

enum class NeuronStatus : std::uint8_t
{
    active,    ///< finite and not constant after smoothing: takes part in correlations
    silent,    ///< nothing is left after threshold and smoothing
    constant,  ///< dF/F does not vary and nothing is left, or one value throughout after smoothing
    not_finite ///< NaN or infinity among its samples; no entries
};

/// What thresholding found in one neuron.
struct NeuronSummary
{
    double mean = 0;         ///< of the spikes over all frames; NaN for not_finite
    double threshold = 0;    ///< mean + alpha sd; NaN for not_finite
    std::int64_t events = 0; ///< frames with a spike >= threshold, spikes of 0 not counted
    NeuronStatus status = NeuronStatus::silent;
};

/// Threshold of one neuron: mean + alpha sd (ddof 1) over all frames, zeros included. NaN where a
/// spike is NaN; 0 for no frames; the mean for one frame (sd of one value: 0).
/// FARCI, sp_denoise (methods: b1).
double event_threshold(std::span<const double> spikes, double alpha = 2);

/// Spikes >= threshold, and 0 elsewhere. A NaN threshold keeps everything, as FARCI does.
std::vector<double> keep_events(std::span<const double> spikes, double threshold);

/// 5 taps over the valid frames only, not normalised (methods: b2):
///     o(j) = .33 x(j) + .67 x(j+1) + x(j+2) + .67 x(j+3) + .33 x(j+4),   j = 0 .. T-5
/// Fewer than 5 frames: empty. With other `taps` the same with smoothing_weights(taps), added in
/// the order of the frames.
std::vector<double> smooth_events(std::span<const double> events, std::int64_t taps = paper_taps);

/// Threshold and smoothing of one neuron in one go, appended to `activity` as its next neuron:
/// the non-zero values of smooth_events(keep_events(spikes, event_threshold(spikes, alpha)), taps),
/// the same bits. A NaN among the spikes: status not_finite, no entries. Status constant is given
/// only to a smoothed trace of one value; whether dF/F was constant is not known here.
/// @pre activity.frames == smoothed_frames(spikes.size(), taps), or activity holds no neuron yet
NeuronSummary append_events(std::span<const double> spikes, double alpha,
                            activity::Activity& activity, std::int64_t taps = paper_taps);

} // namespace rewire::calcium
