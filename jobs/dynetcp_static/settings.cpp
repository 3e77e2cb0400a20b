#include "settings.hpp"

#include "jobs/frame/study_source.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace rewire::jobs {

namespace {

constexpr auto peak_ms = 10.0;  ///< lags that are searched
constexpr auto flank_ms = 50.0; ///< flanks lie beyond

std::vector<runtime::Option> fit_options()
{
    using runtime::OptionKind;
    return {
        {.name = "lambda",
         .default_value = "auto",
         .help = "penalty on the mean squared weight, whose effect depends on the numbers of units "
                 "and lags (the paper: 100 for 100 lags, 10 for 10); auto: the value of a path "
                 "whose likelihood of the held-out trials is best, summed over all units",
         .source = "Methods, training"},
        {.name = "optimiser",
         .default_value = "lbfgs",
         .help = "lbfgs: the optimum itself, every unit on its own; adam: stochastic steps as "
                 "published, stopped early",
         .source = "Methods, training",
         .choices = {"lbfgs", "adam"}},
        {.name = "epochs",
         .kind = OptionKind::integer,
         .default_value = "2000",
         .help = "adam: at most so many; the learning rate falls to a tenth after 1000",
         .source = "Methods, training",
         .minimum = 1,
         .maximum = 1e6},
        {.name = "batch",
         .kind = OptionKind::integer,
         .default_value = "16",
         .unit = "trials",
         .help = "adam: trials of a step, over all ranks",
         .source = "Methods, training",
         .minimum = 1,
         .maximum = 1e5},
        {.name = "patience",
         .kind = OptionKind::integer,
         .default_value = "100",
         .unit = "epochs",
         .help = "adam: stops when the loss of the validation trials was not better for so long",
         .source = "Methods, training",
         .minimum = 1,
         .maximum = 1e6},
        {.name = "learning-rate",
         .kind = OptionKind::real,
         .default_value = "1e-4",
         .help = "adam",
         .source = "Methods, training",
         .minimum = 1e-12,
         .maximum = 10},
    };
}

std::vector<runtime::Option> jitter_and_rule_options()
{
    using runtime::OptionKind;
    return {
        {.name = "jitter",
         .help = "twin that is fitted to jittered trains and subtracted: pattern (expectation over "
                 "all permutations across trials within windows; the default with --align), "
                 "interval (anywhere in the window), dither (moved by up to jitter-ms; the default "
                 "without --align), none",
         .source = "Methods, jitter correction",
         .choices = {"pattern", "interval", "dither", "none"}},
        {.name = "jitter-ms",
         .kind = OptionKind::real,
         .unit = "ms",
         .help = "windows of the pattern and interval jitter (25), reach of the dither (5)",
         .source = "Methods, jitter correction",
         .minimum = 0.05,
         .maximum = 1000},
        {.name = "threshold-sd",
         .kind = OptionKind::real,
         .default_value = "7",
         .unit = "sd",
         .help = "alpha_w: a weight within 10 ms whose size is above so many SD of the lags beyond "
                 "50 ms, of both directions, is a connection",
         .source = "Methods, static connectivity",
         .minimum = 0},
        {.name = "min-pair-spikes",
         .kind = OptionKind::real,
         .default_value = "4800",
         .help = "alpha_p: rate x rate x trials x 0.05 s that a pair needs to be called; 0: any",
         .source = "Methods, choice of thresholds",
         .minimum = 0},
    };
}

/// alpha_s of the paper as the default of the criterion that all spike jobs have.
std::vector<runtime::Option> unit_options_with_rate()
{
    auto options = unit_options();
    for (auto& option : options)
        if (option.name == "min-rate-hz")
            option.default_value = "1";
    return options;
}

std::int64_t whole_bins(const runtime::Options& options, const std::string& name, double bin_ms)
{
    const auto ms = options.real(name);
    const auto bins = std::llround(ms / bin_ms);
    if (bins < 1 || std::abs(static_cast<double>(bins) * bin_ms - ms) > 1e-9 * ms)
        throw base::UsageError(
            fmt::format("{} ms is not a whole number of bins of {} ms", ms, bin_ms), "--" + name,
            options.given(name) ? "choose a multiple of --bin-ms" : "give it, or another --bin-ms");
    return bins;
}

std::optional<double> lambda_of(const std::string& text)
{
    if (text == "auto")
        return std::nullopt;
    auto value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !(value > 0) ||
        !std::isfinite(value))
        throw base::UsageError(fmt::format("{} is not a penalty", text), "--lambda",
                               "give a positive number, or auto");
    return value;
}

spikes::Jitter jitter_of(const std::string& name, bool trials)
{
    if (name == "pattern" && !trials)
        throw base::UsageError("pattern jitter permutes spikes across trials, of which there are "
                               "none in a whole recording",
                               "--jitter pattern",
                               "cut trials with --align, or take --jitter dither");
    if (name == "pattern")
        return spikes::Jitter::pattern;
    if (name == "interval")
        return spikes::Jitter::interval;
    return name == "none" ? spikes::Jitter::none : spikes::Jitter::dither;
}

} // namespace

std::vector<runtime::Option> static_options()
{
    return alignment_options() + unit_options_with_rate() + trial_options("1", "100") +
           fit_options() + jitter_and_rule_options();
}

void adopt_static_options(runtime::RunContext& context)
{
    const auto& options = context.options();
    if (!options.given("jitter"))
        context.adopt("jitter", options.given("align") ? "pattern" : "dither");
    const auto jitter = options.text("jitter");
    if (!options.given("jitter-ms") && jitter != "none")
        context.adopt("jitter-ms", jitter == "dither" ? "5" : "25");
}

StaticSettings static_settings(const runtime::RunContext& context)
{
    const auto& options = context.options();
    auto settings = StaticSettings{};
    settings.trials = trial_settings(options);
    settings.lambda = lambda_of(options.text("lambda"));
    settings.adam = options.text("optimiser") == "adam";
    settings.epochs = options.integer("epochs");
    settings.batch = options.integer("batch");
    settings.patience = options.integer("patience");
    settings.learning_rate = options.real("learning-rate");
    settings.seed = context.seed();
    if (settings.adam && !settings.lambda)
        throw base::UsageError("lambda is chosen among optima, which adam does not reach",
                               "--lambda auto with --optimiser adam",
                               "give a value for --lambda, or take lbfgs");
    for (const auto* name : {"epochs", "batch", "patience", "learning-rate"})
        if (!settings.adam && options.given(name))
            throw base::UsageError("an option of --optimiser adam", fmt::format("--{}", name),
                                   "leave it out, or take adam");
    settings.jitter.kind = jitter_of(options.text("jitter"), settings.trials.align.has_value());
    if (settings.has_null()) {
        settings.jitter_ms = options.real("jitter-ms");
        settings.jitter.bins = whole_bins(options, "jitter-ms", settings.trials.bin_ms);
    } else if (options.given("jitter-ms")) {
        throw base::UsageError("there is nothing to jitter", "--jitter-ms with --jitter none",
                               "leave out one of them");
    }
    const auto in_bins = [&](double ms) {
        return std::max<std::int64_t>(1, std::llround(ms / settings.trials.bin_ms));
    };
    settings.rule = {.threshold_sd = options.real("threshold-sd"),
                     .peak_lag = in_bins(peak_ms),
                     .flank_first = in_bins(flank_ms) + 1};
    // Ten lags of flanks to each side, or their SD would be chance.
    settings.has_flanks = settings.lag_count() >= settings.rule.flank_first + 10;
    settings.minimum_pair_spikes = options.real("min-pair-spikes");
    return settings;
}

std::vector<double> lambda_path(const dynetcp::StaticShape& shape)
{
    auto path = std::vector<double>{};
    for (auto half_decades = -2; half_decades >= -11; --half_decades)
        path.push_back(static_cast<double>(shape.weights()) * std::pow(10.0, half_decades / 2.0));
    return path;
}

} // namespace rewire::jobs
