#pragma once

#include "activity_rows.hpp"

#include <rewire/activity/activity.hpp>
#include <rewire/behaviour/epoch_shuffles.hpp>
#include <rewire/behaviour/movement_test.hpp>

#include <cmath>
#include <cstdint>
#include <vector>

/// Slow obvious restatement of the movement test, to hold the fast one against.
namespace rewire::test {

template <typename T>
std::vector<T> frame_major(const std::vector<double>& values, std::int64_t frames)
{
    auto result = std::vector<T>(values.size());
    const auto neurons = frames == 0 ? 0 : static_cast<std::int64_t>(values.size()) / frames;
    for (std::int64_t neuron = 0; neuron < neurons; ++neuron)
        for (std::int64_t frame = 0; frame < frames; ++frame)
            result[static_cast<std::size_t>(frame * neurons + neuron)] =
                static_cast<T>(values[static_cast<std::size_t>(neuron * frames + frame)]);
    return result;
}

inline std::vector<std::uint8_t> mask_of_shuffle(const behaviour::ShuffledMasks& masks,
                                                 std::int64_t shuffle)
{
    auto mask = std::vector<std::uint8_t>(static_cast<std::size_t>(masks.frames), 0);
    const auto edges = masks.edges_of(shuffle);
    for (std::size_t k = 0; k < edges.size(); k += 2)
        for (auto frame = edges[k]; frame < edges[k + 1]; ++frame)
            mask[static_cast<std::size_t>(frame)] = 1;
    return mask;
}

inline double masked_sum(const std::vector<double>& values, std::int64_t neuron,
                         const std::vector<std::uint8_t>& mask)
{
    auto sum = 0.0;
    for (std::size_t frame = 0; frame < mask.size(); ++frame)
        sum += mask[frame] * values[static_cast<std::size_t>(neuron) * mask.size() + frame];
    return sum;
}

/// Ties are sums that differ by less than 1e-9.
inline behaviour::ShuffleCounts slow_counts(const std::vector<double>& values,
                                            const behaviour::Epochs& epochs,
                                            const behaviour::ShuffledMasks& masks)
{
    auto counts = behaviour::ShuffleCounts{};
    const auto neurons =
        epochs.frames == 0 ? 0 : static_cast<std::int64_t>(values.size()) / epochs.frames;
    for (std::int64_t neuron = 0; neuron < neurons; ++neuron) {
        const auto real = masked_sum(values, neuron, behaviour::mask_of(epochs));
        auto less = 0;
        auto equal = 0;
        for (std::int64_t shuffle = 0; shuffle < masks.shuffles(); ++shuffle) {
            const auto sum = masked_sum(values, neuron, mask_of_shuffle(masks, shuffle));
            less += sum < real - 1e-9 ? 1 : 0;
            equal += std::abs(sum - real) <= 1e-9 ? 1 : 0;
        }
        counts.less.push_back(less);
        counts.equal.push_back(equal);
    }
    return counts;
}

} // namespace rewire::test
