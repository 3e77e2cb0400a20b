#include "oasis_kernels.hpp"

namespace rewire::calcium {

void finish_lane(const LaneChunk& chunk, int lanes, int lane, std::int64_t frame) noexcept
{
    auto top = chunk.top[lane];
    auto pool = *top;
    while (violates(*--top, pool))
        pool = merged(*top, pool);
    *++top = pool;
    for (; frame < chunk.frames; ++frame)
        top = push(top, chunk.samples[frame * lanes + lane],
                   static_cast<double>(chunk.first_frame + frame), chunk.decay);
    chunk.top[lane] = top;
}

void advance_scalar(const LaneChunk& chunk)
{
    for (auto lane = 0; lane < scalar_lanes; ++lane)
        finish_lane(chunk, scalar_lanes, lane, 0);
}

} // namespace rewire::calcium
