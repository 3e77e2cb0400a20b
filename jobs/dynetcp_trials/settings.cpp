#include "settings.hpp"

#include <rewire/base/error.hpp>

#include <cmath>

namespace rewire::jobs {

std::vector<runtime::Option> trial_options(const std::string& bin_ms, const std::string& lags)
{
    using runtime::OptionKind;
    return {
        {.name = "bin-ms",
         .kind = OptionKind::real,
         .default_value = bin_ms,
         .unit = "ms",
         .help = "bins of the trains; a bin holds one spike at most, further ones are counted as "
                 "clipped",
         .source = "Methods, training",
         .minimum = 0.05,
         .maximum = 100},
        {.name = "lags",
         .kind = OptionKind::integer,
         .default_value = lags,
         .unit = "bins",
         .help = "the largest lag: spikes of so many bins before, and of the same bin, predict",
         .source = "Methods, model",
         .minimum = 1,
         .maximum = 2000},
        {.name = "window-s",
         .kind = OptionKind::real,
         .default_value = "1",
         .unit = "s",
         .help = "without --align: the recording is cut into windows of this length, which take "
                 "the place of trials",
         .source = "Methods, training on the synthetic HH network",
         .minimum = 0.01,
         .maximum = 1000},
        {.name = "validation",
         .kind = OptionKind::real,
         .default_value = "0.2",
         .help = "share of the trials, the last of each condition, that stops the training and "
                 "chooses lambda",
         .source = "Methods, training",
         .minimum = 0.01,
         .maximum = 0.9},
        {.name = "test",
         .kind = OptionKind::real,
         .default_value = "0",
         .help = "share of the trials that nothing is chosen on, for an honest likelihood",
         .minimum = 0,
         .maximum = 0.9},
        {.name = "condition",
         .help = "column of the table of --align (orientation, stimulus_block): trials are split "
                 "within each of its values; running, where it is none of the columns: within "
                 "those in which the animal runs, rests, or has no known speed, by --speed-series "
                 "and --running-cm-s",
         .source = "Methods, training",
         .repeatable = true},
    };
}

TrialSettings trial_settings(const runtime::Options& options)
{
    auto settings = TrialSettings{};
    settings.bin_ms = options.real("bin-ms");
    settings.bin_ns = std::llround(settings.bin_ms * 1e6);
    settings.lags = options.integer("lags");
    settings.window_s = options.real("window-s");
    settings.units = unit_choice(options);
    settings.align = alignment(options);
    settings.units.columns_elsewhere = settings.align.has_value();
    settings.split = {options.real("validation"), options.real("test"), options.texts("condition")};
    if (settings.split.validation + settings.split.test > 0.95)
        throw base::UsageError("too few trials are left to train on", "--validation, --test",
                               "their sum may be 0.95 at most");
    if (!settings.align && !settings.split.conditions.empty())
        throw base::UsageError("conditions are columns of a table of trials", "--condition",
                               "name the table with --align");
    return settings;
}

} // namespace rewire::jobs
