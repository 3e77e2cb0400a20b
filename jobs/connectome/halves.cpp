#include "halves.hpp"

#include "closed_form.hpp"
#include "covariates.hpp"
#include "estimate.hpp"
#include "frames.hpp"
#include "jobs/activity/movement_source.hpp"
#include "jobs/activity/segments.hpp"
#include "jobs/activity/smoothed_frames.hpp"
#include "jobs/frame/fields.hpp"
#include "jobs/frame/study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/calcium/circles.hpp>
#include <rewire/calcium/session_halves.hpp>
#include <rewire/calcium/shift_moments.hpp>
#include <rewire/network/session_change.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::jobs {

namespace {

/// One kind of the halves of one session.
struct HalfUnit
{
    std::size_t position = 0; ///< in the wave
    HalfKind kind = HalfKind::all;
};

struct HalfResult
{
    HalfPair half;
    std::vector<float> jackknife;
    double movement_share = 0;
};

void each_result_field(auto& result, auto field)
{
    auto& half = result.half;
    field(half.status), field(half.a), field(half.b), field(half.frames), field(half.blocks);
    field(result.jackknife), field(result.movement_share);
}

std::vector<HalfUnit> half_units_of(const Wave& wave, const ConnectomeSettings& settings)
{
    auto units = std::vector<HalfUnit>{};
    for (std::size_t position = 0; position < wave.size(); ++position)
        if (with_halves(wave.study, wave.sessions[position], settings))
            for (const auto kind : half_kinds)
                units.push_back({position, kind});
    return units;
}

/// What the halves of a session are computed from.
struct HalfSource
{
    const io::StudySession& session;
    const SessionInput& input;
    activity::ActivityView activity; ///< smoothed events
    activity::ActivityView events;
    const ConnectomeSettings& settings;
};

/// Shrunk for the effective frames that they are worth themselves; a session whose half has no
/// inverse is left out rather than stopping the run.
calcium::PartialCorrelation partial_correlation_of(const HalfSource& source,
                                                   std::span<const std::int32_t> frames,
                                                   const calcium::CovariateView& covariates)
{
    const auto chosen = calcium::chosen_frames(source.activity, frames, covariates);
    auto options = partial_correlation_options(source.settings, source.session,
                                               chosen.activity.view(), chosen.covariate_view());
    if (options.when_singular == calcium::WhenSingular::error)
        options.when_singular = calcium::WhenSingular::flag;
    return calcium::partial_correlation(chosen.activity.view(), options, chosen.covariate_view());
}

/// Moves the values to `values`; false, with the reason in `status`, where there are none.
bool take(calcium::PartialCorrelation partial, std::vector<double>& values, std::string& status)
{
    const auto usable =
        partial.active_count >= 2 && std::none_of(partial.value.begin(), partial.value.end(),
                                                  [](double value) { return std::isnan(value); });
    if (!usable) {
        status = "a half of the frames: " + partial.status_text;
        return false;
    }
    values = std::move(partial.value);
    return true;
}

SessionFrames frames_of(const HalfSource& source)
{
    return frames_of(source.session, source.input, source.settings, source.activity);
}

/// Without those that the session leaves out: artefacts, what lies between segments.
std::vector<std::int32_t> used_of(std::span<const std::int32_t> frames,
                                  const SessionFrames& session)
{
    auto used = std::vector<std::int32_t>{};
    for (const auto frame : frames)
        if (session.circle.empty() || session.circle[static_cast<std::size_t>(frame)] >= 0)
            used.push_back(frame);
    return used;
}

/// Partial correlations of two halves of the frames. False when `tick` stopped it.
bool partial_halves(const HalfSource& source, std::span<const std::int32_t> of_frames,
                    bool with_jackknife, HalfResult& result, const runtime::Tick& tick)
{
    const auto frames = used_of(of_frames, frames_of(source));
    const auto halves =
        calcium::interleaved_halves(frames, source.session.record.activity->rate_hz);
    const auto covariates = covariates_of(source.session, source.input, source.settings);
    const auto partial_of = [&](std::span<const std::int32_t> chosen) {
        return partial_correlation_of(source, chosen, covariates.view());
    };
    auto& half = result.half;
    half.status = "ok";
    half.frames = static_cast<std::int64_t>(frames.size());
    half.blocks = halves.blocks;
    if (!take(partial_of(halves.a), half.a, half.status) || !tick() ||
        !take(partial_of(halves.b), half.b, half.status)) {
        half.a.clear();
        return tick();
    }
    if (!with_jackknife)
        return tick();
    for (std::int64_t part = 0; part < network::jackknife_parts; ++part) {
        auto values = std::vector<double>{};
        auto status = std::string{};
        if (!tick())
            return false;
        if (!take(partial_of(calcium::without_part(halves.b, network::jackknife_parts, part)),
                  values, status)) {
            result.jackknife.clear();
            return true;
        }
        result.jackknife.insert(result.jackknife.end(), values.begin(), values.end());
    }
    return true;
}

bool fine_halves(const HalfSource& source, HalfResult& result, const runtime::Tick& tick)
{
    const auto& info = *source.session.record.activity;
    const auto session = frames_of(source);
    const auto frames = used_of(calcium::all_frames(source.activity.frames), session);
    const auto halves = calcium::interleaved_halves(frames, info.rate_hz);
    const auto margin = (source.input.taps - 1) / 2;
    const auto jitter =
        calcium::EventJitterOptions{.window_frames = window_frames_of(info, source.settings),
                                    .taps = calcium::smoothing_weights(source.input.taps)};
    auto& half = result.half;
    half.frames = static_cast<std::int64_t>(frames.size());
    half.blocks = halves.blocks;
    for (const auto* chosen : {&halves.a, &halves.b}) {
        auto runs = calcium::runs_of_frames(*chosen);
        for (auto& run : runs)
            run = {run.first + margin, run.last + margin};
        const auto segments = in_both(runs, session.segments);
        auto values = calcium::jitter_corrected_coincidence(
            source.events, segments, jitter, [&tick](std::int64_t) { return tick(); });
        if (!values)
            return false;
        (chosen == &halves.a ? half.a : half.b) = std::move(*values);
    }
    half.status = "ok";
    return true;
}

bool quiet_halves(const HalfSource& source, HalfResult& result, const runtime::Tick& tick)
{
    const auto quiet = quiet_frames_of(source.session, source.input, source.settings);
    result.movement_share = quiet.movement_share;
    result.half.status = quiet.status;
    return quiet.status != "ok" || partial_halves(source, quiet.frames, false, result, tick);
}

/// False when `tick` stopped it.
bool compute(const HalfSource& source, HalfKind kind, HalfResult& result, const runtime::Tick& tick)
{
    switch (kind) {
    case HalfKind::all:
        return partial_halves(source, calcium::all_frames(source.activity.frames), true, result,
                              tick);
    case HalfKind::fine:
        return fine_halves(source, result, tick);
    case HalfKind::quiet:
        break;
    }
    return quiet_halves(source, result, tick);
}

void put(SessionHalves& halves, HalfKind kind, HalfResult result)
{
    switch (kind) {
    case HalfKind::all:
        halves.all = std::move(result.half);
        halves.jackknife = std::move(result.jackknife);
        return;
    case HalfKind::fine:
        halves.fine = std::move(result.half);
        return;
    case HalfKind::quiet:
        halves.quiet = std::move(result.half);
        halves.movement_share = result.movement_share;
        return;
    }
}

} // namespace

QuietFrames quiet_frames_of(const io::StudySession& session, const SessionInput& input,
                            const ConnectomeSettings& settings)
{
    auto quiet = QuietFrames{.movement_share = std::numeric_limits<double>::quiet_NaN()};
    const auto asked_for = settings.movement.is_named();
    const auto file = io::NwbSession(session.path, settings.activity.nwb);
    quiet.status = lacks_movements(file, settings.movement);
    if (!quiet.status.empty() && !asked_for)
        return quiet;
    auto movements = SessionMovements{};
    try {
        movements = movements_in(file, settings.movement);
    } catch (const base::InputError& error) {
        if (asked_for)
            throw;
        quiet.status = "movements are not known: " + error.problem();
        return quiet;
    }
    auto is_quiet = behaviour::mask_of(movements.epochs);
    for (auto& flag : is_quiet)
        flag = flag == 0 ? 1 : 0;
    auto known = movements.known;
    known.resize(is_quiet.size(), movements.known.empty() ? 1 : 0);
    const auto quiet_on_axis = on_smoothed_frames(is_quiet, input);
    const auto known_on_axis = on_smoothed_frames(known, input);
    auto moving = 0.0;
    auto all = 0.0;
    for (std::size_t frame = 0; frame < quiet_on_axis.size(); ++frame) {
        if (known_on_axis[frame] == 0)
            continue;
        all += 1;
        if (quiet_on_axis[frame] != 0)
            quiet.frames.push_back(static_cast<std::int32_t>(frame));
        else
            moving += 1;
    }
    quiet.movement_share = moving / all;
    quiet.status = "ok";
    return quiet;
}

double halves_seconds(const io::ActivityInfo& activity, HalfKind kind, const ConnectomeRates& rates)
{
    switch (kind) {
    case HalfKind::all:
        return (network::jackknife_parts + 2) * connectome_seconds(activity, rates);
    case HalfKind::fine: {
        constexpr auto flops_of_window = 12.0;
        constexpr auto typical_window_frames = 14.0;
        return static_cast<double>(base::pair_count(activity.neurons)) * flops_of_window *
                   static_cast<double>(activity.frames) / typical_window_frames /
                   rates.edge_flops_per_s +
               connectome_seconds(activity, rates);
    }
    case HalfKind::quiet:
        break;
    }
    return 2 * connectome_seconds(activity, rates);
}

std::vector<std::optional<SessionHalves>> halves_of(runtime::RunContext& context, const Wave& wave,
                                                    const std::vector<SessionInput>& inputs,
                                                    const WaveActivity& activity,
                                                    const ConnectomeSettings& settings)
{
    auto all =
        std::vector<std::optional<SessionHalves>>(context.comm().is_root() ? wave.size() : 0);
    const auto units = half_units_of(wave, settings);
    if (units.empty())
        return all;
    auto costs = std::vector<double>{};
    for (const auto& unit : units)
        costs.push_back(halves_seconds(*wave.session(unit.position).record.activity, unit.kind));
    const auto computed = context.each_unit<runtime::UnitResults>(
        "halves" + wave.suffix, costs,
        [&](std::int64_t index, runtime::UnitResults& results, const runtime::Tick& tick) {
            const auto& unit = units[static_cast<std::size_t>(index)];
            const auto source = HalfSource{
                wave.session(unit.position), inputs[wave.sessions[unit.position]],
                activity.activity(unit.position), activity.events(unit.position), settings};
            auto result = HalfResult{};
            if (!compute(source, unit.kind, result, tick))
                return false;
            auto packer = base::Packer{};
            each_result_field(result, PackField{packer});
            results.add(index, packer.take());
            return true;
        });
    runtime::gather_to_root(context.comm(), computed, static_cast<std::int64_t>(units.size()),
                            [&](std::int64_t index, std::span<const std::byte> bytes) {
                                const auto& unit = units[static_cast<std::size_t>(index)];
                                auto unpacker = base::Unpacker(bytes);
                                auto result = HalfResult{};
                                each_result_field(result, UnpackField{unpacker});
                                auto& halves = all[unit.position];
                                if (!halves)
                                    halves.emplace();
                                put(*halves, unit.kind, std::move(result));
                            });
    return all;
}

} // namespace rewire::jobs
