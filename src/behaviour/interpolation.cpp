#include "rewire/behaviour/interpolation.hpp"

#include "sample_times.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace rewire::behaviour {

namespace {

/// The straight lines between the samples of one channel, where there is no gap.
class Interpolant
{
  public:
    /// @throws InputError as `interpolated`, but for gaps and samples that are not numbers
    Interpolant(std::span<const double> values, std::int64_t channels, std::int64_t channel,
                std::span<const double> time_s, std::span<const double> frame_time_s,
                const std::string& where)
        : values_(values), channels_(channels), channel_(channel), time_s_(time_s), where_(where)
    {
        check_frame_times(frame_time_s);
        check_sample_times(time_s, where);
        const auto step = median_step(time_s);
        check_covers(time_s, step, frame_time_s, where,
                     "give a series of the whole session, or exclude the session in study.tsv");
        longest_ = 1.001 * (step + median_step(frame_time_s));
    }

    double at(double time) const
    {
        const auto right = std::min(after(time), time_s_.size() - 1);
        const auto left = right == 0 ? 0 : right - 1;
        const auto span = time_s_[right] - time_s_[left];
        const auto weight = span > 0 ? std::clamp((time - time_s_[left]) / span, 0.0, 1.0) : 0.0;
        if (span > longest_ && weight > 0 && weight < 1)
            throw base::InputError(
                fmt::format("no samples from {:.3f} s to {:.3f} s ({:.3f} s), where there are "
                            "imaging frames",
                            time_s_[left], time_s_[right], span),
                where_, "fill the gap in the series, or exclude the session in study.tsv");
        // On a sample its neighbour does not count, not even where it is missing.
        return finite(weight == 0   ? value(left)
                      : weight == 1 ? value(right)
                                    : (1 - weight) * value(left) + weight * value(right),
                      time);
    }

    /// @pre start_s < stop_s
    double mean(double start_s, double stop_s) const
    {
        auto sum = 0.0;
        auto time = start_s;
        auto before = at(start_s);
        for (auto sample = after(start_s); sample < time_s_.size() && time_s_[sample] < stop_s;
             ++sample) {
            const auto here = finite(value(sample), time_s_[sample]);
            sum += (time_s_[sample] - time) * (before + here) / 2;
            time = time_s_[sample];
            before = here;
        }
        sum += (stop_s - time) * (before + at(stop_s)) / 2;
        return sum / (stop_s - start_s);
    }

  private:
    /// The first sample later than that.
    std::size_t after(double time) const
    {
        return static_cast<std::size_t>(std::upper_bound(time_s_.begin(), time_s_.end(), time) -
                                        time_s_.begin());
    }
    double value(std::size_t sample) const
    {
        return values_[sample * static_cast<std::size_t>(channels_) +
                       static_cast<std::size_t>(channel_)];
    }
    double finite(double value, double time) const
    {
        if (!std::isfinite(value))
            throw base::InputError(
                fmt::format("a sample near {:.3f} s is not a number", time), where_,
                "give a number for every sample, or exclude the session in study.tsv");
        return value;
    }

    std::span<const double> values_;
    std::int64_t channels_;
    std::int64_t channel_;
    std::span<const double> time_s_;
    const std::string& where_;
    double longest_ = 0;
};

/// When each frame ends: with the next one, the last before a gap and the last of all after the
/// usual step.
std::vector<double> ends_of(std::span<const double> frame_time_s)
{
    const auto step = median_step(frame_time_s);
    auto ends = std::vector<double>{};
    for (std::size_t frame = 0; frame < frame_time_s.size(); ++frame) {
        const auto usual = frame_time_s[frame] + step;
        ends.push_back(frame + 1 < frame_time_s.size() ? std::min(usual, frame_time_s[frame + 1])
                                                       : usual);
    }
    return ends;
}

} // namespace

std::vector<double> interpolated(std::span<const double> values, std::int64_t channels,
                                 std::int64_t channel, std::span<const double> time_s,
                                 std::span<const double> frame_time_s, const std::string& where)
{
    const auto line = Interpolant(values, channels, channel, time_s, frame_time_s, where);
    auto at_frames = std::vector<double>{};
    at_frames.reserve(frame_time_s.size());
    for (const auto time : frame_time_s)
        at_frames.push_back(line.at(time));
    return at_frames;
}

std::vector<double> averaged(std::span<const double> values, std::int64_t channels,
                             std::int64_t channel, std::span<const double> time_s,
                             std::span<const double> frame_time_s, const std::string& where)
{
    const auto line = Interpolant(values, channels, channel, time_s, frame_time_s, where);
    const auto end_s = ends_of(frame_time_s);
    auto means = std::vector<double>{};
    means.reserve(frame_time_s.size());
    for (std::size_t frame = 0; frame < frame_time_s.size(); ++frame)
        means.push_back(end_s[frame] > frame_time_s[frame]
                            ? line.mean(frame_time_s[frame], end_s[frame])
                            : line.at(frame_time_s[frame])); // a single frame
    return means;
}

std::vector<double> share_within(std::span<const double> start_s, std::span<const double> stop_s,
                                 std::span<const double> frame_time_s)
{
    auto intervals = std::vector<std::pair<double, double>>{};
    for (std::size_t k = 0; k < start_s.size(); ++k)
        intervals.emplace_back(start_s[k], stop_s[k]);
    std::sort(intervals.begin(), intervals.end());
    const auto end_s = ends_of(frame_time_s);
    auto share = std::vector<double>(frame_time_s.size(), 0.0);
    auto covered = -std::numeric_limits<double>::infinity(); // by the intervals before
    for (const auto& [start, stop] : intervals) {
        const auto from = std::max(start, covered);
        auto frame = static_cast<std::size_t>(std::upper_bound(end_s.begin(), end_s.end(), from) -
                                              end_s.begin());
        for (; frame < share.size() && frame_time_s[frame] < stop; ++frame)
            share[frame] +=
                std::max(0.0, std::min(stop, end_s[frame]) - std::max(from, frame_time_s[frame])) /
                (end_s[frame] - frame_time_s[frame]);
        covered = std::max(covered, stop);
    }
    return share;
}

} // namespace rewire::behaviour
