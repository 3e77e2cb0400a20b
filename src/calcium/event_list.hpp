#pragma once

#include <rewire/calcium/event_smoothing.hpp>

#include <vector>

namespace rewire::calcium {

/// The frames of one neuron in which something is: ascending frames and their values; 0 elsewhere.
struct EventList
{
    std::vector<std::int32_t> frame;
    std::vector<double> value;
};

/// Frames of a trace, and those of them in which there could be spikes: what the threshold is taken
/// over.
struct FrameCount
{
    std::int64_t all = 0;
    std::int64_t counted = 0;
};

/// Threshold, smoothing and status of one neuron from its non-zero spikes, appended to `activity`.
/// `dense` is scratch of at least `frames.all` zeros, and holds zeros again afterwards. `kept`,
/// where given, takes the events that are left before smoothing.
/// @pre all spikes finite; weights = smoothing_weights(some number)
NeuronSummary append_events(const EventList& spikes, FrameCount frames, double alpha,
                            std::span<const double> weights, std::vector<double>& dense,
                            activity::Activity& activity, activity::Activity* kept = nullptr);

/// Appends a neuron without entries.
NeuronSummary append_not_finite(activity::Activity& activity, activity::Activity* kept = nullptr);

} // namespace rewire::calcium
