#pragma once

#include "lane_kernels.hpp"

#include <array>
#include <cstdint>

namespace rewire::calcium {

/// Spectra of real sequences side by side, two groups of them in one complex transform: one as the
/// real, one as the imaginary part. A group's half spectrum lies as [frequencies, (re, im), lanes].
/// Nothing here has to be aligned but Lanes.

/// What is added up over neurons, each [frequencies] of one circle.
struct PooledSpectra
{
    double* traces = nullptr;    ///< |z|^2
    double* residuals = nullptr; ///< |e|^2
    double* leverage = nullptr;  ///< root Re(conj z e)
};

/// rows[l step + t], t < count, side by side into the real (part 0) or imaginary (part 1) parts.
template <typename Real>
void rows_to_lanes(const Real* rows, std::int64_t step, std::int64_t count, int part,
                   LaneOf<Real>* lanes);

/// The transform of `length` of z + i e: the half spectrum of e, |z|^2 [frequencies, lanes], and
/// the sums over the lanes. `root` [lanes], 0 where there is no neuron.
template <typename Real>
void split_spectra(const LaneOf<Real>* transform, std::int64_t length, const Real* root,
                   Real* residual, Real* power, const PooledSpectra& pooled);

/// Powers that are added up for each sequence.
template <typename Real>
struct PowerSums
{
    std::array<double, lanes_of<Real>> norm{};
    std::array<double, lanes_of<Real>> refit{};
};

/// A half spectrum times `correction`, in place, and its power [frequencies, lanes]; adds power
/// times of_norm and of_refit to `sums`. The order of the sum is fixed.
template <typename Real>
void correct_spectra(Real* residual, const Real* correction, const double* of_norm,
                     const double* of_refit, std::int64_t frequencies, Real* power,
                     PowerSums<Real>& sums);

/// Puts a half spectrum (0 at frequency 0) where transforming back gives the sequences in lanes
/// from `lane` on, in the real (part 0) or imaginary (part 1) parts: part 0 replaces what is there,
/// part 1 is added.
template <typename Real, typename Out>
void place_spectra(const Real* spectrum, std::int64_t length, std::int64_t lane, int part,
                   LaneOf<Out>* transform);

/// out[l step + k] = in[k, l] weight[k] scale[l] for the first `used` lanes.
template <typename Real>
void lanes_to_rows(const Real* in, std::int64_t count, const Real* weight, const Real* scale,
                   std::int64_t used, Real* out, std::int64_t step);

/// out[l step + t] = one part of in[t], lane l, times scale.
template <typename Real>
void part_to_rows(const LaneOf<Real>* in, std::int64_t count, int part, Real scale,
                  std::int64_t used, Real* out, std::int64_t step);

} // namespace rewire::calcium
