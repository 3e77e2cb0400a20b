#include "rewire/behaviour/lever_clock.hpp"

#include "sample_times.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/behaviour/filters.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::behaviour {

namespace {

/// The samples around the frames, up to a gap on either side. @throws InputError: a gap among the
/// frames
base::Range unbroken_piece(std::span<const double> time_s, std::span<const double> frame_time_s,
                           const std::string& where)
{
    const auto samples = static_cast<std::int64_t>(time_s.size());
    auto piece = base::Range{0, samples};
    if (frame_time_s.empty())
        return piece;
    const auto step = median_step(time_s);
    const auto bridged_s = std::max(bridged_ms / 1000, bridged_steps * step);
    const auto frame_step = median_step(frame_time_s); // may be missing at either end
    const auto first_needed_s = frame_time_s.front() + frame_step;
    const auto last_needed_s = frame_time_s.back() - frame_step;
    auto gaps = std::int64_t{0};
    auto first_gap = std::size_t{0};
    for (std::size_t k = 1; k < time_s.size(); ++k) {
        if (time_s[k] - time_s[k - 1] <= bridged_s)
            continue;
        if (time_s[k] <= first_needed_s)
            piece.first = static_cast<std::int64_t>(k);
        else if (time_s[k - 1] + step >= last_needed_s)
            piece.last = std::min(piece.last, static_cast<std::int64_t>(k));
        else if (gaps++ == 0)
            first_gap = k;
    }
    if (gaps > 0)
        throw base::InputError(
            fmt::format("the lever has {} in its timestamps{} from {:.3f} s to {:.3f} s "
                        "({:.3f} s; up to {:.0f} ms are bridged)",
                        gaps > 1 ? fmt::format("{} gaps", gaps) : "a gap",
                        gaps > 1 ? ", the first" : "", time_s[first_gap - 1], time_s[first_gap],
                        time_s[first_gap] - time_s[first_gap - 1], 1000 * bridged_s),
            where,
            "whether the lever moved there is not known: fill the gap, give the movements as a "
            "table of intervals, or leave those frames out with --uncovered mask");
    return piece;
}

bool is_even(std::span<const double> time_s, double step_s)
{
    for (std::size_t k = 0; k < time_s.size(); ++k)
        if (std::abs(time_s[k] - (time_s.front() + static_cast<double>(k) * step_s)) >
            even_tolerance * step_s)
            return false;
    return true;
}

/// Values at first + k step, on straight lines between the samples.
std::vector<double> interpolated(std::span<const double> trace, std::span<const double> time_s,
                                 double step_s)
{
    const auto length_s = time_s.back() - time_s.front();
    auto values = std::vector<double>(static_cast<std::size_t>(length_s / step_s + 1e-6) + 1);
    auto right = std::size_t{1};
    for (std::size_t k = 0; k < values.size(); ++k) {
        const auto time = time_s.front() + static_cast<double>(k) * step_s;
        while (right + 1 < time_s.size() && time_s[right] < time)
            ++right;
        const auto weight =
            std::clamp((time - time_s[right - 1]) / (time_s[right] - time_s[right - 1]), 0.0, 1.0);
        values[k] = (1 - weight) * trace[right - 1] + weight * trace[right];
    }
    return values;
}

/// @pre two samples at least, without gaps
EvenTrace even_trace(std::vector<double> trace, std::span<const double> time_s)
{
    const auto step_s = (time_s.back() - time_s.front()) / static_cast<double>(time_s.size() - 1);
    const auto rate_hz = simple_rate(1 / step_s, rate_hz_of_speed);
    if (is_even(time_s, step_s))
        return {std::move(trace), rate_hz, time_s.front(), step_s};
    return {interpolated(trace, time_s, 1 / rate_hz), rate_hz, time_s.front(), 1 / rate_hz};
}

void check_samples(std::span<const double> trace, std::span<const double> time_s,
                   const std::string& where)
{
    for (std::size_t sample = 0; sample < trace.size(); ++sample)
        if (!std::isfinite(trace[sample]))
            throw base::InputError(
                fmt::format("sample {} ({:.3f} s) of the lever trace is not a number", sample,
                            time_s[sample]),
                where, "fill it, or give the movements as a table of intervals");
}

} // namespace

EvenTrace on_even_clock(std::vector<double> trace, std::span<const double> time_s,
                        double stated_rate_hz, std::span<const double> frame_time_s,
                        const std::string& where)
{
    if (trace.size() != time_s.size())
        throw base::InputError(fmt::format("{} samples but {} times", trace.size(), time_s.size()),
                               where, "every sample needs its time");
    check_frame_times(frame_time_s);
    check_sample_times(time_s, where);
    if (trace.size() < 2)
        throw base::InputError("the lever has a single sample", where,
                               "choose another series with --movement");
    check_samples(trace, time_s, where);
    if (stated_rate_hz > 0) {
        check_covers(time_s, 1 / stated_rate_hz, frame_time_s, where, give_movements);
        return {std::move(trace), simple_rate(stated_rate_hz, rate_hz_of_speed), time_s.front(),
                1 / stated_rate_hz};
    }

    if (const auto piece = unbroken_piece(time_s, frame_time_s, where);
        piece.size() < static_cast<std::int64_t>(trace.size())) {
        trace = {trace.begin() + piece.first, trace.begin() + piece.last};
        time_s = time_s.subspan(static_cast<std::size_t>(piece.first),
                                static_cast<std::size_t>(piece.size()));
    }
    check_covers(time_s, median_step(time_s), frame_time_s, where, give_movements);
    if (trace.size() < 2)
        throw base::InputError("the lever has a single sample during the imaging", where,
                               "give the movements as a table of intervals");
    return even_trace(std::move(trace), time_s);
}

LeverMovements lever_movements(const EvenTrace& trace, const LeverOptions& options)
{
    auto movements = lever_movements(trace.value, trace.rate_hz, 0, options);
    auto true_by_nominal = trace.step_s * trace.rate_hz;
    if (std::abs(true_by_nominal - 1) < 1e-12)
        true_by_nominal = 1; // or rounding would move edges that fall on a frame
    for (auto* times : {&movements.start_s, &movements.stop_s})
        for (auto& time : *times)
            time = trace.first_time_s + time * true_by_nominal;
    return movements;
}

} // namespace rewire::behaviour
