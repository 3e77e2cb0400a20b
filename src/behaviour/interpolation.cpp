#include "sample_times.hpp"

#include <rewire/base/error.hpp>
#include <rewire/behaviour/interpolation.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::behaviour {

std::vector<double> interpolated(std::span<const double> values, std::int64_t channels,
                                 std::int64_t channel, std::span<const double> time_s,
                                 std::span<const double> frame_time_s, const std::string& where)
{
    check_frame_times(frame_time_s);
    check_sample_times(time_s, where);
    const auto step = median_step(time_s);
    check_covers(time_s, step, frame_time_s, where,
                 "give a series of the whole session, or exclude the session in study.tsv");

    const auto longest = 1.001 * (step + median_step(frame_time_s));
    const auto value = [&](std::size_t sample) {
        return values[sample * static_cast<std::size_t>(channels) +
                      static_cast<std::size_t>(channel)];
    };
    auto at_frames = std::vector<double>{};
    at_frames.reserve(frame_time_s.size());
    for (const auto time : frame_time_s) {
        const auto after = static_cast<std::size_t>(
            std::upper_bound(time_s.begin(), time_s.end(), time) - time_s.begin());
        const auto right = std::min(after, time_s.size() - 1);
        const auto left = right == 0 ? 0 : right - 1;
        const auto span = time_s[right] - time_s[left];
        const auto weight = span > 0 ? std::clamp((time - time_s[left]) / span, 0.0, 1.0) : 0.0;
        if (span > longest && weight > 0 && weight < 1)
            throw base::InputError(
                fmt::format("no samples from {:.3f} s to {:.3f} s ({:.3f} s), where there are "
                            "imaging frames",
                            time_s[left], time_s[right], span),
                where, "fill the gap in the series, or exclude the session in study.tsv");
        // On a sample its neighbour does not count, not even where it is missing.
        at_frames.push_back(weight == 0   ? value(left)
                            : weight == 1 ? value(right)
                                          : (1 - weight) * value(left) + weight * value(right));
        if (!std::isfinite(at_frames.back()))
            throw base::InputError(
                fmt::format("a sample near {:.3f} s is not a number", time), where,
                "give a number for every sample, or exclude the session in study.tsv");
    }
    return at_frames;
}

} // namespace rewire::behaviour
