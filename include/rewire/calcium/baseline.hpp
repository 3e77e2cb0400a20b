#pragma once

#include <cstdint>
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

/// What makes dF/F, or F - F0, of raw fluorescence.
struct BaselineOptions
{
    BaselineKind kind = BaselineKind::none;
    double window_s = 60;     ///< of maximin
    double sigma_frames = 10; ///< of maximin
    double percentile = 8;
    double constant = 0;          ///< smallest smoothed_minimum of the session
    double neuropil_factor = 0.7; ///< suite2p's `neucoeff`
    bool relative = false;        ///< (F - F0) / F0; else F - F0, as suite2p gives it to OASIS
};

/// F - factor x neuropil - F0 of a block of neurons as NWB stores it, frame after frame: sample
/// [frame * neurons + neuron], in place. The neuropil, laid out the same, may be empty: none is
/// subtracted. With kind `none` only the neuropil is. A neuron with a NaN or an infinity in either
/// keeps those samples, and no baseline is subtracted from it. Cost O(frames sigma) a neuron and 16
/// B a frame of memory.
/// @return neurons of the block that have been made NaN, ascending: relative to a baseline that is
/// 0 or less somewhere nothing is defined
/// @throws InputError: sizes that do not fit; the options, as the functions above
template <typename Sample>
std::vector<std::int64_t>
subtract_baseline(std::span<Sample> samples, std::span<const Sample> neuropil, std::int64_t frames,
                  std::int64_t neurons, double rate_hz, const BaselineOptions& options);
extern template std::vector<std::int64_t> subtract_baseline(std::span<float>,
                                                            std::span<const float>, std::int64_t,
                                                            std::int64_t, double,
                                                            const BaselineOptions&);
extern template std::vector<std::int64_t> subtract_baseline(std::span<double>,
                                                            std::span<const double>, std::int64_t,
                                                            std::int64_t, double,
                                                            const BaselineOptions&);

/// Whether a trace never comes near 0, as raw fluorescence does not and dF/F does: its median is
/// above 0 and its first percentile more than half of that. False for no samples and for NaN.
/// Independent of scale; raw fluorescence whose noise is half its baseline is not recognised.
bool is_far_from_zero(std::span<const double> trace);

/// Neurons of a block (laid out as above) that are far from 0.
template <typename Sample>
std::int64_t count_far_from_zero(std::span<const Sample> samples, std::int64_t frames,
                                 std::int64_t neurons);
extern template std::int64_t count_far_from_zero(std::span<const float>, std::int64_t,
                                                 std::int64_t);
extern template std::int64_t count_far_from_zero(std::span<const double>, std::int64_t,
                                                 std::int64_t);

/// A session is taken for raw fluorescence where more of the neurons looked at are far from 0 than
/// this share.
inline constexpr double raw_share = 0.5;

} // namespace rewire::calcium
