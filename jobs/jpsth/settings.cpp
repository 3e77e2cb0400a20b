#include "settings.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

/// @throws UsageError: not a whole number of bins
std::int64_t bins_of(double ms, double bin_ms, const char* option)
{
    const auto bins = std::llround(ms / bin_ms);
    if (bins < 1 || std::abs(static_cast<double>(bins) * bin_ms - ms) > 1e-6 * ms)
        throw base::UsageError(
            fmt::format("{:g} ms is not a whole number of bins of {:g} ms", ms, bin_ms), option,
            "choose a multiple of --bin-ms");
    return bins;
}

} // namespace

std::int64_t JpsthJobSettings::bins() const
{
    return std::llround(1e3 * (trials.align.stop_s - trials.align.start_s) / trials.bin_ms);
}

std::int64_t JpsthJobSettings::columns() const
{
    return full() ? bins() : 2 * matrix.band_bins + 1;
}

std::vector<runtime::Option> jpsth_options()
{
    using runtime::OptionKind;
    return {
        {.name = "pairs",
         .default_value = significant_pairs,
         .help = "pairs of units: those that the correlograms of the results folder connect "
                 "(significant), or a file with the columns pre and post and, if need be, subject "
                 "and session, separated by commas, as in exported tables"},
        {.name = "bin-ms",
         .kind = OptionKind::real,
         .default_value = "5",
         .unit = "ms",
         .help = "bins of the trials; a bin holds one spike at most, further ones are counted as "
                 "clipped",
         .source = "Methods, JPSTH",
         .minimum = 0.05,
         .maximum = 1000},
        {.name = "band-ms",
         .kind = OptionKind::real,
         .default_value = "100",
         .unit = "ms",
         .help = "largest difference of the two times that is kept",
         .minimum = 0.05,
         .maximum = 1e6},
        {.name = "full",
         .kind = OptionKind::flag,
         .help = "keep all times of both units: the square matrix"},
        {.name = "smooth-ms",
         .kind = OptionKind::real,
         .default_value = "0",
         .unit = "ms",
         .help = "standard deviation of a Gaussian over the PSTHs before their components are "
                 "counted; 0: none",
         .minimum = 0,
         .maximum = 1e4},
        {.name = "average-bins",
         .kind = OptionKind::integer,
         .default_value = "10",
         .help = "bins of the average along the diagonal, the most recent ones",
         .source = "Methods, JPSTH",
         .minimum = 1,
         .maximum = 1e4},
    };
}

JpsthJobSettings jpsth_settings(const runtime::Options& options)
{
    const auto align = alignment(options);
    if (!align)
        throw base::UsageError("JPSTHs are over trials", "--align",
                               "name a table of intervals with --align, and give --stop-s");
    if (options.flag("full") && options.given("band-ms"))
        throw base::UsageError("all times are more than a band", "--full with --band-ms",
                               "leave out one of them");
    auto settings = JpsthJobSettings{.trials = {*align, options.real("bin-ms")},
                                     .matrix = {},
                                     .units = unit_choice(options),
                                     .pairs = options.text("pairs")};
    settings.units.columns_elsewhere = true;
    bins_of(1e3 * (align->stop_s - align->start_s), settings.trials.bin_ms, "--start-s, --stop-s");
    settings.smooth_ms = options.real("smooth-ms");
    settings.matrix.average_bins = options.integer("average-bins");
    settings.matrix.band_bins = -1;
    if (!options.flag("full")) {
        const auto band = bins_of(options.real("band-ms"), settings.trials.bin_ms, "--band-ms");
        // A band as wide as the trial is the whole matrix.
        settings.matrix.band_bins = band < settings.bins() - 1 ? band : -1;
    }
    return settings;
}

} // namespace rewire::jobs
