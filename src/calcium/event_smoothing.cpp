#include "event_list.hpp"

#include <rewire/calcium/event_smoothing.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>

namespace rewire::calcium {

namespace {

constexpr auto outer_tap = smoothing_taps[0];
constexpr auto inner_tap = smoothing_taps[1];
constexpr auto taps = 2 * smoothing_margin + 1;

/// One smoothed value; the taps are added in this order everywhere.
double smoothed(const double* x) noexcept
{
    return outer_tap * x[0] + inner_tap * x[1] + x[2] + inner_tap * x[3] + outer_tap * x[4];
}

/// Sum of term(0) .. term(count-1) in four interleaved parts: a fixed order that depends on
/// nothing else, with four additions in flight.
template <typename Term>
double sum_of(std::size_t count, Term term) noexcept
{
    auto part = std::array<double, 4>{};
    auto k = std::size_t{0};
    for (; k + 4 <= count; k += 4)
        for (auto i = std::size_t{0}; i < 4; ++i)
            part[i] += term(k + i);
    for (auto i = std::size_t{0}; k < count; ++k, ++i)
        part[i] += term(k);
    return (part[0] + part[1]) + (part[2] + part[3]);
}

struct Level
{
    double mean = 0;
    double threshold = 0;
};

/// From the non-zero spikes: each other frame adds nothing to the mean and mean^2 to the squared
/// deviations.
Level level_of(std::span<const double> nonzero, std::int64_t frames, double alpha) noexcept
{
    if (frames == 0)
        return {};
    const auto mean = sum_of(nonzero.size(), [&](std::size_t k) { return nonzero[k]; }) /
                      static_cast<double>(frames);
    if (frames == 1)
        return {mean, mean};
    const auto zeros = static_cast<double>(frames - static_cast<std::int64_t>(nonzero.size()));
    const auto squares = zeros * (mean * mean) + sum_of(nonzero.size(), [&](std::size_t k) {
                             return (nonzero[k] - mean) * (nonzero[k] - mean);
                         });
    return {mean, mean + alpha * std::sqrt(squares / static_cast<double>(frames - 1))};
}

/// Smooths where events are: every output frame within reach of one, once, ascending.
void append_smoothed(std::span<const std::int32_t> events, const double* dense, std::int64_t frames,
                     Activity& activity)
{
    auto size = activity.value.size();
    activity.frame.resize(size + taps * events.size());
    activity.value.resize(size + taps * events.size());
    auto next = std::int64_t{0}; // first output frame that is not written yet
    for (const auto event : events) {
        const auto first = std::max({next, std::int64_t{event} - (taps - 1), std::int64_t{0}});
        next = std::min(std::int64_t{event} + 1, frames);
        for (auto j = first; j < next; ++j) {
            activity.frame[size] = static_cast<std::int32_t>(j);
            activity.value[size] = smoothed(dense + j);
            size += activity.value[size] != 0;
        }
    }
    activity.frame.resize(size);
    activity.value.resize(size);
}

NeuronStatus status_of(std::span<const double> entries, std::int64_t frames) noexcept
{
    if (entries.empty())
        return NeuronStatus::silent;
    const auto everywhere = static_cast<std::int64_t>(entries.size()) == frames;
    const auto [lowest, highest] = std::minmax_element(entries.begin(), entries.end());
    return everywhere && *lowest == *highest ? NeuronStatus::constant : NeuronStatus::active;
}

} // namespace

std::int64_t smoothed_frames(std::int64_t frames) noexcept
{
    return std::max(frames - 2 * smoothing_margin, std::int64_t{0});
}

double event_threshold(std::span<const double> spikes, double alpha)
{
    auto nonzero = std::vector<double>{};
    std::copy_if(spikes.begin(), spikes.end(), std::back_inserter(nonzero),
                 [](double spike) { return spike != 0; });
    return level_of(nonzero, static_cast<std::int64_t>(spikes.size()), alpha).threshold;
}

std::vector<double> keep_events(std::span<const double> spikes, double threshold)
{
    auto events = std::vector<double>(spikes.begin(), spikes.end());
    for (auto& event : events)
        if (event < threshold)
            event = 0;
    return events;
}

std::vector<double> smooth_events(std::span<const double> events)
{
    const auto frames = smoothed_frames(static_cast<std::int64_t>(events.size()));
    auto out = std::vector<double>(static_cast<std::size_t>(frames));
    for (auto j = std::size_t{0}; j < out.size(); ++j)
        out[j] = smoothed(events.data() + j);
    return out;
}

NeuronSummary append_events(const EventList& spikes, std::int64_t frames, double alpha,
                            std::vector<double>& dense, Activity& activity, Activity* kept)
{
    const auto level = level_of(spikes.value, frames, alpha);
    auto events = std::vector<std::int32_t>{};
    for (auto k = std::size_t{0}; k < spikes.value.size(); ++k) {
        if (spikes.value[k] < level.threshold || spikes.value[k] == 0)
            continue;
        events.push_back(spikes.frame[k]);
        dense[static_cast<std::size_t>(spikes.frame[k])] = spikes.value[k];
    }

    if (kept != nullptr) {
        for (const auto event : events)
            kept->value.push_back(dense[static_cast<std::size_t>(event)]);
        kept->frame.insert(kept->frame.end(), events.begin(), events.end());
        kept->start.push_back(static_cast<std::int64_t>(kept->frame.size()));
    }
    activity.frames = smoothed_frames(frames);
    const auto first = activity.value.size();
    append_smoothed(events, dense.data(), activity.frames, activity);
    for (const auto event : events)
        dense[static_cast<std::size_t>(event)] = 0;
    activity.start.push_back(static_cast<std::int64_t>(activity.value.size()));
    const auto entries = std::span<const double>(activity.value).subspan(first);
    return {level.mean, level.threshold, static_cast<std::int64_t>(events.size()),
            status_of(entries, activity.frames)};
}

NeuronSummary append_not_finite(Activity& activity, Activity* kept)
{
    constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
    if (kept != nullptr)
        kept->start.push_back(static_cast<std::int64_t>(kept->frame.size()));
    activity.start.push_back(static_cast<std::int64_t>(activity.value.size()));
    return {nan, nan, 0, NeuronStatus::not_finite};
}

NeuronSummary append_events(std::span<const double> spikes, double alpha, Activity& activity)
{
    const auto frames = static_cast<std::int64_t>(spikes.size());
    activity.frames = smoothed_frames(frames);
    if (!std::all_of(spikes.begin(), spikes.end(),
                     [](double spike) { return std::isfinite(spike); }))
        return append_not_finite(activity);

    auto list = EventList{};
    for (auto t = std::size_t{0}; t < spikes.size(); ++t)
        if (spikes[t] != 0) {
            list.frame.push_back(static_cast<std::int32_t>(t));
            list.value.push_back(spikes[t]);
        }
    auto dense = std::vector<double>(spikes.size(), 0.0);
    return append_events(list, frames, alpha, dense, activity);
}

} // namespace rewire::calcium
