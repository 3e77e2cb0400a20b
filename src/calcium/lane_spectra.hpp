#pragma once

#include "lane_kernels.hpp"

#include <array>
#include <cstdint>

namespace rewire::calcium {

/// Spectra of real sequences side by side, two groups of them in one complex transform: one as the
/// real, one as the imaginary part. Nothing here has to be aligned but Lanes.

/// What is added up over neurons, each [frequencies] of one circle.
struct PooledSpectra
{
    double* traces = nullptr;    ///< |z|^2
    double* residuals = nullptr; ///< |e|^2
    double* leverage = nullptr;  ///< root Re(conj z e)
};

/// The transform of `length` of z + i e: |e|^2 and |z|^2, each [frequencies, lanes], and the sums
/// over the lanes. `root` [lanes], 0 where there is no neuron.
template <typename Real>
void split_spectra(const LaneOf<Real>* transform, std::int64_t length, const Real* root,
                   Real* residuals, Real* traces, const PooledSpectra& pooled);

/// The spectra of real sequences in both parts times `factor` [length / 2 + 1].
template <typename Real>
void filter_lanes(LaneOf<Real>* transform, const Real* factor, std::int64_t length);

/// Powers that are added up for each sequence.
struct PowerSums
{
    double norm = 0;
    double refit = 0;
};

/// Powers of one sequence times `correction`, in place, and their sums weighted by `of_norm` and
/// `of_refit`. The order of the sum is fixed.
template <typename Real>
PowerSums correct_power(Real* power, const double* correction, const double* of_norm,
                        const double* of_refit, std::int64_t frequencies);

/// out[l step + k] = in[k, l] weight[k] for the first `used` lanes.
template <typename Real>
void lanes_to_rows(const Real* in, std::int64_t count, const Real* weight, std::int64_t used,
                   Real* out, std::int64_t step);

/// out[l step + t] = one part of in[t], lane l, times scale.
template <typename Real>
void part_to_rows(const LaneOf<Real>* in, std::int64_t count, int part, Real scale,
                  std::int64_t used, Real* out, std::int64_t step);

} // namespace rewire::calcium
