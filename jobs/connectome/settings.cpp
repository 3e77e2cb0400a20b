#include "settings.hpp"

#include "jobs/activity/smoothed_frames.hpp"
#include "jobs/frame/study_source.hpp"

#include <rewire/base/error.hpp>
#include <rewire/behaviour/interpolation.hpp>
#include <rewire/behaviour/movement_epochs.hpp>
#include <rewire/calcium/circles.hpp>
#include <rewire/calcium/shift_moments.hpp>
#include <rewire/network/session_change.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

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

} // namespace

std::vector<runtime::Option> connectome_options()
{
    using Kind = runtime::OptionKind;
    return {
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
         .help = "of the correlation matrix: none, ledoit-wolf (with the noise of the effective "
                 "frames), or a number from 0 to 1"},
        {.name = "singular",
         .default_value = "flag",
         .help = "where the covariance has no usable inverse (frames <= neurons, duplicated "
                 "traces): NaN and a status, an error, pseudo-inverse, or Ledoit-Wolf",
         .choices = {"flag", "error", "pinv", "ledoit-wolf"}},
        {.name = "covariate",
         .help =
             "series (e.g. running_speed; each of its channels) taken out of every trace first; "
             "repeatable",
         .repeatable = true},
        {.name = "support",
         .default_value = "jitter",
         .help = "what has to support an edge beside its partial correlation (closed form, no "
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
         .help = "of half of the neurons by 2 to 10 s: how often the tests of edges err on this "
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
         .help = "pairs shifted against each other by less are left out of a surrogate's maximum",
         .minimum = 0,
         .maximum = 1e5,
         .reaches_later_jobs = false},
        {.name = "within",
         .help = "intervals table (e.g. movement): shift inside and outside of its intervals "
                 "separately",
         .reaches_later_jobs = false},
        {.name = "halves",
         .default_value = "auto",
         .help = "connectomes of two halves of every session, for `did the network change`: auto "
                 "where an animal has five sessions or more; of quiet frames, too, where movements "
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
        const auto series = file.read_series(name);
        const auto where = session.record.file + ":" + series.info.path;
        for (std::int64_t channel = 0; channel < series.info.channels; ++channel) {
            const auto values =
                on_smoothed_frames(behaviour::interpolated(series.values, series.info.channels,
                                                           channel, series.time_s, times, where),
                                   input);
            covariates.value.insert(covariates.value.end(), values.begin(), values.end());
            ++covariates.count;
        }
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
    const auto table = file.read_intervals(settings.within);
    const auto epochs = behaviour::epochs_of_intervals(
        table.at("start_time").numbers(), table.at("stop_time").numbers(), file.frame_times(),
        session.record.file + ":" + table.path);
    return on_smoothed_frames(behaviour::mask_of(epochs), input);
}

} // namespace rewire::jobs
