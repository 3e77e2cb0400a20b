#include "frames.hpp"

#include "jobs/frame/study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/behaviour/movement_epochs.hpp>
#include <rewire/calcium/artefacts.hpp>
#include <rewire/calcium/shift_null.hpp>
#include <rewire/io/nwb_session.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace rewire::jobs {

namespace {

std::size_t at(std::int64_t i)
{
    return static_cast<std::size_t>(i);
}

/// [frame of the file] the interval that holds it, -1 for none.
std::vector<std::int32_t> segments_of_table(const io::Table& table,
                                            const std::vector<double>& times,
                                            const std::string& where)
{
    const auto start = table.at("start_time").numbers();
    const auto stop = table.at("stop_time").numbers();
    auto segment = std::vector<std::int32_t>(times.size(), -1);
    for (std::size_t k = 0; k < start.size(); ++k) {
        const auto epochs = behaviour::epochs_of_intervals(
            std::span(start).subspan(k, 1), std::span(stop).subspan(k, 1), times, where);
        for (const auto& range : epochs.movements)
            for (auto frame = range.first; frame < range.last; ++frame) {
                if (segment[at(frame)] >= 0)
                    throw base::InputError(
                        fmt::format("intervals {} and {} have frames in common",
                                    segment[at(frame)] + 1, k + 1),
                        where, "give a table whose intervals do not overlap as --segments");
                segment[at(frame)] = static_cast<std::int32_t>(k);
            }
    }
    return segment;
}

/// [frame of the file] number of the stretch without gap.
std::vector<std::int32_t> segments_of_clock(const std::vector<double>& times)
{
    auto segment = std::vector<std::int32_t>(times.size(), 0);
    if (times.size() < 3)
        return segment;
    auto step = std::vector<double>(times.size());
    std::adjacent_difference(times.begin(), times.end(), step.begin());
    auto sorted = std::vector<double>(step.begin() + 1, step.end());
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    for (std::size_t t = 1; t < times.size(); ++t)
        segment[t] = segment[t - 1] + (step[t] > 1.5 * *middle ? 1 : 0);
    return segment;
}

/// Of the frames that are kept.
std::vector<std::int32_t> segments_of_session(const io::StudySession& session,
                                              const SessionInput& input,
                                              const ConnectomeSettings& settings,
                                              const runtime::Options& options)
{
    const auto file = io::NwbSession(session.path, nwb_options(options));
    const auto times = file.frame_times();
    auto all = std::vector<std::int32_t>{};
    if (settings.segments.empty()) {
        all = segments_of_clock(times);
    } else {
        const auto table = file.read_intervals(settings.segments);
        all = segments_of_table(table, times, session.record.file + ":" + table.path);
    }
    if (input.used.kept.empty())
        return all;
    auto kept = std::vector<std::int32_t>{};
    for (const auto frame : input.used.kept)
        kept.push_back(all[at(frame)]);
    return kept;
}

/// Runs of one segment without the frames that are left out.
std::vector<base::Range> runs_of(const std::vector<std::int32_t>& segment,
                                 const std::vector<std::uint8_t>& left_out)
{
    auto runs = std::vector<base::Range>{};
    for (std::int64_t t = 0; t < static_cast<std::int64_t>(segment.size()); ++t) {
        if (segment[at(t)] < 0 || left_out[at(t)] != 0)
            continue;
        const auto goes_on =
            !runs.empty() && runs.back().last == t && segment[at(t)] == segment[at(t - 1)];
        if (goes_on)
            runs.back().last = t + 1;
        else
            runs.push_back({t, t + 1});
    }
    return runs;
}

} // namespace

std::int64_t SessionFrames::left_out() const
{
    return std::count(circle.begin(), circle.end(), -1);
}

calcium::FrameCircles SessionFrames::circles(std::int64_t frames) const
{
    return circle.empty() ? calcium::one_circle(frames) : calcium::circles_of(circle);
}

std::vector<std::uint8_t> SessionFrames::states(const std::string& file) const
{
    auto states = std::vector<std::uint8_t>{};
    for (const auto number : circle) {
        if (number >= calcium::left_out_state)
            throw base::InputError(
                fmt::format("shifts cannot be drawn within more than {} segments",
                            calcium::left_out_state),
                file, "leave out --surrogates: the closed-form tests shift within all segments");
        states.push_back(number < 0 ? calcium::left_out_state : static_cast<std::uint8_t>(number));
    }
    return states;
}

SessionFrames frames_of(const io::StudySession& session, const SessionInput& input,
                        const ConnectomeSettings& settings, const runtime::Options& options,
                        const activity::ActivityView& smoothed)
{
    const auto segment = segments_of_session(session, input, settings, options);
    const auto state = state_of(session, input, settings, options);
    const auto artefact = settings.drop_artefacts
                              ? calcium::artefact_frames(smoothed)
                              : std::vector<std::uint8_t>(at(smoothed.frames), 0);
    const auto margin = (input.taps - 1) / 2;
    auto frames = SessionFrames{};
    frames.artefacts = std::count(artefact.begin(), artefact.end(), 1);
    frames.segment_count =
        segment.empty() ? 0 : *std::max_element(segment.begin(), segment.end()) + 1;
    auto left_out = std::vector<std::uint8_t>(segment.size(), 0);
    for (std::int64_t t = 0; t < smoothed.frames; ++t)
        left_out[at(t + margin)] = artefact[at(t)];
    frames.segments = runs_of(segment, left_out);
    const auto whole = std::all_of(segment.begin(), segment.end(), [](auto s) { return s == 0; });
    if (whole && state.empty() && frames.artefacts == 0)
        return frames;
    frames.circle.resize(at(smoothed.frames));
    for (std::int64_t t = 0; t < smoothed.frames; ++t) {
        const auto first = segment[at(t)];
        const auto inside = first >= 0 && first == segment[at(t + 2 * margin)];
        const auto number = state.empty() ? first : 2 * first + state[at(t)];
        frames.circle[at(t)] = inside && artefact[at(t)] == 0 ? number : -1;
    }
    return frames;
}

UsedActivity used_activity(const SessionFrames& frames, const activity::ActivityView& smoothed,
                           const SessionCovariates& covariates)
{
    auto place = std::vector<std::int32_t>(at(smoothed.frames), -1);
    auto used = std::int32_t{0};
    for (std::int64_t t = 0; t < smoothed.frames; ++t)
        if (frames.circle.empty() || frames.circle[at(t)] >= 0)
            place[at(t)] = used++;
    auto neurons = std::vector<std::int64_t>(at(smoothed.neurons()));
    std::iota(neurons.begin(), neurons.end(), 0);
    auto result = UsedActivity{activity::select(smoothed, neurons, place, used), {}};
    result.covariates.count = covariates.count;
    for (std::int64_t k = 0; k < covariates.count; ++k)
        for (std::int64_t t = 0; t < smoothed.frames; ++t)
            if (place[at(t)] >= 0)
                result.covariates.value.push_back(covariates.value[at(k * smoothed.frames + t)]);
    return result;
}

} // namespace rewire::jobs
