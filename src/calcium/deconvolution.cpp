#include "rewire/calcium/deconvolution.hpp"

#include "oasis_pools.hpp"
#include "traces.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::calcium {

namespace {

constexpr auto smallest_farci_decay = 1e-3;

void require_positive(double value, const char* name, const char* next)
{
    if (!(std::isfinite(value) && value > 0))
        throw base::InputError(fmt::format("{} must be a positive number, not {}", name, value), "",
                               next);
}

template <typename Sample>
bool all_finite(std::span<const Sample> dff)
{
    return std::all_of(dff.begin(), dff.end(), [](auto sample) { return std::isfinite(sample); });
}

/// A spike at the start of every pool but the first.
template <bool clipped>
void place_spikes(std::span<const Pool> pools, std::vector<double>& spikes)
{
    for (auto k = std::size_t{1}; k < pools.size(); ++k)
        spikes[static_cast<std::size_t>(pools[k].start)] = spike_between(
            fit_of<clipped>(pools[k - 1]), pools[k - 1].decay, fit_of<clipped>(pools[k]));
}

template <typename Sample>
std::vector<double> deconvolve_any(std::span<const Sample> dff, const OasisParameters& parameters)
{
    const auto decay = oasis_decay(parameters);
    auto spikes = std::vector<double>(dff.size(), 0.0);
    if (parameters.variant == OasisVariant::farci && !all_finite(dff)) {
        std::fill(spikes.begin(), spikes.end(), std::numeric_limits<double>::quiet_NaN());
        return spikes;
    }
    const auto trace = Trace<Sample>{dff.data(), static_cast<std::int64_t>(dff.size()), 1};
    if (parameters.variant == OasisVariant::farci && has_equal_steps(trace))
        return spikes;

    auto pools = std::vector<Pool>(dff.size() + 2, sentinel);
    auto top = pools.data() + 1;
    for (auto t = std::size_t{0}; t < dff.size(); ++t)
        top = push(top, static_cast<double>(dff[t]), static_cast<double>(t), decay);

    const auto solution = std::span(pools.data() + 2, top + 1);
    if (parameters.variant == OasisVariant::farci)
        place_spikes<true>(solution, spikes);
    else
        place_spikes<false>(solution, spikes);
    return spikes;
}

} // namespace

double oasis_decay(const OasisParameters& parameters)
{
    require_positive(parameters.tau_s, "tau",
                     "give the decay time of the indicator in seconds, e.g. 0.7 for GCaMP6f");
    require_positive(parameters.rate_hz, "the frame rate",
                     "check the sampling rate or the time stamps of the recording");
    const auto decay = std::exp(-1 / (parameters.tau_s * parameters.rate_hz));
    if (parameters.variant == OasisVariant::farci && decay <= smallest_farci_decay)
        throw base::InputError(
            fmt::format("tau = {} s at {} frames/s: calcium decays to {:.2g} within one frame, too "
                        "fast for OASIS in FARCI's variant (its smallest is {:g})",
                        parameters.tau_s, parameters.rate_hz, decay, smallest_farci_decay),
            "", "check that tau is in seconds and the rate in frames a second");
    return decay;
}

std::vector<double> deconvolve(std::span<const double> dff, const OasisParameters& parameters)
{
    return deconvolve_any(dff, parameters);
}

std::vector<double> deconvolve(std::span<const float> dff, const OasisParameters& parameters)
{
    return deconvolve_any(dff, parameters);
}

} // namespace rewire::calcium
