#include "rewire/activity/activity.hpp"

#include <algorithm>
#include <utility>

namespace rewire::activity {

Activity select(const ActivityView& activity, std::span<const std::int64_t> neurons,
                std::span<const std::int32_t> place, std::int64_t frames)
{
    auto result = Activity{};
    result.frames = frames;
    auto entries = std::vector<std::pair<std::int32_t, double>>{};
    for (const auto neuron : neurons) {
        const auto frame = activity.frames_of(neuron);
        const auto value = activity.values_of(neuron);
        entries.clear();
        for (std::size_t e = 0; e < frame.size(); ++e) {
            const auto new_frame = place[static_cast<std::size_t>(frame[e])];
            if (new_frame >= 0 && value[e] != 0)
                entries.emplace_back(new_frame, value[e]);
        }
        std::sort(entries.begin(), entries.end()); // places need not ascend with the frames
        for (const auto& [f, v] : entries) {
            result.frame.push_back(f);
            result.value.push_back(v);
        }
        result.start.push_back(static_cast<std::int64_t>(result.frame.size()));
    }
    return result;
}

} // namespace rewire::activity
