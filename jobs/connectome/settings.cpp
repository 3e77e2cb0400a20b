#include "settings.hpp"

#include "jobs/activity/movement_source.hpp"
#include "jobs/activity/smoothed_frames.hpp"
#include "jobs/frame/study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/calcium/circles.hpp>
#include <rewire/calcium/shift_moments.hpp>
#include <rewire/network/session_change.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace rewire::jobs {

namespace {

calcium::Shrinkage shrinkage_of(const std::string& text)
{
    using Kind = calcium::Shrinkage::Kind;
    if (text == "none")
        return {Kind::none, 0};
    if (text == "ledoit-wolf")
        return {Kind::ledoit_wolf, 0};
    auto value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value <= 1))
        throw base::UsageError("--shrinkage " + text + ": not a shrinkage", "",
                               "it takes none, ledoit-wolf, or a number from 0 to 1");
    return {Kind::fixed, value};
}

calcium::WhenSingular when_singular_of(const std::string& text)
{
    if (text == "error")
        return calcium::WhenSingular::error;
    if (text == "pinv")
        return calcium::WhenSingular::pseudo_inverse;
    if (text == "ledoit-wolf")
        return calcium::WhenSingular::ledoit_wolf;
    return calcium::WhenSingular::flag;
}

HalvesOf halves_of(const std::string& text)
{
    return text == "yes" ? HalvesOf::all : text == "no" ? HalvesOf::none : HalvesOf::long_studies;
}

SupportBy support_of(const std::string& text)
{
    return text == "none"    ? SupportBy::none
           : text == "shift" ? SupportBy::shift
                             : SupportBy::jitter;
}

/// Linear interpolation of one channel at the given times.
std::vector<double> interpolated(const io::Series& series, const std::vector<double>& times,
                                 const std::string& file)
{
    const auto& at = series.time_s;
    const auto period =
        at.size() > 1 ? (at.back() - at.front()) / static_cast<double>(at.size() - 1) : 0.0;
    if (at.empty() || times.front() < at.front() - 2 * period ||
        times.back() > at.back() + 2 * period)
        throw base::InputError(
            fmt::format("series {} does not cover the imaging frames", series.info.name), file,
            "leave out --covariate, or exclude the session in study.tsv");
    const auto channels = static_cast<std::size_t>(series.info.channels);
    auto values = std::vector<double>{};
    values.reserve(times.size());
    for (const auto time : times) {
        const auto after = std::upper_bound(at.begin(), at.end(), time);
        const auto right =
            std::min<std::size_t>(static_cast<std::size_t>(after - at.begin()), at.size() - 1);
        const auto left = right == 0 ? 0 : right - 1;
        const auto span = at[right] - at[left];
        const auto weight = span > 0 ? std::clamp((time - at[left]) / span, 0.0, 1.0) : 0.0;
        values.push_back((1 - weight) * series.values[left * channels] +
                         weight * series.values[right * channels]);
        if (!std::isfinite(values.back()))
            throw base::InputError(fmt::format("series {} has missing samples", series.info.name),
                                   file,
                                   "leave out --covariate, or exclude the session in study.tsv");
    }
    return values;
}

/// A table of intervals by its name, or the one whose name begins with it ("movement" ->
/// movement_epochs).
std::string intervals_named(const io::NwbSession& file, const std::string& name)
{
    for (const auto& table : file.intervals())
        if (table.name == name)
            return table.path;
    auto paths = std::vector<std::string>{};
    for (const auto& table : file.intervals())
        if (table.name.starts_with(name))
            paths.push_back(table.path);
    if (paths.size() > 1)
        throw base::InputError(
            fmt::format("--within {}: {} tables begin with that", name, paths.size()),
            file.path().string(), "give one of " + base::joined(paths, ", "));
    // without any, its absence is reported by the reader, with the names that are there
    return paths.empty() ? name : paths.front();
}

} // namespace

std::vector<runtime::Option> connectome_options()
{
    using Kind = runtime::OptionKind;
    return movement_source_options() +
           std::vector<runtime::Option>{
               {.name = "alpha",
                .kind = Kind::real,
                .default_value = "2",
                .unit = "sd",
                .help = "an edge is a partial correlation >= mean + alpha sd of the session's",
                .source = "2.3",
                .minimum = -10,
                .maximum = 100},
               {.name = "shrinkage",
                .default_value = "none",
                .help =
                    "of the correlation matrix: none, ledoit-wolf (with the noise of the effective "
                    "frames), or a number from 0 to 1"},
               {.name = "singular",
                .default_value = "flag",
                .help = "where the covariance has no usable inverse (frames <= neurons, duplicated "
                        "traces): NaN and a status, an error, pseudo-inverse, or Ledoit-Wolf",
                .choices = {"flag", "error", "pinv", "ledoit-wolf"}},
               {.name = "covariate",
                .help = "series (e.g. running_speed) taken out of every trace first; repeatable",
                .repeatable = true},
               {.name = "support",
                .default_value = "jitter",
                .help =
                    "what has to support an edge beside its partial correlation (closed form, no "
                    "surrogates): jitter of the events within windows, which leaves slow common "
                    "drive alone; shift of the traces, which does not; none: no such tests",
                .choices = {"jitter", "shift", "none"},
                .reaches_later_jobs = false},
               {.name = "window-s",
                .kind = Kind::real,
                .default_value = "0.5",
                .unit = "s",
                .help = "windows within which events are jittered; at least 8 frames",
                .minimum = 1e-3,
                .maximum = 1e4,
                .reaches_later_jobs = false},
               {.name = "displacements",
                .kind = Kind::integer,
                .default_value = "3",
                .help =
                    "of half of the neurons by 2 to 10 s: how often the tests of edges err on this "
                    "recording",
                .minimum = 0,
                .maximum = 1000,
                .reaches_later_jobs = false},
               {.name = "surrogates",
                .kind = Kind::integer,
                .default_value = "0",
                .help = "circular-shift surrogates of every session for p-values",
                .minimum = 0,
                .maximum = 1e8,
                .reaches_later_jobs = false},
               {.name = "two-sided",
                .kind = Kind::flag,
                .help = "p-values of |partial correlation|; default: of positive ones",
                .reaches_later_jobs = false},
               {.name = "min-shift-s",
                .kind = Kind::real,
                .default_value = "2",
                .unit = "s",
                .help = "pairs shifted against each other by less are left out of a surrogate's "
                        "maximum",
                .minimum = 0,
                .maximum = 1e5,
                .reaches_later_jobs = false},
               {.name = "within",
                .help =
                    "intervals table (e.g. movement): shift inside and outside of its intervals "
                    "separately",
                .reaches_later_jobs = false},
               {.name = "halves",
                .default_value = "auto",
                .help = "connectomes of two halves of every session, for `did the network change`: "
                        "auto "
                        "where an animal has five sessions or more; of quiet frames, too, where "
                        "movements "
                        "are known (--movement)",
                .choices = {"auto", "yes", "no"}},
           };
}

calcium::PartialCorrelationOptions
partial_correlation_options(const ConnectomeSettings& settings,
                            const activity::ActivityView& activity,
                            const calcium::CovariateView& covariates)
{
    auto options = settings.partial_correlation;
    if (options.shrinkage.kind != calcium::Shrinkage::Kind::ledoit_wolf &&
        options.when_singular != calcium::WhenSingular::ledoit_wolf)
        return options;
    const auto frames =
        calcium::effective_frames_of(activity, calcium::one_circle(activity.frames), covariates);
    options.shrinkage.effective_frames = frames > 0 ? frames : 0; // NaN: there is no pair
    return options;
}

ConnectomeSettings connectome_settings(const runtime::Options& options)
{
    auto shrinkage = shrinkage_of(options.text("shrinkage"));
    shrinkage.scale = calcium::MatrixScale::correlation;
    return {.partial_correlation = {.shrinkage = shrinkage,
                                    .when_singular = when_singular_of(options.text("singular"))},
            .alpha = options.real("alpha"),
            .support = support_of(options.text("support")),
            .window_s = options.real("window-s"),
            .displacements = options.integer("displacements"),
            .surrogates = options.integer("surrogates"),
            .two_sided = options.flag("two-sided"),
            .minimum_shift_s = options.real("min-shift-s"),
            .within = options.text("within"),
            .covariates = options.texts("covariate"),
            .halves = halves_of(options.text("halves"))};
}

bool with_halves(const io::Study& study, std::size_t session, const ConnectomeSettings& settings)
{
    if (settings.halves != HalvesOf::long_studies)
        return settings.halves == HalvesOf::all;
    return std::any_of(study.subjects.begin(), study.subjects.end(), [&](const auto& subject) {
        return subject.recorded >= network::least_sessions_of_change &&
               std::find(subject.sessions.begin(), subject.sessions.end(), session) !=
                   subject.sessions.end();
    });
}

SessionCovariates covariates_of(const io::StudySession& session, const SessionInput& input,
                                const ConnectomeSettings& settings, const runtime::Options& options)
{
    auto covariates = SessionCovariates{};
    if (settings.covariates.empty())
        return covariates;
    const auto file = io::NwbSession(session.path, nwb_options(options));
    const auto times = file.frame_times();
    for (const auto& name : settings.covariates) {
        const auto values = on_smoothed_frames(
            interpolated(file.read_series(name), times, session.record.file), input);
        covariates.value.insert(covariates.value.end(), values.begin(), values.end());
        ++covariates.count;
    }
    return covariates;
}

std::vector<std::uint8_t> state_of(const io::StudySession& session, const SessionInput& input,
                                   const ConnectomeSettings& settings,
                                   const runtime::Options& options)
{
    if (settings.within.empty())
        return {};
    const auto file = io::NwbSession(session.path, nwb_options(options));
    const auto times = file.frame_times();
    const auto table = file.read_intervals(intervals_named(file, settings.within));
    const auto start = table.at("start_time").numbers();
    const auto stop = table.at("stop_time").numbers();
    auto inside = std::vector<std::uint8_t>(times.size(), 0);
    for (std::size_t row = 0; row < start.size(); ++row) {
        const auto first = std::lower_bound(times.begin(), times.end(), start[row]) - times.begin();
        const auto last = std::lower_bound(times.begin(), times.end(), stop[row]) - times.begin();
        for (auto frame = first; frame < last; ++frame)
            inside[static_cast<std::size_t>(frame)] = 1;
    }
    return on_smoothed_frames(inside, input);
}

} // namespace rewire::jobs
