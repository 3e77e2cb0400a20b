#include "rewire/calcium/artefacts.hpp"

#include <rewire/stats/median.hpp>

#include <algorithm>
#include <cmath>

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

} // namespace

ArtefactFrames artefact_frames(const activity::ActivityView& smoothed)
{
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
    result.judged = limit > 0;
    for (std::int64_t t = 0; result.judged && t < smoothed.frames; ++t)
        if (mean[static_cast<std::size_t>(t)] - median > limit)
            std::fill(artefact.begin() + std::max<std::int64_t>(0, t - artefact_margin),
                      artefact.begin() + std::min(smoothed.frames, t + artefact_margin + 1),
                      std::uint8_t{1});
    return result;
}

} // namespace rewire::calcium
