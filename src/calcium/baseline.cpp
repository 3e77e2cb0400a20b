#include "rewire/calcium/baseline.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <numeric>

namespace rewire::calcium {

namespace {

void require_positive(double value, const char* name)
{
    if (!(std::isfinite(value) && value > 0))
        throw base::InputError(
            fmt::format("the baseline's {} must be positive, not {}", name, value), "",
            "check the options of the baseline");
}

/// Gaussian taps -radius .. radius that sum to 1.
std::vector<double> gaussian_taps(double sigma, std::int64_t radius)
{
    auto taps = std::vector<double>{};
    for (auto k = -radius; k <= radius; ++k)
        taps.push_back(std::exp(-0.5 * static_cast<double>(k * k) / (sigma * sigma)));
    const auto sum = std::accumulate(taps.begin(), taps.end(), 0.0);
    for (auto& tap : taps)
        tap /= sum;
    return taps;
}

/// `inside` maps a frame before the first or after the last to one of the trace.
template <typename Inside>
std::vector<double> convolved(std::span<const double> trace, const std::vector<double>& taps,
                              Inside inside)
{
    const auto frames = static_cast<std::int64_t>(trace.size());
    const auto radius = static_cast<std::int64_t>(taps.size()) / 2;
    auto out = std::vector<double>(trace.size());
    for (auto t = std::int64_t{0}; t < frames; ++t) {
        auto sum = 0.0;
        for (auto k = -radius; k <= radius; ++k)
            sum += taps[static_cast<std::size_t>(k + radius)] *
                   trace[static_cast<std::size_t>(inside(t + k, frames))];
        out[static_cast<std::size_t>(t)] = sum;
    }
    return out;
}

std::int64_t replicated(std::int64_t frame, std::int64_t frames)
{
    return std::clamp(frame, std::int64_t{0}, frames - 1);
}

/// c b a | a b c | c b a, as often as it takes.
std::int64_t reflected(std::int64_t frame, std::int64_t frames)
{
    const auto period = 2 * frames;
    const auto within = ((frame % period) + period) % period;
    return within < frames ? within : period - 1 - within;
}

/// Extreme value of the frames within `half` of each: a queue of candidates, the best in front.
/// Replicating the edges adds only frames that are in the window already.
template <typename Better>
std::vector<double> sliding_best(const std::vector<double>& trace, std::int64_t half, Better better)
{
    const auto frames = static_cast<std::int64_t>(trace.size());
    const auto at = [&](std::int64_t frame) { return trace[static_cast<std::size_t>(frame)]; };
    auto candidates = std::deque<std::int64_t>{};
    auto out = std::vector<double>(trace.size());
    auto entered = std::int64_t{0};
    for (auto t = std::int64_t{0}; t < frames; ++t) {
        for (; entered <= std::min(t + half, frames - 1); ++entered) {
            while (!candidates.empty() && !better(at(candidates.back()), at(entered)))
                candidates.pop_back();
            candidates.push_back(entered);
        }
        while (candidates.front() < t - half)
            candidates.pop_front();
        out[static_cast<std::size_t>(t)] = at(candidates.front());
    }
    return out;
}

} // namespace

std::vector<double> maximin_baseline(std::span<const double> fluorescence, double rate_hz,
                                     double window_s, double sigma_frames)
{
    require_positive(rate_hz, "frame rate");
    require_positive(window_s, "window");
    require_positive(sigma_frames, "smoothing");
    const auto half = static_cast<std::int64_t>(window_s * rate_hz) / 2;
    const auto radius = static_cast<std::int64_t>(std::nearbyint(3 * sigma_frames));
    const auto smooth = convolved(fluorescence, gaussian_taps(sigma_frames, radius), replicated);
    return sliding_best(sliding_best(smooth, half, std::less<>{}), half, std::greater<>{});
}

double percentile_baseline(std::span<const double> fluorescence, double percentile)
{
    if (!(percentile >= 0 && percentile <= 100))
        throw base::InputError(
            fmt::format("the baseline's percentile must be 0 to 100, not {}", percentile), "",
            "check the options of the baseline");
    if (fluorescence.empty())
        return std::numeric_limits<double>::quiet_NaN();
    auto samples = std::vector<double>(fluorescence.begin(), fluorescence.end());
    const auto place = percentile / 100 * static_cast<double>(samples.size() - 1);
    const auto below = static_cast<std::ptrdiff_t>(place);
    std::nth_element(samples.begin(), samples.begin() + below, samples.end());
    const auto low = samples[static_cast<std::size_t>(below)];
    if (static_cast<double>(below) == place)
        return low;
    const auto high = *std::min_element(samples.begin() + below + 1, samples.end());
    return low + (place - static_cast<double>(below)) * (high - low);
}

double smoothed_minimum(std::span<const double> fluorescence, double sigma_frames)
{
    require_positive(sigma_frames, "smoothing");
    if (fluorescence.empty())
        return std::numeric_limits<double>::infinity();
    const auto radius = static_cast<std::int64_t>(std::floor(4 * sigma_frames + 0.5));
    const auto smooth = convolved(fluorescence, gaussian_taps(sigma_frames, radius), reflected);
    return *std::min_element(smooth.begin(), smooth.end());
}

} // namespace rewire::calcium
