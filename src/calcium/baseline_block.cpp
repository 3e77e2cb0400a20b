#include <rewire/base/error.hpp>
#include <rewire/calcium/baseline.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::calcium {

namespace {

void check_size(std::size_t samples, std::int64_t frames, std::int64_t neurons)
{
    if (frames < 0 || neurons < 0 || static_cast<std::int64_t>(samples) != frames * neurons)
        throw base::InputError(
            fmt::format("{} samples are not {} frames x {} neurons", samples, frames, neurons), "",
            "fluorescence and neuropil need one sample for every frame and neuron");
}

template <typename Sample>
void copy_trace(std::span<const Sample> samples, std::int64_t neurons, std::int64_t neuron,
                std::vector<double>& trace)
{
    auto at = static_cast<std::size_t>(neuron);
    for (auto& value : trace) {
        value = static_cast<double>(samples[at]);
        at += static_cast<std::size_t>(neurons);
    }
}

bool all_finite(std::span<const double> trace)
{
    return std::all_of(trace.begin(), trace.end(),
                       [](double value) { return std::isfinite(value); });
}

std::vector<double> baseline_of(std::span<const double> trace, double rate_hz,
                                const BaselineOptions& options)
{
    switch (options.kind) {
    case BaselineKind::maximin:
        return maximin_baseline(trace, rate_hz, options.window_s, options.sigma_frames);
    case BaselineKind::percentile:
        return std::vector<double>(trace.size(), percentile_baseline(trace, options.percentile));
    case BaselineKind::constant:
        return std::vector<double>(trace.size(), options.constant);
    case BaselineKind::none:
        break;
    }
    return {};
}

/// False: not defined, because the baseline is not above 0 everywhere.
bool subtract(std::vector<double>& trace, double rate_hz, const BaselineOptions& options)
{
    const auto baseline = baseline_of(trace, rate_hz, options);
    if (baseline.empty())
        return true;
    const auto above_zero = [](double value) { return value > 0; };
    if (options.relative && !std::all_of(baseline.begin(), baseline.end(), above_zero))
        return false;
    for (std::size_t t = 0; t < trace.size(); ++t)
        trace[t] =
            options.relative ? (trace[t] - baseline[t]) / baseline[t] : trace[t] - baseline[t];
    return true;
}

} // namespace

template <typename Sample>
std::vector<std::int64_t>
subtract_baseline(std::span<Sample> samples, std::span<const Sample> neuropil, std::int64_t frames,
                  std::int64_t neurons, double rate_hz, const BaselineOptions& options)
{
    check_size(samples.size(), frames, neurons);
    if (!neuropil.empty())
        check_size(neuropil.size(), frames, neurons);
    auto undefined = std::vector<std::int64_t>{};
    auto trace = std::vector<double>(static_cast<std::size_t>(frames));
    auto around = std::vector<double>(neuropil.empty() ? 0 : trace.size());
    for (auto neuron = std::int64_t{0}; neuron < neurons; ++neuron) {
        copy_trace<Sample>(samples, neurons, neuron, trace);
        if (!neuropil.empty())
            copy_trace<Sample>(neuropil, neurons, neuron, around);
        for (std::size_t t = 0; t < around.size(); ++t)
            trace[t] -= options.neuropil_factor * around[t];
        if (all_finite(trace) && !subtract(trace, rate_hz, options)) {
            std::fill(trace.begin(), trace.end(), std::numeric_limits<double>::quiet_NaN());
            undefined.push_back(neuron);
        }
        for (std::size_t t = 0; t < trace.size(); ++t)
            samples[t * static_cast<std::size_t>(neurons) + static_cast<std::size_t>(neuron)] =
                static_cast<Sample>(trace[t]);
    }
    return undefined;
}

template std::vector<std::int64_t> subtract_baseline(std::span<float>, std::span<const float>,
                                                     std::int64_t, std::int64_t, double,
                                                     const BaselineOptions&);
template std::vector<std::int64_t> subtract_baseline(std::span<double>, std::span<const double>,
                                                     std::int64_t, std::int64_t, double,
                                                     const BaselineOptions&);

bool is_far_from_zero(std::span<const double> trace)
{
    if (trace.empty() || !all_finite(trace))
        return false;
    const auto median = percentile_baseline(trace, 50);
    return median > 0 && percentile_baseline(trace, 1) > 0.5 * median;
}

template <typename Sample>
std::int64_t count_far_from_zero(std::span<const Sample> samples, std::int64_t frames,
                                 std::int64_t neurons)
{
    check_size(samples.size(), frames, neurons);
    auto trace = std::vector<double>(static_cast<std::size_t>(frames));
    auto count = std::int64_t{0};
    for (auto neuron = std::int64_t{0}; neuron < neurons; ++neuron) {
        copy_trace<Sample>(samples, neurons, neuron, trace);
        count += is_far_from_zero(trace) ? 1 : 0;
    }
    return count;
}

template std::int64_t count_far_from_zero(std::span<const float>, std::int64_t, std::int64_t);
template std::int64_t count_far_from_zero(std::span<const double>, std::int64_t, std::int64_t);

} // namespace rewire::calcium
