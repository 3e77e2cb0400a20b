#include "sample_times.hpp"

#include <rewire/base/error.hpp>
#include <rewire/behaviour/mask_series.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::behaviour {

namespace {

void check_samples(std::span<const double> series, std::span<const double> time_s,
                   const std::string& where)
{
    const auto is_missing = [](double value) { return !std::isfinite(value); };
    const auto first = std::find_if(series.begin(), series.end(), is_missing);
    if (first == series.end())
        return;
    const auto sample = static_cast<std::size_t>(first - series.begin());
    throw base::InputError(
        fmt::format("sample {} ({:.3f} s) of the binary series is not a number; of {} samples {} "
                    "are not",
                    sample, time_s[sample], series.size(),
                    std::count_if(series.begin(), series.end(), is_missing)),
        where, "give one of the two values for every sample, or a table of intervals");
}

} // namespace

std::optional<MaskValues> mask_values(std::span<const double> series)
{
    auto lowest = std::optional<double>{};
    auto highest = std::optional<double>{};
    for (const auto value : series) {
        if (!std::isfinite(value))
            continue;
        if (!lowest)
            lowest = highest = value;
        if (value == *lowest || value == *highest)
            continue;
        if (*lowest != *highest)
            return {};
        (value < *lowest ? lowest : highest) = value;
    }
    if (!lowest)
        return {};
    if (*lowest != *highest)
        return MaskValues{*lowest, *highest};
    return *lowest == 0 || *lowest == 1 ? std::optional(MaskValues{}) : std::nullopt;
}

Epochs epochs_of_mask_series(std::span<const double> series, std::span<const double> time_s,
                             std::span<const double> frame_time_s, const std::string& where)
{
    if (series.size() != time_s.size())
        throw base::InputError(fmt::format("{} samples but {} times", series.size(), time_s.size()),
                               where, "every sample needs its time");
    check_frame_times(frame_time_s);
    check_sample_times(time_s, where);
    const auto values = mask_values(series);
    if (!values)
        throw base::InputError("the series does not hold two values", where,
                               "give 0 for quiescence and 1 for movement");
    check_samples(series, time_s, where);
    const auto step = median_step(time_s);
    check_covers(time_s, step, frame_time_s, where);

    const auto frame_step = median_step(frame_time_s);
    const auto early = 0.01 * std::min(step, frame_step);
    const auto longest = 1.001 * (step + frame_step);
    auto mask = std::vector<std::uint8_t>{};
    mask.reserve(frame_time_s.size());
    auto sample = std::size_t{0};
    for (const auto time : frame_time_s) {
        while (sample + 1 < time_s.size() && time_s[sample + 1] <= time + early)
            ++sample;
        if (sample + 1 < time_s.size() && time - time_s[sample] > longest)
            throw base::InputError(
                fmt::format("no samples from {:.3f} s to {:.3f} s ({:.3f} s), where there are "
                            "imaging frames",
                            time_s[sample], time_s[sample + 1],
                            time_s[sample + 1] - time_s[sample]),
                where,
                "what the animal did there is not known: fill the gap, or give the movements as a "
                "table of intervals");
        mask.push_back(series[sample] == values->moving ? 1 : 0);
    }
    return epochs_of_mask(mask);
}

} // namespace rewire::behaviour
