#include "rewire/calcium/circles.hpp"

#include <map>
#include <numeric>

namespace rewire::calcium {

FrameCircles one_circle(std::int64_t frames)
{
    const auto label = std::vector<std::int32_t>(static_cast<std::size_t>(frames), 0);
    return circles_of(label);
}

FrameCircles circles_of(std::span<const std::int32_t> label)
{
    auto members = std::map<std::int32_t, std::vector<std::int32_t>>{};
    for (std::size_t t = 0; t < label.size(); ++t)
        if (label[t] >= 0)
            members[label[t]].push_back(static_cast<std::int32_t>(t));
    auto circles = FrameCircles{};
    circles.frames = static_cast<std::int64_t>(label.size());
    for (const auto& [_, frames] : members) {
        const auto length = static_cast<std::int64_t>(frames.size());
        if (length < shortest_circle) {
            circles.too_short += length;
            continue;
        }
        circles.frame.insert(circles.frame.end(), frames.begin(), frames.end());
        circles.start.push_back(circles.used());
    }
    return circles;
}

} // namespace rewire::calcium
