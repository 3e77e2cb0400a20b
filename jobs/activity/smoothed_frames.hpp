#pragma once

#include "session_input.hpp"

#include <rewire/calcium/event_smoothing.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rewire::jobs {

/// Values of all frames of the file, reduced to those of the smoothed events.
template <typename T>
std::vector<T> on_smoothed_frames(const std::vector<T>& values, const SessionInput& input)
{
    auto kept = std::vector<T>{};
    if (input.used.kept.empty())
        kept = values;
    else
        for (const auto frame : input.used.kept)
            kept.push_back(values[static_cast<std::size_t>(frame)]);
    const auto frames =
        calcium::smoothed_frames(static_cast<std::int64_t>(kept.size()), input.taps);
    if (frames == 0)
        return {};
    const auto first = kept.begin() + (input.taps - 1) / 2;
    return {first, first + frames};
}

} // namespace rewire::jobs
