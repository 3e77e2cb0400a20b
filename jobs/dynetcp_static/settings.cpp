#include "settings.hpp"

#include "jobs/frame/study_source.hpp"
#include "jobs/recording/jitter_options.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace rewire::jobs {

namespace {

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
    };
}

std::vector<runtime::Option> jitter_and_rule_options()
{
    using runtime::OptionKind;
    return {
        {.name = "jitter",
         .help = "twin that is fitted to jittered trains and subtracted: pattern (expectation over "
                 "all permutations across trials within windows; the default with --align), "
                 "interval (anywhere in the window), dither (moved by up to jitter-ms, on average "
                 "or, by adam, anew every epoch; the default "
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
        {.name = "test-near",
         .kind = OptionKind::flag,
         .help = "also call pairs of units that share their peak channel or lie within 50 um "
                 "(columns peak_channel_id and x, y, z of the electrodes), where sorters lose "
                 "coincident spikes; their weights are fitted in any case"},
        {.name = "min-pair-spikes",
         .kind = OptionKind::real,
         .default_value = "4800",
         .help = "alpha_p: rate x rate x trials x 0.05 s that a pair needs to be called; 0: any",
         .source = "Methods, choice of thresholds",
         .minimum = 0},
    };
}

} // namespace

std::vector<runtime::Option> unit_options_with_rate()
{
    auto options = unit_options();
    for (auto& option : options)
        if (option.name == "min-rate-hz")
            option.default_value = "1";
    return options;
}

std::optional<double> penalty_of(const std::string& text, const std::string& option)
{
    if (text == "auto")
        return std::nullopt;
    auto value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !(value > 0) ||
        !std::isfinite(value))
        throw base::UsageError(fmt::format("{} is not a penalty", text), option,
                               "give a positive number, or auto");
    return value;
}

std::vector<runtime::Option> static_options()
{
    return alignment_options() + unit_options_with_rate() + trial_options("1", "100") +
           fit_options() + training_options("adam: ", "100") + jitter_and_rule_options();
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
    settings.lambda = penalty_of(options.text("lambda"), "--lambda");
    settings.adam = options.text("optimiser") == "adam";
    settings.training = training_settings(context);
    if (settings.adam && !settings.lambda)
        throw base::UsageError("lambda is chosen among optima, which adam does not reach",
                               "--lambda auto with --optimiser adam",
                               "give a value for --lambda, or take lbfgs");
    for (const auto* name : {"epochs", "batch", "patience", "learning-rate"})
        if (!settings.adam && options.given(name))
            throw base::UsageError("an option of --optimiser adam", fmt::format("--{}", name),
                                   "leave it out, or take adam");
    settings.jitter.kind = jitter_of(options, settings.trials.align.has_value(), "dither");
    if (settings.has_null()) {
        settings.jitter_ms = options.real("jitter-ms");
        settings.jitter.bins = whole_bins(options, "jitter-ms", settings.trials.bin_ms);
    } else if (options.given("jitter-ms")) {
        throw base::UsageError("there is nothing to jitter", "--jitter-ms with --jitter none",
                               "leave out one of them");
    }
    settings.rule = rule_of(options.real("threshold-sd"), settings.trials.bin_ms);
    // Ten lags of flanks to each side, or their SD would be chance.
    settings.has_flanks = settings.lag_count() >= settings.rule.flank_first + 10;
    settings.minimum_pair_spikes = options.real("min-pair-spikes");
    settings.test_near = options.flag("test-near");
    return settings;
}

dynetcp::StaticRule rule_of(double threshold_sd, double bin_ms)
{
    const auto in_bins = [&](double ms) {
        return std::max<std::int64_t>(1, std::llround(ms / bin_ms));
    };
    return {.threshold_sd = threshold_sd,
            .peak_lag = in_bins(searched_ms),
            .flank_first = in_bins(flank_ms) + 1};
}

std::vector<double> lambda_path(const dynetcp::StaticShape& shape)
{
    auto path = std::vector<double>{};
    for (auto half_decades = -2; half_decades >= -11; --half_decades)
        path.push_back(static_cast<double>(shape.weights()) * std::pow(10.0, half_decades / 2.0));
    return path;
}

} // namespace rewire::jobs
