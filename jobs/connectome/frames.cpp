#include "frames.hpp"

#include "jobs/activity/segments.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>
#include <rewire/calcium/artefacts.hpp>
#include <rewire/calcium/event_jitter.hpp>
#include <rewire/calcium/shift_null.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace rewire::jobs {

namespace {

using base::at;

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
                fmt::format("shifts cannot be drawn within more than {} segments, or states of "
                            "segments",
                            calcium::left_out_state),
                file, "leave out --surrogates: the closed-form tests shift within all segments");
        states.push_back(number < 0 ? calcium::left_out_state : static_cast<std::uint8_t>(number));
    }
    return states;
}

SessionFrames frames_of(const io::StudySession& session, const SessionInput& input,
                        const ConnectomeSettings& settings, const activity::ActivityView& smoothed)
{
    const auto segment = segment_of_frames(input);
    const auto state = state_of(session, input, settings);
    auto found = calcium::artefact_frames(
        smoothed,
        calcium::jitter_window_frames(session.record.activity->rate_hz, settings.window_s),
        input.taps);
    auto& artefact = found.artefact;
    const auto margin = (input.taps - 1) / 2;
    auto frames = SessionFrames{};
    const auto artefacts = std::count(artefact.begin(), artefact.end(), 1);
    frames.artefacts_judged = found.judged;
    (settings.drop_artefacts ? frames.artefacts : frames.artefacts_kept) = artefacts;
    if (!settings.drop_artefacts)
        std::fill(artefact.begin(), artefact.end(), std::uint8_t{0});
    frames.segment_count = static_cast<std::int64_t>(used_segments(input).size());
    auto left_out = std::vector<std::uint8_t>(segment.size(), 0);
    // Events of the first and the last frames, which are the middle of no taps, go with their
    // neighbours.
    for (std::int64_t t = 0; smoothed.frames > 0 && t < std::ssize(left_out); ++t)
        left_out[at(t)] =
            artefact[at(std::clamp<std::int64_t>(t - margin, 0, smoothed.frames - 1))];
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
