#include "jitter_options.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <cmath>

namespace rewire::jobs {

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

spikes::Jitter jitter_of(const runtime::Options& options, bool trials,
                         const std::string& without_trials)
{
    const auto name = options.text("jitter");
    if (name == "pattern" && !trials)
        throw base::UsageError(
            "pattern jitter permutes spikes across trials, of which there are "
            "none in a whole recording",
            "--jitter pattern",
            "cut trials with --align, --start-s and --stop-s, or take --jitter " + without_trials);
    if (name == "pattern")
        return spikes::Jitter::pattern;
    if (name == "interval")
        return spikes::Jitter::interval;
    return name == "dither" ? spikes::Jitter::dither : spikes::Jitter::none;
}

} // namespace rewire::jobs
