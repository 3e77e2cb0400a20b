#include "sample_times.hpp"

#include <rewire/base/error.hpp>
#include <rewire/stats/median.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace rewire::behaviour {

double median_step(std::span<const double> time_s)
{
    if (time_s.size() < 2)
        return 0;
    auto steps = std::vector<double>(time_s.size() - 1);
    std::transform(time_s.begin() + 1, time_s.end(), time_s.begin(), steps.begin(), std::minus<>());
    return stats::upper_median(std::move(steps));
}

void check_frame_times(std::span<const double> frame_time_s)
{
    for (std::size_t frame = 0; frame < frame_time_s.size(); ++frame) {
        if (!std::isfinite(frame_time_s[frame]))
            throw base::InputError(fmt::format("the time of frame {} is not a number", frame),
                                   "frame times", "repair the timestamps of the series");
        if (frame > 0 && !(frame_time_s[frame] > frame_time_s[frame - 1]))
            throw base::InputError(
                fmt::format("the time of frame {} ({} s) is not after that of the frame before",
                            frame, frame_time_s[frame]),
                "frame times", "repair the timestamps of the series");
    }
}

void check_sample_times(std::span<const double> time_s, const std::string& where)
{
    if (time_s.empty())
        throw base::InputError("the series has no samples", where, "choose another");
    for (std::size_t sample = 0; sample < time_s.size(); ++sample) {
        if (!std::isfinite(time_s[sample]))
            throw base::InputError(fmt::format("the time of sample {} is not a number", sample),
                                   where,
                                   "write the rate and start of the series, or timestamps for all "
                                   "samples");
        if (sample > 0 && !(time_s[sample] > time_s[sample - 1]))
            throw base::InputError(
                fmt::format("the time of sample {} ({:.6f} s) is not after that of the sample "
                            "before",
                            sample, time_s[sample]),
                where, "write the timestamps again, ascending and in double precision");
    }
}

void check_covers(std::span<const double> time_s, double step_s,
                  std::span<const double> frame_time_s, const std::string& where,
                  const std::string& remedy)
{
    if (frame_time_s.empty())
        return;
    const auto allowed = 1.001 * median_step(frame_time_s); // rounding must not decide
    const auto end_s = time_s.back() + step_s;
    if (frame_time_s.front() < time_s.front() - allowed || frame_time_s.back() > end_s + allowed)
        throw base::InputError(
            fmt::format("the series lasts from {:.3f} s to {:.3f} s, the imaging from {:.3f} s to "
                        "{:.3f} s",
                        time_s.front(), end_s, frame_time_s.front(), frame_time_s.back()),
            where, "check its rate, start and timestamps; " + remedy);
}

} // namespace rewire::behaviour
