#pragma once

#include <span>
#include <vector>

namespace rewire::calcium {

/// Baselines of raw fluorescence, as Python suite2p subtracts them before OASIS (methods: a3).
/// dF/F has its baseline at 0 and needs none, which is what the paper and FARCI do.
enum class BaselineKind
{
    none,
    maximin,    ///< maximum of the minimum of the smoothed trace, in sliding windows
    percentile, ///< one number a neuron
    constant    ///< one number a session: the lowest point of all smoothed traces
};

/// The `maximin` baseline of one neuron, one value a frame: gaussian smoothing (taps to the frame
/// nearest to 3 sigma, edges replicated), sliding minimum, then sliding maximum, both over
/// int(window_s rate_hz) frames, one more where that is even. Computed in double, where suite2p
/// has single. Cost O(frames sigma). NaN: undefined values, no error.
/// @throws InputError: window, rate or sigma not positive
std::vector<double> maximin_baseline(std::span<const double> fluorescence, double rate_hz,
                                     double window_s = 60, double sigma_frames = 10);

/// Percentile of one neuron's samples, linear between neighbours (numpy's default); NaN for none.
/// @throws InputError: percentile not in [0, 100]
double percentile_baseline(std::span<const double> fluorescence, double percentile = 8);

/// The minimum of one neuron's trace after gaussian smoothing (taps to 4 sigma, edges reflected);
/// the `constant` baseline is the smallest of these over all neurons of the session. Infinity for
/// no samples.
/// @throws InputError: sigma not positive
double smoothed_minimum(std::span<const double> fluorescence, double sigma_frames = 10);

} // namespace rewire::calcium
