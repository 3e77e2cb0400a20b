#include "jitter_parts.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace rewire::spikes {

std::string_view name_of(Jitter jitter) noexcept
{
    switch (jitter) {
    case Jitter::none:
        return "none";
    case Jitter::pattern:
        return "pattern";
    case Jitter::interval:
        return "interval";
    case Jitter::dither:
        return "dither";
    }
    return "";
}

std::int64_t window_overlap(std::int64_t lag, std::int64_t distance, std::int64_t first_bins,
                            std::int64_t second_bins)
{
    const auto shift = lag - distance;
    const auto from = std::max(shift, std::int64_t{0});
    const auto to = std::min(first_bins, shift + second_bins);
    return std::max(to - from, std::int64_t{0});
}

JitterPlan::JitterPlan(const Timeline& timeline, const JitterSettings& settings,
                       std::int64_t max_lag)
    : timeline_(timeline), settings_(settings), max_lag_(max_lag)
{
    const auto& segments = timeline_.segments;
    if (settings.kind == Jitter::none)
        return;
    if (settings.bins < 1 || settings.bins > 255)
        throw base::InputError(fmt::format("a jitter of {} bins", settings.bins), "jitter",
                               "choose 1 to 255 bins");
    if (settings.kind == Jitter::pattern && (!timeline.trials || segments.size() < 2))
        throw base::InputError(
            fmt::format("pattern jitter of {}", timeline.trials
                                                    ? fmt::format("{} trials", segments.size())
                                                    : "a recording that is not cut into trials"),
            "jitter",
            "it permutes spikes across trials and would return fewer than two unchanged: align to "
            "trials, or choose interval jitter");
    for (std::size_t k = 1; timeline.trials && k < segments.size(); ++k)
        if (segments[k].first - segments[k - 1].last() < max_lag + 2 * settings.bins)
            throw base::InputError("trials lie closer together than the lags reach", "jitter",
                                   "bin the trials with a larger gap");
    if (settings.kind == Jitter::dither)
        return;
    coarse_reach_ = (max_lag + settings.bins - 1) / settings.bins;
    cut_windows();
    if (settings.kind == Jitter::interval)
        find_irregular_classes();
    find_regular_windows();
    if (timeline.trials && !segments.empty())
        windows_of_a_trial_ = std::ssize(windows_) / std::ssize(segments);
}

void JitterPlan::cut_windows()
{
    auto coarse = coarse_reach_;
    for (const auto& segment : timeline_.segments) {
        of_segment_.push_back({std::ssize(windows_)});
        for (auto first = segment.first; first < segment.last(); first += settings_.bins) {
            const auto bins = std::min(settings_.bins, segment.last() - first);
            const auto full = bins == settings_.bins;
            windows_.push_back({first, static_cast<std::int32_t>(bins),
                                full ? static_cast<std::int32_t>(coarse++) : -1});
        }
        coarse += coarse_reach_;
    }
    coarse_extent_ = coarse;
}

void JitterPlan::find_irregular_classes()
{
    using Geometry = std::tuple<std::int64_t, std::int32_t, std::int32_t>; // distance, bins, bins
    auto classes = std::map<Geometry, std::vector<std::array<std::int32_t, 2>>>{};
    const auto index_of = [&](Window& window) {
        if (window.irregular < 0)
            window.irregular = static_cast<std::int32_t>(irregular_windows_++);
        return window.irregular;
    };
    for (std::size_t a = 0; a < windows_.size(); ++a)
        for (auto b = a; b < windows_.size() &&
                         windows_[b].first - windows_[a].first < max_lag_ + windows_[a].bins;
             ++b) {
            auto& one = windows_[a];
            auto& other = windows_[b];
            // Full windows of one segment are as far apart in time as among the full ones.
            const auto regular =
                one.coarse >= 0 && other.coarse >= 0 &&
                other.first - one.first == settings_.bins * (other.coarse - one.coarse);
            if (regular)
                continue;
            const auto i = index_of(one);
            const auto j = index_of(other);
            classes[{one.first - other.first, one.bins, other.bins}].push_back({i, j});
            if (a != b)
                classes[{other.first - one.first, other.bins, one.bins}].push_back({j, i});
        }
    for (auto& [geometry, members] : classes) {
        const auto [distance, first_bins, second_bins] = geometry;
        auto one = IrregularClass{std::move(members), {}};
        for (auto lag = -max_lag_; lag <= max_lag_; ++lag)
            one.profile.push_back(
                static_cast<double>(window_overlap(lag, distance, first_bins, second_bins)) /
                static_cast<double>(first_bins * second_bins));
        irregular_.push_back(std::move(one));
    }
}

/// Irregular windows lie at the ends of segments: what is between them is one run.
void JitterPlan::find_regular_windows()
{
    for (std::size_t k = 0; k < of_segment_.size(); ++k) {
        auto& segment = of_segment_[k];
        const auto end =
            k + 1 < of_segment_.size() ? of_segment_[k + 1].first : std::ssize(windows_);
        const auto regular = [&](std::int64_t index) {
            const auto& window = windows_[static_cast<std::size_t>(index)];
            return window.coarse >= 0 && window.irregular < 0;
        };
        segment.regular_first = segment.first;
        while (segment.regular_first < end && !regular(segment.regular_first))
            ++segment.regular_first;
        segment.regular_last = segment.regular_first;
        while (segment.regular_last < end && regular(segment.regular_last))
            ++segment.regular_last;
    }
}

} // namespace rewire::spikes
