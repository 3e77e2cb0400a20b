#include "covariates.hpp"

#include "jobs/activity/segments.hpp"
#include "jobs/activity/smoothed_frames.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>
#include <rewire/behaviour/interpolation.hpp>
#include <rewire/behaviour/movement_epochs.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/io/nwb_session.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

namespace rewire::jobs {

namespace {

using base::at;

void add(const std::vector<double>& values, SessionCovariates& covariates)
{
    covariates.value.insert(covariates.value.end(), values.begin(), values.end());
    ++covariates.count;
}

/// But for rounding.
bool is_constant(const std::vector<double>& values)
{
    constexpr auto negligible = 1e-10;
    if (values.empty())
        return true;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    return *high - *low <= negligible * std::max(std::abs(*low), std::abs(*high));
}

/// The value of `lag` frames before; beyond the ends of what was imaged without a gap that of its
/// first or last frame.
std::vector<double> lagged(const std::vector<double>& values, std::int64_t lag,
                           const std::vector<base::Range>& without_gap)
{
    auto moved = values;
    for (const auto& frames : without_gap)
        for (auto t = frames.first; t < frames.last; ++t)
            moved[at(t)] =
                values[at(std::clamp<std::int64_t>(t - lag, frames.first, frames.last - 1))];
    return moved;
}

/// Where frames lie on their clock, in frames: a gap counts as that many, but not as more than
/// `longest_gap`.
std::vector<std::int64_t> places_of(std::span<const double> times, double rate_hz,
                                    std::int64_t longest_gap)
{
    auto place = std::vector<std::int64_t>(times.size(), 0);
    for (std::size_t t = 1; t < times.size(); ++t)
        place[t] = place[t - 1] +
                   std::clamp<std::int64_t>(std::llround((times[t] - times[t - 1]) * rate_hz), 1,
                                            longest_gap);
    return place;
}

/// From the first frame to the last, in frames of the clock.
double length_of(std::span<const std::int64_t> place)
{
    return place.empty() ? 0 : static_cast<double>(place.back() - place.front() + 1);
}

/// The first `count` half cosines over the time from the first frame to the last.
void add_cosines(std::span<const std::int64_t> place, std::int64_t count,
                 SessionCovariates& covariates)
{
    const auto length = length_of(place);
    auto wave = std::vector<double>(place.size());
    for (std::int64_t k = 1; k <= count; ++k) {
        for (std::size_t t = 0; t < place.size(); ++t)
            wave[t] = std::cos(std::numbers::pi * static_cast<double>(k) *
                               (static_cast<double>(place[t] - place.front()) + 0.5) / length);
        add(wave, covariates);
    }
}

/// 1 in the frames of an interval. A table without rows is one in which nothing happened.
/// @throws InputError for intervals of which none holds a frame: another clock, or other units
std::vector<std::uint8_t> mask_of_table(std::span<const double> start, std::span<const double> stop,
                                        std::span<const double> times, const std::string& where)
{
    auto mask = behaviour::mask_of(behaviour::epochs_of_intervals(start, stop, times, where));
    if (!start.empty() && std::find(mask.begin(), mask.end(), 1) == mask.end())
        throw base::InputError("no interval holds an imaging frame", where,
                               "are its times in seconds, on the clock of the recording?");
    return mask;
}

/// A series, channel by channel, or a table of intervals, on all frames of the file.
/// @param averaged over each frame; else their values when it begins
std::vector<std::vector<double>> signals_of(const io::NwbSession& file, const std::string& name,
                                            bool averaged, const std::string& file_name)
{
    const auto times = file.frame_times();
    const auto& tables = file.intervals();
    const auto is_series = std::any_of(file.series().begin(), file.series().end(),
                                       [&](const auto& each) { return each.name == name; });
    const auto is_table = std::any_of(tables.begin(), tables.end(), [&](const auto& each) {
        return each.name.starts_with(name);
    });
    if (!is_series && is_table) {
        const auto table = file.read_intervals(name);
        const auto start = table.at("start_time").numbers();
        const auto stop = table.at("stop_time").numbers();
        const auto mask = mask_of_table(start, stop, times, file_name + ":" + table.path);
        if (averaged)
            return {behaviour::share_within(start, stop, times)};
        return {{mask.begin(), mask.end()}};
    }
    const auto series = file.read_series(name);
    auto channels = std::vector<std::vector<double>>{};
    for (std::int64_t channel = 0; channel < series.info.channels; ++channel)
        channels.push_back((averaged ? behaviour::averaged : behaviour::interpolated)(
            series.values, series.info.channels, channel, series.time_s, times,
            file_name + ":" + series.info.path));
    return channels;
}

/// Of the frames, as covariates.
constexpr auto largest_share = 0.1;

/// @param share of the frames that they may be
void require_few(double count, std::int64_t frames, const io::StudySession& session,
                 double share = largest_share)
{
    if (count > share * static_cast<double>(frames) && count > 1)
        throw base::InputError(
            fmt::format("{:.7g} covariates for {} frames: little would be left of the activity",
                        count, frames),
            session.record.file,
            "give fewer, smaller --covariate-lags-s, or a longer --highpass-s");
}

} // namespace

void require_few_covariates(const io::Study& study, const ConnectomeSettings& settings)
{
    for (const auto& session : study.sessions) {
        const auto rate_hz = session.record.activity->rate_hz;
        const auto frames = session.record.activity->frames;
        const auto lags = static_cast<double>(std::llround(settings.covariate_lags_s * rate_hz));
        auto count = static_cast<double>(settings.covariates.size()) * (2 * lags + 1);
        if (settings.highpass_s > 0)
            count += 2 * static_cast<double>(frames) / (settings.highpass_s * rate_hz);
        // Twice: what is left out, and gaps, are not known yet.
        require_few(count, frames, session, 2 * largest_share);
    }
}

SessionCovariates covariates_of(const io::StudySession& session, const SessionInput& input,
                                const ConnectomeSettings& settings)
{
    auto covariates = SessionCovariates{};
    if (settings.covariates.empty() && settings.highpass_s == 0)
        return covariates;
    const auto file = io::NwbSession(session.path, settings.activity.nwb);
    const auto rate_hz = session.record.activity->rate_hz;
    const auto lags = std::llround(settings.covariate_lags_s * rate_hz);
    const auto without_gap = segments_in(file, "", session.record.file);
    const auto times = on_smoothed_frames(file.frame_times(), input);
    const auto frames = static_cast<std::int64_t>(times.size());
    for (const auto& name : settings.covariates) {
        const auto signals =
            signals_of(file, name, settings.averages_covariates, session.record.file);
        require_few(static_cast<double>(covariates.count) +
                        static_cast<double>(signals.size()) * static_cast<double>(2 * lags + 1),
                    frames, session);
        for (std::size_t channel = 0; channel < signals.size(); ++channel) {
            auto constant = true;
            for (auto lag = -lags; lag <= lags; ++lag) {
                const auto values =
                    on_smoothed_frames(lagged(signals[channel], lag, without_gap), input);
                constant = constant && is_constant(values);
                add(values, covariates);
            }
            if (constant)
                covariates.constant.push_back(
                    signals.size() > 1 ? fmt::format("{}, channel {}", name, channel + 1) : name);
        }
    }
    if (settings.highpass_s > 0) {
        const auto period_frames = settings.highpass_s * rate_hz;
        const auto place =
            places_of(times, rate_hz, std::max<std::int64_t>(1, std::llround(period_frames)));
        const auto count = std::floor(2 * length_of(place) / period_frames);
        require_few(static_cast<double>(covariates.count) + count, frames, session);
        covariates.without_cosines = count < 1;
        add_cosines(place, static_cast<std::int64_t>(count), covariates);
    }
    return covariates;
}

std::vector<std::uint8_t> state_of(const io::StudySession& session, const SessionInput& input,
                                   const ConnectomeSettings& settings)
{
    if (settings.within.empty())
        return {};
    const auto file = io::NwbSession(session.path, settings.activity.nwb);
    const auto table = file.read_intervals(settings.within);
    return on_smoothed_frames(mask_of_table(table.at("start_time").numbers(),
                                            table.at("stop_time").numbers(), file.frame_times(),
                                            session.record.file + ":" + table.path),
                              input);
}

void warn_of_covariates(runtime::RunContext& context, const io::StudySession& session,
                        const SessionCovariates& covariates, const ConnectomeSettings& settings)
{
    for (const auto& name : covariates.constant)
        context.warn(fmt::format("{}: the covariate {} is constant in the imaged frames: nothing "
                                 "is taken out",
                                 session.record.file, name));
    if (covariates.without_cosines)
        context.warn(fmt::format("{}: --highpass-s {:g} is more than twice as long as the session: "
                                 "nothing is taken out",
                                 session.record.file, settings.highpass_s));
}

void warn_of_states(runtime::RunContext& context, const io::StudySession& session,
                    const std::vector<std::uint8_t>& state, const ConnectomeSettings& settings)
{
    const auto inside = std::count(state.begin(), state.end(), std::uint8_t{1});
    if (state.empty() || (inside > 0 && inside < static_cast<std::ptrdiff_t>(state.size())))
        return;
    context.warn(fmt::format("{}: all frames are {} the intervals of {}: no states are kept apart",
                             session.record.file, inside > 0 ? "inside" : "outside of",
                             settings.within));
}

} // namespace rewire::jobs
