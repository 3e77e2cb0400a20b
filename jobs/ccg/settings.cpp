#include "settings.hpp"

#include "jobs/recording/jitter_options.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

constexpr auto flank_ms = 50.0; ///< flanks lie beyond
constexpr auto most_lags = std::int64_t{5000};

} // namespace

std::vector<runtime::Option> ccg_options()
{
    using runtime::OptionKind;
    return {
        {.name = "bin-ms",
         .kind = OptionKind::real,
         .default_value = "1",
         .unit = "ms",
         .help = "bins of the trains; a bin holds one spike at most, further ones are counted as "
                 "clipped",
         .source = "Methods, correlograms",
         .minimum = 0.05,
         .maximum = 10},
        {.name = "window-ms",
         .kind = OptionKind::real,
         .default_value = "100",
         .unit = "ms",
         .help = "lags to each side; the flanks that the noise is taken from begin beyond 50 ms",
         .source = "Methods, correlograms",
         .minimum = 1,
         .maximum = 1000},
        {.name = "jitter",
         .help = "null of the correlograms: pattern (times permuted across trials within windows, "
                 "which keeps what is locked to the trial; the default with --align), interval "
                 "(every spike anywhere in its window; the default without), dither (moved by up "
                 "to jitter-ms to either side), none (median subtracted, no p-values)",
         .source = "Methods, correlograms",
         .choices = {"pattern", "interval", "dither", "none"}},
        {.name = "jitter-ms",
         .kind = OptionKind::real,
         .unit = "ms",
         .help =
             "windows of the pattern and interval jitter (25), reach of the dither to one side (5)",
         .source = "Methods, correlograms",
         .minimum = 0.05,
         .maximum = 1000},
        {.name = "surrogates",
         .kind = OptionKind::integer,
         .default_value = "0",
         .help = "Monte Carlo surrogates of every pair, the postsynaptic candidate jittered: for "
                 "the p of the largest deviation over the lags of a direction, which has no closed "
                 "form",
         .minimum = 0,
         .maximum = 1e7},
        {.name = "threshold-sd",
         .kind = OptionKind::real,
         .default_value = "7",
         .unit = "sd",
         .help = "alpha_w: a peak within 10 ms above so many SD of the flanks is a connection, a "
                 "trough below an inhibitory one",
         .source = "Methods, static connectivity",
         .minimum = 0},
        {.name = "test-near",
         .kind = OptionKind::flag,
         .help = "also call and test pairs of units that share their peak channel or lie within 50 "
                 "um (columns peak_channel_id and x, y, z of the electrodes), where sorters lose "
                 "coincident spikes"},
        area_scores_option(),
        {.name = "min-pair-spikes",
         .kind = OptionKind::real,
         .default_value = "0",
         .help = "alpha_p: pairs of which chance gives fewer coincidences within 10 ms, over the "
                 "whole recording, are neither called nor tested (the paper: 10 at least; without, "
                 "the log says how many calls by the rule lie below)",
         .source = "Methods, static connectivity",
         .minimum = 0},
    };
}

void adopt_ccg_options(runtime::RunContext& context)
{
    const auto& options = context.options();
    if (!options.given("jitter"))
        context.adopt("jitter", options.given("align") ? "pattern" : "interval");
    const auto jitter = options.text("jitter");
    if (!options.given("jitter-ms") && jitter != "none")
        context.adopt("jitter-ms", jitter == "dither" ? "5" : "25");
}

CcgSettings ccg_settings(const runtime::Options& options)
{
    auto settings = CcgSettings{};
    settings.units = unit_choice(options);
    settings.align = alignment(options);
    settings.test_near = options.flag("test-near");
    settings.units.columns_elsewhere = settings.align.has_value();
    settings.bin_ms = options.real("bin-ms");
    settings.bin_ns = std::llround(settings.bin_ms * 1e6);
    settings.max_lag = whole_bins(options, "window-ms", settings.bin_ms);
    settings.jitter.kind = jitter_of(options, settings.align.has_value(), "interval");
    if (settings.has_null()) {
        settings.jitter_ms = options.real("jitter-ms");
        settings.jitter.bins = whole_bins(options, "jitter-ms", settings.bin_ms);
    } else if (options.given("jitter-ms")) {
        throw base::UsageError("there is nothing to jitter", "--jitter-ms with --jitter none",
                               "leave out one of them");
    }
    const auto in_bins = [&](double ms) {
        return std::max<std::int64_t>(1, std::llround(ms / settings.bin_ms));
    };
    settings.rule.threshold_sd = options.real("threshold-sd");
    settings.rule.peak_lag = in_bins(peak_ms);
    settings.rule.flank_first = in_bins(flank_ms) + 1;
    settings.tests.exact_lag = settings.rule.peak_lag;
    settings.tests.flank_first = settings.rule.flank_first;
    settings.area_scores = area_scores(options);
    settings.seed = static_cast<std::uint64_t>(options.integer("seed"));
    settings.surrogates = options.integer("surrogates");
    if (settings.surrogates > 0 && !settings.has_null())
        throw base::UsageError("there is nothing to draw", "--surrogates with --jitter none",
                               "leave out one of them");
    settings.minimum_pair_spikes = options.real("min-pair-spikes");
    if (settings.max_lag <= settings.rule.flank_first)
        throw base::UsageError("no flanks are left, which begin beyond 50 ms", "--window-ms",
                               "choose 60 ms or more; the paper: 100");
    if (settings.max_lag > most_lags || settings.jitter.bins > 255)
        throw base::UsageError(
            "too many bins in the window or the jitter", "--bin-ms",
            fmt::format("at most {} lags to a side and 255 bins of jitter", most_lags));
    return settings;
}

} // namespace rewire::jobs
