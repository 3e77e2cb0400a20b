#pragma once

#include <span>
#include <vector>

namespace rewire::calcium {

/// Which published OASIS is followed. Both solve, for AR(1) calcium c with decay g a frame,
///     min 1/2 |c - F|^2   subject to   s(t) = c(t) - g c(t-1) >= 0
/// by merging neighbouring pools of frames, and lose a spike in frame 0 (s(0) = 0).
enum class OasisVariant
{
    farci,  ///< Suite2P for MATLAB with OASIS_matlab, as FARCI calls it: c is clipped at 0, and a
            ///< trace whose steps are all equal (constant, a straight line, two frames) is silent
    suite2p ///< Python suite2p: c may be negative
};

/// @see methods: sections (a1), (a2)
struct OasisParameters
{
    double tau_s = 0;   ///< decay time of the indicator, s; there is no default
    double rate_hz = 0; ///< frames a second
    OasisVariant variant = OasisVariant::farci;
};

/// Decay of calcium over one frame, g = exp(-1 / (tau_s rate_hz)).
/// @throws InputError: tau_s or rate_hz not finite or not positive; variant farci with g <= 1e-3
/// (less than 0.145 frames a decay time), where the published code would estimate g itself
double oasis_decay(const OasisParameters& parameters);

/// Spikes of one neuron (units of the input), one a frame, >= 0; the plain form, for tests and
/// single traces (`deconvolve_block` is the fast one, with the same values).
///
/// Computed in double. The published codes store intermediate values in single precision, and
/// farci divides by the noise level and multiplies it back; both change rounding only (about 1e-7
/// of the largest sample) and are not repeated.
///
/// Samples that are not finite: farci gives NaN for the whole neuron; suite2p gives NaN at a NaN
/// sample and at the start of the pool after it. No samples: no spikes. One sample: 0.
/// Cost O(T) time, 32 B a frame.
/// @throws InputError as oasis_decay
std::vector<double> deconvolve(std::span<const double> dff, const OasisParameters& parameters);
std::vector<double> deconvolve(std::span<const float> dff, const OasisParameters& parameters);

} // namespace rewire::calcium
