#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::activity {

/// Sparse activity of the neurons of one session, by neuron: the non-zero samples of neuron n are
/// frame[start[n] .. start[n+1]), ascending, with their values. Everywhere else the activity is 0.
/// A view: the arrays may lie in memory shared by the ranks of a node.
struct ActivityView
{
    std::int64_t frames = 0;             ///< length of every trace, in frames
    std::span<const std::int64_t> start; ///< [neurons + 1]; empty for no neurons
    std::span<const std::int32_t> frame; ///< [entries] 0 .. frames-1
    std::span<const double> value;       ///< [entries] finite, not 0

    std::int64_t neurons() const noexcept
    {
        return start.empty() ? 0 : static_cast<std::int64_t>(start.size()) - 1;
    }
    std::span<const std::int32_t> frames_of(std::int64_t neuron) const noexcept
    {
        const auto first = static_cast<std::size_t>(start[static_cast<std::size_t>(neuron)]);
        const auto last = static_cast<std::size_t>(start[static_cast<std::size_t>(neuron) + 1]);
        return frame.subspan(first, last - first);
    }
    std::span<const double> values_of(std::int64_t neuron) const noexcept
    {
        const auto first = static_cast<std::size_t>(start[static_cast<std::size_t>(neuron)]);
        const auto last = static_cast<std::size_t>(start[static_cast<std::size_t>(neuron) + 1]);
        return value.subspan(first, last - first);
    }
};

/// The same, owning its arrays.
struct Activity
{
    std::int64_t frames = 0;
    std::vector<std::int64_t> start{0};
    std::vector<std::int32_t> frame;
    std::vector<double> value;

    std::int64_t neurons() const noexcept { return static_cast<std::int64_t>(start.size()) - 1; }
    ActivityView view() const noexcept { return {frames, start, frame, value}; }
};

/// Activity with a value in every frame, as (frame, neuron) row major: dF/F of neurons or spines.
template <typename T>
struct DenseActivityView
{
    std::int64_t frames = 0;
    std::int64_t neurons = 0;
    std::span<const T> value; ///< [frames * neurons]
};

/// The listed neurons over a part of the frames, in the order of the list. place[frame] is where a
/// frame goes, 0 .. frames-1 and no place twice; -1 leaves it out. Entries of value 0 are dropped.
/// Cost: one sort of the entries of a neuron.
Activity select(const ActivityView& activity, std::span<const std::int64_t> neurons,
                std::span<const std::int32_t> place, std::int64_t frames);

} // namespace rewire::activity
