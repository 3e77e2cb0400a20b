#include "segments.hpp"

#include <rewire/base/error.hpp>
#include <rewire/behaviour/movement_epochs.hpp>
#include <rewire/io/nwb_session.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace rewire::jobs {

namespace {

std::vector<base::Range> segments_of_table(const io::Table& table, const std::vector<double>& times,
                                           const std::string& where)
{
    const auto start = table.at("start_time").numbers();
    const auto stop = table.at("stop_time").numbers();
    struct Interval
    {
        base::Range frames;
        std::size_t row;
    };
    auto intervals = std::vector<Interval>{};
    for (std::size_t row = 0; row < start.size(); ++row)
        for (const auto& frames :
             behaviour::epochs_of_intervals(std::span(start).subspan(row, 1),
                                            std::span(stop).subspan(row, 1), times, where)
                 .movements)
            intervals.push_back({frames, row});
    std::ranges::sort(intervals, {}, [](const Interval& each) { return each.frames.first; });
    auto segments = std::vector<base::Range>{};
    for (std::size_t k = 0; k < intervals.size(); ++k) {
        if (k > 0 && intervals[k].frames.first < intervals[k - 1].frames.last) {
            const auto [first, second] = std::minmax(intervals[k - 1].row, intervals[k].row);
            throw base::InputError(
                fmt::format("intervals {} and {} have frames in common", first + 1, second + 1),
                where, "give a table whose intervals do not overlap as --segments");
        }
        segments.push_back(intervals[k].frames);
    }
    if (segments.empty())
        throw base::InputError("no interval holds an imaging frame", where,
                               "check its clock, or choose another table with --segments");
    return segments;
}

std::vector<base::Range> segments_of_clock(const std::vector<double>& times)
{
    const auto frames = static_cast<std::int64_t>(times.size());
    if (frames < 3)
        return {{0, frames}};
    auto step = std::vector<double>(times.size());
    std::adjacent_difference(times.begin(), times.end(), step.begin());
    auto sorted = std::vector<double>(step.begin() + 1, step.end());
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    auto segments = std::vector<base::Range>{{0, 0}};
    for (std::int64_t t = 1; t < frames; ++t)
        if (step[static_cast<std::size_t>(t)] > 1.5 * *middle) {
            segments.back().last = t;
            segments.push_back({t, t});
        }
    segments.back().last = frames;
    return segments;
}

} // namespace

std::vector<base::Range> in_both(const std::vector<base::Range>& a,
                                 const std::vector<base::Range>& b)
{
    auto common = std::vector<base::Range>{};
    for (std::size_t i = 0, k = 0; i < a.size() && k < b.size(); a[i].last < b[k].last ? ++i : ++k)
        if (const auto range =
                base::Range{std::max(a[i].first, b[k].first), std::min(a[i].last, b[k].last)};
            !range.empty())
            common.push_back(range);
    return common;
}

std::vector<base::Range> segments_in(const io::NwbSession& file, const std::string& table,
                                     const std::string& file_name)
{
    if (table.empty())
        return segments_of_clock(file.frame_times());
    const auto intervals = file.read_intervals(table);
    return in_both(
        segments_of_table(intervals, file.frame_times(), file_name + ":" + intervals.path),
        segments_of_clock(file.frame_times()));
}

std::vector<base::Range> used_segments(const SessionInput& input)
{
    const auto& kept = input.used.kept;
    if (kept.empty())
        return input.segments.empty() ? std::vector<base::Range>{{0, input.used.frames}}
                                      : input.segments;
    const auto segments =
        input.segments.empty() ? std::vector<base::Range>{{0, kept.back() + 1}} : input.segments;
    const auto place = [&](std::int64_t frame) {
        return std::lower_bound(kept.begin(), kept.end(), frame) - kept.begin();
    };
    auto used = std::vector<base::Range>{};
    for (const auto& segment : segments) {
        const auto range = base::Range{place(segment.first), place(segment.last)};
        for (auto t = range.first; t < range.last; ++t) {
            const auto at = static_cast<std::size_t>(t);
            const auto goes_on = t > range.first && kept[at] == kept[at - 1] + 1;
            if (!goes_on)
                used.push_back({t, t});
            used.back().last = t + 1;
        }
    }
    return used;
}

std::vector<std::int32_t> segment_of_frames(const SessionInput& input)
{
    auto number = std::vector<std::int32_t>(static_cast<std::size_t>(input.used.frames), -1);
    const auto segments = used_segments(input);
    for (std::size_t k = 0; k < segments.size(); ++k)
        std::fill(number.begin() + segments[k].first, number.begin() + segments[k].last,
                  static_cast<std::int32_t>(k));
    return number;
}

std::vector<std::int64_t> unmixed_frames(const SessionInput& input, const std::string& where)
{
    const auto segment = segment_of_frames(input);
    const auto frames =
        calcium::smoothed_frames(static_cast<std::int64_t>(segment.size()), input.taps);
    auto unmixed = std::vector<std::int64_t>{};
    for (std::int64_t t = 0; t < frames; ++t) {
        const auto first = segment[static_cast<std::size_t>(t)];
        if (first >= 0 && first == segment[static_cast<std::size_t>(t + input.taps - 1)])
            unmixed.push_back(t);
    }
    if (unmixed.empty() && frames > 0)
        throw base::InputError(
            fmt::format(
                "no {} frames follow one another without a gap of the clock or a frame that "
                "is left out: nothing can be smoothed",
                input.taps),
            where, "leave out the session, or choose a shorter --smoothing-s");
    if (static_cast<std::int64_t>(unmixed.size()) == frames)
        unmixed.clear();
    return unmixed;
}

} // namespace rewire::jobs
