#include "rewire/calcium/event_smoothing.hpp"

#include "event_list.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <limits>

namespace rewire::calcium {

namespace {

constexpr auto outer_tap = smoothing_taps[0];
constexpr auto inner_tap = smoothing_taps[1];
constexpr auto most_taps = std::int64_t{10001};

/// One smoothed value; the taps are added in this order everywhere.
double smoothed_by_any(const double* x, std::span<const double> weights) noexcept
{
    auto sum = weights[0] * x[0];
    for (auto k = std::size_t{1}; k < weights.size(); ++k)
        sum += weights[k] * x[k];
    return sum;
}

/// The same for the five weights of the paper.
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
template <typename Smoothed>
void append_smoothed(std::span<const std::int32_t> events, std::int64_t taps, Smoothed value_at,
                     std::int64_t frames, activity::Activity& activity)
{
    auto size = activity.value.size();
    const auto most = size + std::min(static_cast<std::size_t>(taps) * events.size(),
                                      static_cast<std::size_t>(frames));
    activity.frame.resize(most + 1); // what turns out to be 0 is written, too, and not kept
    activity.value.resize(most + 1);
    auto next = std::int64_t{0}; // first output frame that is not written yet
    for (const auto event : events) {
        const auto first = std::max({next, std::int64_t{event} - (taps - 1), std::int64_t{0}});
        next = std::min(std::int64_t{event} + 1, frames);
        for (auto j = first; j < next; ++j) {
            activity.frame[size] = static_cast<std::int32_t>(j);
            activity.value[size] = value_at(j);
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

std::int64_t smoothed_frames(std::int64_t frames, std::int64_t taps) noexcept
{
    return std::max(frames - (taps - 1), std::int64_t{0});
}

std::int64_t taps_for(double width_s, double rate_hz)
{
    const auto frames = width_s * rate_hz;
    if (!(width_s > 0) || !(rate_hz > 0) || !(frames < static_cast<double>(most_taps) + 1))
        throw base::InputError(
            fmt::format("cannot smooth over {} s at {} frames a second", width_s, rate_hz), "",
            fmt::format("the width has to be above 0 s and at most {} frames", most_taps));
    // Odd numbers are 2 m + 1.
    return 2 * std::max<std::int64_t>(0, std::llround((frames - 1) / 2)) + 1;
}

std::vector<double> smoothing_weights(std::int64_t taps)
{
    if (taps < 1 || taps % 2 == 0 || taps > most_taps)
        throw base::InputError(fmt::format("{} taps of smoothing", taps), "",
                               fmt::format("give an odd number from 1 to {}", most_taps));
    if (taps == paper_taps)
        return {outer_tap, inner_tap, 1, inner_tap, outer_tap};
    const auto margin = (taps - 1) / 2;
    auto weights = std::vector<double>{};
    for (auto k = -margin; k <= margin; ++k)
        weights.push_back(1 - static_cast<double>(std::abs(k)) / static_cast<double>(margin + 1));
    return weights;
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

std::vector<double> smooth_events(std::span<const double> events, std::int64_t taps)
{
    const auto weights = smoothing_weights(taps);
    const auto frames = smoothed_frames(static_cast<std::int64_t>(events.size()), taps);
    auto out = std::vector<double>(static_cast<std::size_t>(frames));
    for (auto j = std::size_t{0}; j < out.size(); ++j)
        out[j] = smoothed_by_any(events.data() + j, weights);
    return out;
}

NeuronSummary append_events(const EventList& spikes, FrameCount frames, double alpha,
                            std::span<const double> weights, std::vector<double>& dense,
                            activity::Activity& activity, activity::Activity* kept)
{
    const auto taps = static_cast<std::int64_t>(weights.size());
    const auto level = level_of(spikes.value, frames.counted, alpha);
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
    activity.frames = smoothed_frames(frames.all, taps);
    const auto first = activity.value.size();
    const auto* x = dense.data();
    if (taps == paper_taps)
        append_smoothed(
            events, taps, [x](std::int64_t j) { return smoothed(x + j); }, activity.frames,
            activity);
    else
        append_smoothed(
            events, taps, [x, weights](std::int64_t j) { return smoothed_by_any(x + j, weights); },
            activity.frames, activity);
    for (const auto event : events)
        dense[static_cast<std::size_t>(event)] = 0;
    activity.start.push_back(static_cast<std::int64_t>(activity.value.size()));
    const auto entries = std::span<const double>(activity.value).subspan(first);
    return {level.mean, level.threshold, static_cast<std::int64_t>(events.size()),
            status_of(entries, activity.frames)};
}

NeuronSummary append_not_finite(activity::Activity& activity, activity::Activity* kept)
{
    constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
    if (kept != nullptr)
        kept->start.push_back(static_cast<std::int64_t>(kept->frame.size()));
    activity.start.push_back(static_cast<std::int64_t>(activity.value.size()));
    return {nan, nan, 0, NeuronStatus::not_finite};
}

NeuronSummary append_events(std::span<const double> spikes, double alpha,
                            activity::Activity& activity, std::int64_t taps)
{
    const auto weights = smoothing_weights(taps);
    const auto frames = static_cast<std::int64_t>(spikes.size());
    activity.frames = smoothed_frames(frames, taps);
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
    return append_events(list, {frames, frames}, alpha, weights, dense, activity);
}

} // namespace rewire::calcium
