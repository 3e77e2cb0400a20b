#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::calcium {

/// The frames of a recording that take part in a shift null, cut into circles. The frames of a
/// circle are joined end to end and shifted around it; means are taken, and shifts drawn, circle by
/// circle. A recording without gaps is one circle. One with gaps, or imaged trial by trial, has a
/// circle for each contiguous segment. For shifts within behavioural states, all frames of a state
/// are one circle.
struct FrameCircles
{
    std::int64_t frames = 0;            ///< of the recording
    std::vector<std::int64_t> start{0}; ///< [circles + 1] into `frame`
    std::vector<std::int32_t> frame;    ///< [used] ascending within a circle
    std::int64_t too_short = 0;         ///< frames left out with circles that were too short

    std::int64_t count() const noexcept { return static_cast<std::int64_t>(start.size()) - 1; }
    std::int64_t used() const noexcept { return static_cast<std::int64_t>(frame.size()); }
    std::int64_t length(std::int64_t circle) const noexcept
    {
        return start[static_cast<std::size_t>(circle) + 1] -
               start[static_cast<std::size_t>(circle)];
    }
    std::span<const std::int32_t> of(std::int64_t circle) const noexcept
    {
        return std::span(frame).subspan(
            static_cast<std::size_t>(start[static_cast<std::size_t>(circle)]),
            static_cast<std::size_t>(length(circle)));
    }
};

/// Shorter circles have too few shifts to be worth their mean.
inline constexpr auto shortest_circle = std::int64_t{16};

/// All frames, one circle. Fewer than shortest_circle: none.
FrameCircles one_circle(std::int64_t frames);

/// Frames with the same label form a circle, circles ascending by label; negative labels take no
/// part. Label frames by the number of their segment, or by their state.
FrameCircles circles_of(std::span<const std::int32_t> label);

/// How far a trace that is to be displaced by so many frames is moved around a circle: no further
/// than to the other side, so that a short circle does not bring it back to where it was.
/// @pre frames >= 0
constexpr std::int64_t displaced_by(std::int64_t frames, std::int64_t length) noexcept
{
    return frames < length / 2 ? frames : length / 2;
}

} // namespace rewire::calcium
