#include "rewire/behaviour/movement_epochs.hpp"

#include "sample_times.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::behaviour {

namespace {

/// @pre sorted by `first`
std::vector<base::Range> joined(const std::vector<base::Range>& runs)
{
    auto result = std::vector<base::Range>{};
    for (const auto& run : runs) {
        if (run.empty())
            continue;
        if (!result.empty() && run.first <= result.back().last)
            result.back().last = std::max(result.back().last, run.last);
        else
            result.push_back(run);
    }
    return result;
}

void check_interval(double start_s, double stop_s, std::size_t row, const std::string& where)
{
    if (!std::isfinite(start_s) || !std::isfinite(stop_s) || stop_s < start_s)
        throw base::InputError(
            fmt::format("row {} runs from {} s to {} s", row, start_s, stop_s), where,
            "every interval needs a start and a stop time, the stop not before the start");
}

} // namespace

std::int64_t Epochs::movement_frames() const noexcept
{
    auto total = std::int64_t{0};
    for (const auto& run : movements)
        total += run.size();
    return total;
}

Epochs epochs_of_mask(std::span<const std::uint8_t> mask)
{
    auto epochs = Epochs{static_cast<std::int64_t>(mask.size()), {}};
    for (std::int64_t frame = 0; frame < epochs.frames; ++frame) {
        const auto value = mask[static_cast<std::size_t>(frame)];
        if (value > 1)
            throw base::InputError(
                fmt::format("frame {} of the movement series is {}", frame, value),
                "movement series", "a binary movement series holds 0 (quiescent) and 1 (moving)");
        if (value == 0)
            continue;
        if (!epochs.movements.empty() && epochs.movements.back().last == frame)
            ++epochs.movements.back().last;
        else
            epochs.movements.push_back({frame, frame + 1});
    }
    return epochs;
}

std::vector<std::uint8_t> mask_of(const Epochs& epochs)
{
    auto mask = std::vector<std::uint8_t>(static_cast<std::size_t>(epochs.frames), 0);
    for (const auto& run : epochs.movements)
        std::fill(mask.begin() + run.first, mask.begin() + run.last, std::uint8_t{1});
    return mask;
}

Epochs epochs_of_intervals(std::span<const double> start_s, std::span<const double> stop_s,
                           std::span<const double> frame_time_s, const std::string& where)
{
    if (start_s.size() != stop_s.size())
        throw base::InputError(
            fmt::format("{} start times but {} stop times", start_s.size(), stop_s.size()), where,
            "give both columns for every interval");
    check_frame_times(frame_time_s);

    const auto frame_at = [&](double time_s) {
        return std::lower_bound(frame_time_s.begin(), frame_time_s.end(), time_s) -
               frame_time_s.begin();
    };
    auto runs = std::vector<base::Range>{};
    for (std::size_t row = 0; row < start_s.size(); ++row) {
        check_interval(start_s[row], stop_s[row], row, where);
        runs.push_back({frame_at(start_s[row]), frame_at(stop_s[row])});
    }
    std::sort(runs.begin(), runs.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    return {static_cast<std::int64_t>(frame_time_s.size()), joined(runs)};
}

Epochs dilated(const Epochs& epochs, std::int64_t each_side)
{
    if (each_side < 0)
        throw base::InputError(fmt::format("cannot dilate movements by {} frames", each_side), "",
                               "give 0 or more frames");
    each_side = std::min(each_side, epochs.frames); // more changes nothing, and would overflow
    auto runs = epochs.movements;
    for (auto& run : runs)
        run = {std::max<std::int64_t>(0, run.first - each_side),
               std::min(epochs.frames, run.last + each_side)};
    return {epochs.frames, joined(runs)};
}

std::int64_t CoveredEpochs::unknown_frames() const noexcept
{
    return std::count(known.begin(), known.end(), 0);
}

Epochs on_smoothed_axis(const Epochs& epochs, std::int64_t margin)
{
    const auto frames = std::max<std::int64_t>(0, epochs.frames - 2 * margin);
    auto runs = std::vector<base::Range>{};
    for (const auto& run : epochs.movements)
        runs.push_back(
            {std::max<std::int64_t>(0, run.first - margin), std::min(frames, run.last - margin)});
    return {frames, joined(runs)};
}

} // namespace rewire::behaviour
