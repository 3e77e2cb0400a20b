#pragma once

#include <rewire/spikes/jitter.hpp>

namespace rewire::spikes {

/// Pairs of bins, one of each window, whose difference is the lag. `distance` = start of the first
/// - start of the second.
std::int64_t window_overlap(std::int64_t lag, std::int64_t distance, std::int64_t first_bins,
                            std::int64_t second_bins);

/// Calls visit(spike, segment index) for a train, in order.
template <typename Visit>
void for_each_in_segments(const Timeline& timeline, std::span<const std::int32_t> train,
                          Visit&& visit)
{
    auto segment = std::size_t{0};
    for (const auto spike : train) {
        while (timeline.segments[segment].last() <= spike)
            ++segment;
        visit(spike, segment);
    }
}

/// Calls visit(spike, window index) for a train, in order.
template <typename Visit>
void for_each_in_windows(const JitterPlan& plan, std::span<const std::int32_t> train, Visit&& visit)
{
    const auto length = static_cast<std::uint32_t>(plan.settings().bins);
    for_each_in_segments(plan.timeline(), train, [&](auto spike, auto segment) {
        const auto within = static_cast<std::uint32_t>(spike) -
                            static_cast<std::uint32_t>(plan.timeline().segments[segment].first);
        visit(spike,
              static_cast<std::size_t>(plan.segment_windows()[segment].first) + within / length);
    });
}

/// Sums of whole windows at -D .. D: sum over spikes of first[spike + d].
/// @pre `first` has D + 64 values before and after what `spikes` name
void coarse_counts(const std::uint8_t* first, std::uint8_t most,
                   std::span<const std::int32_t> spikes, std::int64_t reach,
                   std::span<std::int64_t> sum);

} // namespace rewire::spikes
