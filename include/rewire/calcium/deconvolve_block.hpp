#pragma once

#include <rewire/activity/activity.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/calcium/deconvolution.hpp>
#include <rewire/calcium/event_smoothing.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace rewire::calcium {

/// How the pools are computed: one neuron after the other, or several at a time in one core's
/// vector unit. All give the same bits.
enum class OasisKernel
{
    automatic,
    scalar,
    avx2,
    avx512
};

/// Whether this processor can run it.
bool is_available(OasisKernel kernel) noexcept;
/// What `automatic` stands for on this processor.
OasisKernel best_kernel() noexcept;
std::string_view name_of(OasisKernel kernel) noexcept;

/// dF/F of some neurons as NWB stores it, frame after frame: sample [frame * neurons + neuron].
template <typename Sample>
struct TraceBlock
{
    std::span<const Sample> samples;
    std::int64_t frames = 0;
    std::int64_t neurons = 0;
};

struct BlockOptions
{
    OasisParameters oasis;
    double alpha = 2; ///< threshold of events in standard deviations above the mean
    OasisKernel kernel = OasisKernel::automatic;
    std::int64_t taps = paper_taps; ///< of the smoothing, odd: taps_for(seconds, rate)
    /// Stretches of frames that follow one another in time, ascending. Each is deconvolved on its
    /// own: no calcium decays from one into the next, and the first frame of each has no spike.
    /// Frames outside have no spikes and do not count for the threshold, of which a neuron has one.
    /// Smoothed frames within reach of both sides of an end belong to neither side. Empty: all
    /// frames, one stretch.
    std::vector<base::Range> segments;
};

/// From dF/F to smoothed events: deconvolves, thresholds and smooths each neuron of the block,
/// appends it to `activity` and returns what was found, neuron by neuron. The same bits as
/// append_events(deconvolve(dff)) without segments, whatever the block and the kernel. `events`,
/// where given, takes the thresholded events before smoothing, over all frames of the block (for
/// interval jitter).
///
/// A neuron with a NaN or an infinity in a segment has status not_finite and no entries. Under
/// farci, a trace whose steps are all equal has no entries; status constant where it does not vary
/// at all.
///
/// Time for noisy traces 5 to 7 ns a sample with AVX-512, 8 with AVX2, 11 without vectors; a block
/// of a few dozen neurons is faster than one of hundreds, whose samples lie further apart. Memory:
/// the pools of 16 neurons, at most 512 B a frame of which about a tenth is touched for noisy
/// traces, 8 B a frame, and 0.3 MB.
/// @pre activity.frames == smoothed_frames(block.frames, options.taps), or activity holds no neuron
/// yet
/// @throws InputError as oasis_decay; more than 2^31 - 1 frames; samples not frames x neurons;
/// segments that overlap or leave the block; a kernel that this processor cannot run
template <typename Sample>
std::vector<NeuronSummary>
deconvolve_block(const TraceBlock<Sample>& block, const BlockOptions& options,
                 activity::Activity& activity, activity::Activity* events = nullptr);
extern template std::vector<NeuronSummary> deconvolve_block(const TraceBlock<float>&,
                                                            const BlockOptions&,
                                                            activity::Activity&,
                                                            activity::Activity*);
extern template std::vector<NeuronSummary> deconvolve_block(const TraceBlock<double>&,
                                                            const BlockOptions&,
                                                            activity::Activity&,
                                                            activity::Activity*);

} // namespace rewire::calcium
