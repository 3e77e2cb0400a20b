#pragma once

#include <rewire/activity/activity.hpp>
#include <rewire/calcium/covariance.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rewire::calcium {

/// The matrix that shrinkage and the pseudo-inverse act on. The plain inverse does not care.
enum class MatrixScale : std::uint8_t
{
    /// The covariance, in units of the activity: a neuron of a large scale is shrunk less, and what
    /// is negligible for the pseudo-inverse depends on the units. What results were made with
    /// before the other was there.
    covariance,
    /// The correlation matrix: the same whatever the neurons' units.
    correlation,
};

/// A convex combination with the mean variance m: (1 - s) C + s m I; of the correlation matrix
/// (1 - s) R + s I.
struct Shrinkage
{
    enum class Kind
    {
        none,
        ledoit_wolf, ///< s from the data
        fixed,       ///< s = value
    };
    Kind kind = Kind::none;
    double value = 0; ///< of `fixed`, in [0, 1]
    MatrixScale scale = MatrixScale::covariance;
    /// For Ledoit-Wolf on the correlation matrix: T_eff (effective_frames_of); 0: the frames.
    double effective_frames = 0;
};

/// What to do where the covariance has no usable inverse. There is no silent way out: FARCI itself
/// returns NaN, numbers of size 50 or complex ones there.
enum class WhenSingular
{
    flag,           ///< values NaN, the status says why
    error,          ///< throw
    pseudo_inverse, ///< Moore-Penrose, eigenvalues below 1e-15 of the largest left out
    ledoit_wolf,    ///< shrink instead
};

struct PartialCorrelationOptions
{
    Shrinkage shrinkage{}; ///< its scale is that of the pseudo-inverse, too
    WhenSingular when_singular = WhenSingular::flag;
    Accumulation accumulation = Accumulation::automatic;
};

enum class PartialCorrelationStatus : std::uint8_t
{
    ok = 0,
    too_few_neurons = 1, ///< fewer than two active: there is no pair
    too_few_frames = 2,  ///< frames (less covariates) <= active neurons
    ill_conditioned = 3, ///< no Cholesky factor, or reciprocal condition < minimum_rcond
};

/// Of the correlation matrix, in the 1-norm.
inline constexpr auto minimum_rcond = 1e-10;

struct PartialCorrelation
{
    /// [pairs] strict upper triangle over ALL neurons, row major (base::pair_index). 0 for a pair
    /// with an inactive neuron; NaN for all other pairs where the status is not ok and no
    /// substitute was asked for.
    std::vector<double> value;
    std::vector<std::uint8_t> active; ///< [neurons] 1: finite and not constant
    std::int64_t active_count = 0;
    /// Of the plain inverse, also where the pseudo-inverse or shrinkage replaced it.
    PartialCorrelationStatus status = PartialCorrelationStatus::ok;
    std::string status_text; ///< "ok", or the reason and what was done
    double rcond = 0;        ///< of the matrix that was inverted; NaN where none was
    double shrinkage = 0;    ///< s that was used; 0 for none
};

/// Partial correlation of every pair of neurons given all others: p_ij = -F_ij / sqrt(F_ii F_jj),
/// F the inverse covariance over the active neurons (paper 2.3; FARCI, partial_corr.m). With
/// covariates: given these too.
///
/// Memory: 2 n^2 doubles for n active neurons (3 n^2 with the pseudo-inverse), pairs doubles for
/// the result, and what covariance_of needs. Time: that of the covariance and n^3 flops.
/// @throws InputError for a shrinkage outside [0, 1] or bad covariates; NumericalError when
/// singular and WhenSingular::error
PartialCorrelation partial_correlation(const activity::ActivityView& activity,
                                       const PartialCorrelationOptions& options = {},
                                       const CovariateView& covariates = {});

/// s of the given kind, for this covariance. @throws InputError for a fixed one outside [0, 1]
double shrinkage_of(const Shrinkage& shrinkage, const activity::ActivityView& activity,
                    const CovariateBasis& basis, const Covariance& covariance);

/// [active] 1 / sqrt of the diagonal of the shrunk covariance; of the plain one for the scale of
/// correlations, whose shrinkage leaves the diagonal alone.
std::vector<double> shrunk_scale(const Covariance& covariance, double shrinkage,
                                 MatrixScale scale = MatrixScale::covariance);

/// Correlation matrix of the shrunk covariance: [active, active], upper triangle, ones on the
/// diagonal.
std::vector<double> shrunk_correlation(const Covariance& covariance, double shrinkage,
                                       MatrixScale scale = MatrixScale::covariance);

} // namespace rewire::calcium
