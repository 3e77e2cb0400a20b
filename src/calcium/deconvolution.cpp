#include "oasis_pools.hpp"

#include <rewire/base/error.hpp>
#include <rewire/calcium/deconvolution.hpp>

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

/// Differences all the same: the noise level, by which farci multiplies in the end, is then 0.
template <typename Sample>
bool equal_steps(std::span<const Sample> dff)
{
    if (dff.size() < 3)
        return true;
    const auto first = static_cast<double>(dff[1]) - static_cast<double>(dff[0]);
    for (auto t = std::size_t{2}; t < dff.size(); ++t)
        if (static_cast<double>(dff[t]) - static_cast<double>(dff[t - 1]) != first)
            return false;
    return true;
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
    if (dff.empty() || (parameters.variant == OasisVariant::farci && equal_steps(dff)))
        return spikes;

    auto stack = PoolStack{};
    stack.reset(static_cast<std::int64_t>(dff.size()));
    for (auto t = std::size_t{0}; t < dff.size(); ++t)
        push(stack, static_cast<double>(dff[t]), static_cast<std::int32_t>(t), decay);

    for (auto k = std::size_t{2}; k <= static_cast<std::size_t>(stack.count); ++k)
        spikes[static_cast<std::size_t>(stack.start[k])] =
            spike_between(stack.pool[k - 1], stack.pool[k], parameters.variant);
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
