#include "rewire/calcium/artefacts.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/stats/median.hpp>
#include <rewire/stats/poisson.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rewire::calcium {

namespace {

/// [frame] mean over neurons, each over its standard deviation.
std::vector<double> population_mean(const activity::ActivityView& activity)
{
    auto mean = std::vector<double>(static_cast<std::size_t>(activity.frames), 0.0);
    const auto frames = static_cast<double>(activity.frames);
    for (std::int64_t n = 0; n < activity.neurons(); ++n) {
        auto sum = 0.0;
        auto squares = 0.0;
        for (const auto value : activity.values_of(n)) {
            sum += value;
            squares += value * value;
        }
        const auto variance = squares / frames - sum / frames * sum / frames;
        if (!(variance > 0))
            continue;
        const auto frame = activity.frames_of(n);
        for (std::size_t e = 0; e < frame.size(); ++e)
            mean[static_cast<std::size_t>(frame[e])] +=
                activity.values_of(n)[e] / std::sqrt(variance);
    }
    return mean;
}

/// [frame] neurons that are active.
std::vector<std::int64_t> active_count(const activity::ActivityView& activity)
{
    auto count = std::vector<std::int64_t>(static_cast<std::size_t>(activity.frames), 0);
    for (const auto frame : activity.frame)
        ++count[static_cast<std::size_t>(frame)];
    return count;
}

struct BeyondWindows
{
    std::vector<std::uint8_t> beyond; ///< [frame]
    std::int64_t possible = 0;        ///< frames that all neurons at once would be beyond
};

/// Whether more neurons are active in a frame than a window before and one after explain, in which
/// each would be active as often at any other time: a Poisson tail, whose variance is not below
/// theirs. What smoothing carries out of the frame is in neither.
/// @param carried frames at each side that share an event of before smoothing with the frame
/// @param neurons that are active at all
BeyondWindows beyond_windows(const std::vector<std::int64_t>& active, std::int64_t window,
                             std::int64_t carried, std::int64_t neurons)
{
    const auto frames = static_cast<std::int64_t>(active.size());
    auto sum_before = std::vector<std::int64_t>(active.size() + 1, 0);
    std::partial_sum(active.begin(), active.end(), sum_before.begin() + 1);
    const auto sum = [&](std::int64_t first, std::int64_t last) {
        return static_cast<double>(sum_before[static_cast<std::size_t>(last)] -
                                   sum_before[static_cast<std::size_t>(first)]);
    };
    const auto level = artefact_level / static_cast<double>(frames);
    auto result = BeyondWindows{std::vector<std::uint8_t>(active.size(), 0)};
    for (std::int64_t t = 0; t < frames; ++t) {
        const auto before = base::Range{std::max<std::int64_t>(0, t - carried - window),
                                        std::max<std::int64_t>(0, t - carried)};
        const auto after = base::Range{std::min(frames, t + carried + 1),
                                       std::min(frames, t + carried + 1 + window)};
        const auto mean =
            (sum(before.first, before.last) + sum(after.first, after.last)) /
            static_cast<double>(std::max<std::int64_t>(1, before.size() + after.size()));
        const auto count = active[static_cast<std::size_t>(t)];
        result.beyond[static_cast<std::size_t>(t)] =
            stats::poisson_tails(mean, count).upper < level ? 1 : 0;
        result.possible += stats::poisson_tails(mean, neurons).upper < level ? 1 : 0;
    }
    return result;
}

} // namespace

ArtefactFrames artefact_frames(const activity::ActivityView& smoothed, std::int64_t window_frames,
                               std::int64_t taps)
{
    const auto margin = (taps - 1) / 2;
    auto result = ArtefactFrames{};
    auto& artefact = result.artefact;
    artefact.resize(static_cast<std::size_t>(smoothed.frames), 0);
    if (artefact.empty())
        return result;
    const auto mean = population_mean(smoothed);
    const auto median = stats::upper_median(mean);
    auto deviation = mean;
    for (auto& value : deviation)
        value = std::abs(value - median);
    const auto limit = artefact_deviations * stats::upper_median(deviation);
    auto active = std::int64_t{0};
    for (std::int64_t n = 0; n < smoothed.neurons(); ++n)
        active += smoothed.frames_of(n).empty() ? 0 : 1;
    const auto [beyond, possible] =
        beyond_windows(active_count(smoothed), window_frames, 2 * margin, active);
    result.judged = limit > 0 && 2 * possible > smoothed.frames;
    for (std::int64_t t = 0; result.judged && t < smoothed.frames; ++t)
        if (mean[static_cast<std::size_t>(t)] - median > limit &&
            beyond[static_cast<std::size_t>(t)] != 0)
            std::fill(artefact.begin() + std::max<std::int64_t>(0, t - margin),
                      artefact.begin() + std::min(smoothed.frames, t + margin + 1),
                      std::uint8_t{1});
    return result;
}

} // namespace rewire::calcium
