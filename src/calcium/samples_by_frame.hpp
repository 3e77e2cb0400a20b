#pragma once

#include <rewire/activity/activity.hpp>
#include <rewire/calcium/event_jitter.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::calcium {

/// Samples row by row, to be turned around.
struct RowSamples
{
    std::vector<std::int32_t> frame;
    std::vector<double> value;
    std::vector<std::int64_t> start{0};

    void reserve(std::size_t samples)
    {
        frame.reserve(samples);
        value.reserve(samples);
    }
    void end_row() { start.push_back(static_cast<std::int64_t>(frame.size())); }
};

SamplesByFrame by_frame(const RowSamples& samples, std::int64_t frames);
/// Row i is the neuron `neurons[i]`.
SamplesByFrame by_frame(const activity::ActivityView& activity,
                        std::span<const std::int64_t> neurons);

/// Adds the sum over frames of x_i x_j to matrix[i, j], i <= j, frame by frame in their order.
/// @param matrix [n, n]; the lower triangle stays
void add_products(const SamplesByFrame& samples, std::int64_t n, std::span<double> matrix);

} // namespace rewire::calcium
