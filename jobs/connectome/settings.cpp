#include "settings.hpp"

#include "jobs/frame/study_source.hpp"
#include "study_family.hpp"

#include <rewire/base/error.hpp>
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

/// Options that were given and would change nothing. @throws UsageError
void require_effect(const runtime::Options& options)
{
    const auto refuse = [](const std::string& option, const char* without, const char* next) {
        throw base::UsageError("--" + option + " " + without, "", next);
    };
    if (options.texts("covariate").empty()) {
        constexpr auto next = "there is no signal to take out: name it as --covariate";
        if (options.real("covariate-lags-s") > 0)
            refuse("covariate-lags-s", "without --covariate", next);
        if (options.flag("covariate-average"))
            refuse("covariate-average", "without --covariate", next);
    }
    if (options.integer("surrogates") == 0 && options.given("min-shift-s"))
        refuse("min-shift-s", "without --surrogates",
               "it is of drawn shifts: give their number as --surrogates");
    if (options.text("support") != "none")
        return;
    constexpr auto next = "--support none tests nothing: leave one of the two out";
    if (options.text("family") == family_of_study)
        refuse("family", "all with --support none", next);
    if (options.given("displacements") && options.integer("displacements") > 0)
        refuse("displacements", "with --support none", next);
    if (options.given("window-s") && options.text("halves") == "no") // halves are jittered, too
        refuse("window-s", "with --support none and --halves no", next);
    if (options.flag("two-sided") && options.integer("surrogates") == 0)
        refuse("two-sided", "with --support none and no --surrogates", next);
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
        {.name = "shrinkage-of",
         .default_value = "session",
         .help = "an intensity of Ledoit and Wolf for every session, or one for all sessions that "
                 "an animal has in the study, so that shrinkage is no trend over them; sessions "
                 "that are added later change it",
         .choices = {"session", "animal"}},
        {.name = "singular",
         .default_value = "flag",
         .help = "where the covariance has no usable inverse (frames <= neurons, duplicated "
                 "traces): NaN and a status, an error, pseudo-inverse, or Ledoit-Wolf",
         .choices = {"flag", "error", "pinv", "ledoit-wolf"}},
        {.name = "covariate",
         .help =
             "series (e.g. running_speed; each of its channels) or intervals table (e.g. movement) "
             "taken out of every trace first; repeatable",
         .repeatable = true},
        {.name = "covariate-lags-s",
         .kind = Kind::real,
         .default_value = "0",
         .unit = "s",
         .help = "take covariates out at all lags up to this as well, to both sides (0.5: what "
                 "movement does to activity); lags do not reach across gaps of the clock",
         .minimum = 0,
         .maximum = 60},
        {.name = "covariate-average",
         .kind = Kind::flag,
         .help = "the mean of a covariate over each frame (of an intervals table: the share of the "
                 "frame within), not its value when the frame begins"},
        {.name = "highpass-s",
         .kind = Kind::real,
         .default_value = "0",
         .unit = "s",
         .help = "take cosines of this period and slower out of every trace (60: rates that "
                 "drift; 4: neuropil), on the clock of the recording, where a longer gap counts as "
                 "one period; 0: none",
         .minimum = 0,
         .maximum = 1e5},
        {.name = "drop-artefacts",
         .kind = Kind::flag,
         .help = "leave out frames in which nearly all neurons are active at once (population mean "
                 "above 8 median absolute deviations, and beyond what a window before and one "
                 "after explain), which no test tells from fine coincidence"},
        {.name = "segments",
         .help = "intervals table of stretches that were imaged without a break, e.g. trials: "
                 "deconvolve, smooth, shift and jitter within each, leave out what lies between; "
                 "gaps of the clock split with and without a table"},
        {.name = "support",
         .default_value = "jitter",
         .help = "what has to support an edge beside its partial correlation (closed form, no "
                 "surrogates): jitter of the events within windows, which leaves slow common "
                 "drive alone; shift of the traces, which does not; none: no such tests",
         .choices = {"jitter", "shift", "none"}},
        {.name = "window-s",
         .kind = Kind::real,
         .default_value = "0.5",
         .unit = "s",
         .help = "windows within which events are jittered; at least 8 frames",
         .minimum = 1e-3,
         .maximum = 1e4},
        {.name = "displacements",
         .kind = Kind::integer,
         .default_value = "3",
         .help = "of half of the neurons by 2 to 10 s: how often the tests of edges err on this "
                 "recording",
         .minimum = 0,
         .maximum = 1000,
         .reaches_later_jobs = false},
        {.name = "family",
         .default_value = "session",
         .help = "what supported edges are corrected for: the pairs of their session, or besides, "
                 "for claims over sessions and animals, those of all sessions of the result "
                 "together (q_study, supported_study)",
         .choices = {family_of_session, family_of_study},
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
         .help =
             "supported edges and surrogates of either sign: p_both, its q and Holm's are twice "
             "the smaller tail (`sign` says which), surrogates' p-values are of |partial "
             "correlation|; p_partial, p_marginal and p_fine stay those of positive ones. "
             "Default: of positive ones",
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
                 "separately"},
        {.name = "halves",
         .default_value = "auto",
         .help = "connectomes of two halves of every session, for `did the network change`: auto "
                 "where an animal has five sessions or more; of quiet frames, too, where movements "
                 "are known (--movement)",
         .choices = {"auto", "yes", "no"}},
    };
}

calcium::PartialCorrelationOptions
partial_correlation_options(const ConnectomeSettings& settings, const io::StudySession& session,
                            const activity::ActivityView& activity,
                            const calcium::CovariateView& covariates)
{
    auto options = settings.partial_correlation;
    if (settings.shrinks_animals_alike) {
        options.shrinkage.kind = calcium::Shrinkage::Kind::fixed;
        options.shrinkage.value = settings.shrinkage_of_animal.at(session.record.subject);
    }
    if (options.shrinkage.kind != calcium::Shrinkage::Kind::ledoit_wolf &&
        options.when_singular != calcium::WhenSingular::ledoit_wolf)
        return options;
    const auto frames = effective_frames_of(activity, covariates);
    options.shrinkage.effective_frames = frames > 0 ? frames : 0; // NaN: there is no pair
    return options;
}

double effective_frames_of(const activity::ActivityView& activity,
                           const calcium::CovariateView& covariates)
{
    return calcium::effective_frames_of(activity, calcium::one_circle(activity.frames), covariates);
}

ConnectomeSettings connectome_settings(const runtime::Options& options)
{
    require_effect(options);
    auto shrinkage = shrinkage_of(options.text("shrinkage"));
    shrinkage.scale = calcium::MatrixScale::correlation;
    const auto of_animals = options.text("shrinkage-of") == "animal";
    if (of_animals && shrinkage.kind != calcium::Shrinkage::Kind::ledoit_wolf)
        throw base::UsageError("--shrinkage-of animal without --shrinkage ledoit-wolf", "",
                               "none and a number are the same for all sessions anyhow");
    return {.activity = activity_settings(options),
            .movement = movement_source_settings(options),
            .partial_correlation = {.shrinkage = shrinkage,
                                    .when_singular = when_singular_of(options.text("singular"))},
            .shrinks_animals_alike = of_animals,
            .alpha = options.real("alpha"),
            .support = support_of(options.text("support")),
            .window_s = options.real("window-s"),
            .displacements = options.integer("displacements"),
            .family_of_study = options.text("family") == family_of_study,
            .surrogates = options.integer("surrogates"),
            .two_sided = options.flag("two-sided"),
            .minimum_shift_s = options.real("min-shift-s"),
            .within = options.text("within"),
            .covariates = options.texts("covariate"),
            .covariate_lags_s = options.real("covariate-lags-s"),
            .averages_covariates = options.flag("covariate-average"),
            .highpass_s = options.real("highpass-s"),
            .drop_artefacts = options.flag("drop-artefacts"),
            .segments = options.text("segments"),
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

} // namespace rewire::jobs
