#pragma once

#include <cstdint>

namespace rewire::calcium {

/// One neuron's samples, `stride` apart: a neuron of a frame-major block, or a plain trace.
template <typename Sample>
struct Trace
{
    const Sample* first;
    std::int64_t frames;
    std::int64_t stride;

    double operator[](std::int64_t frame) const noexcept
    {
        return static_cast<double>(first[frame * stride]);
    }
};

/// Whether all differences of successive samples are the same, as in a constant trace, a straight
/// line, or fewer than three frames. farci multiplies by the noise level, which is then 0. Ends
/// at the first difference that differs.
template <typename Sample>
bool has_equal_steps(const Trace<Sample>& trace) noexcept
{
    for (auto t = std::int64_t{2}; t < trace.frames; ++t)
        if (trace[t] - trace[t - 1] != trace[1] - trace[0])
            return false;
    return true;
}

template <typename Sample>
bool is_constant(const Trace<Sample>& trace) noexcept
{
    for (auto t = std::int64_t{1}; t < trace.frames; ++t)
        if (trace[t] != trace[0])
            return false;
    return true;
}

} // namespace rewire::calcium
