#pragma once

#include <rewire/calcium/event_jitter.hpp>

#include <cstdint>
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

} // namespace rewire::calcium
