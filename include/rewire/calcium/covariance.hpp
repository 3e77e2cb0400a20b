#pragma once

#include <rewire/activity/activity.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::calcium {

/// Traces known for every frame (running speed, lever speed) whose linear effect is taken out of
/// the activity before anything is correlated. Row major [count, frames], finite.
struct CovariateView
{
    std::int64_t count = 0;
    std::span<const double> value;
};

/// Orthonormal, centred rows that span the covariates: [rank, frames], row major. Constant
/// covariates and those that the earlier ones determine are dropped, so rank <= count.
struct CovariateBasis
{
    std::int64_t rank = 0;
    std::vector<double> value;
};

/// @throws InputError when a covariate is not finite or the sizes disagree
CovariateBasis covariate_basis(const CovariateView& covariates, std::int64_t frames);

/// How products are added up. Both give the same to rounding.
enum class Accumulation
{
    automatic, ///< by the share of non-zero samples
    sparse,    ///< products of the non-zero samples, frame by frame; entries^2/frames flops
    dense,     ///< dsyrk over blocks of frames; active^2 * frames flops
};

/// Share of non-zero samples from which `automatic` is dense. Measured break-even: 0.17 with 500
/// neurons, 0.12 with 2,000, whose matrix no longer fits the cache (benchmarks, kernels_network).
inline constexpr auto dense_from_density = 0.13;

/// Covariance of the neurons whose trace (or, with covariates, what is left of it) is finite and
/// not constant.
struct Covariance
{
    std::int64_t frames = 0;
    std::int64_t covariates = 0;      ///< independent ones taken out
    std::vector<std::int64_t> active; ///< indices of the neurons, ascending
    std::vector<double> mean;         ///< [active] of the trace
    std::vector<double> slope;        ///< [active, covariates] on the orthonormal basis
    /// [active, active] row major, upper triangle: centred sums of products / frames. The factor
    /// does not matter for correlations.
    std::vector<double> matrix;

    std::int64_t count() const noexcept { return static_cast<std::int64_t>(active.size()); }
};

/// Neurons whose trace is finite and not constant, ascending.
std::vector<std::int64_t> active_neurons(const activity::ActivityView& activity);

/// Memory: active^2 doubles, and 12 bytes an entry (sparse) or 512 frames of all neurons (dense).
/// A neuron with a value that is not finite is inactive, as is one whose residual variance is below
/// 1e-12 of its variance.
/// @throws InputError as covariate_basis
Covariance covariance_of(const activity::ActivityView& activity,
                         const CovariateView& covariates = {},
                         Accumulation accumulation = Accumulation::automatic);

/// The same for a basis made before. @pre basis belongs to the activity's frames
Covariance covariance_of(const activity::ActivityView& activity, const CovariateBasis& basis,
                         Accumulation accumulation = Accumulation::automatic);

/// Shrinkage of Ledoit and Wolf (2004, Journal of Multivariate Analysis 88:365) towards the mean
/// variance times the identity, as sklearn.covariance.LedoitWolf computes it; in [0, 1]. 0 for
/// fewer than two neurons. Computed from the non-zero samples.
double ledoit_wolf_shrinkage(const activity::ActivityView& activity, const CovariateBasis& basis,
                             const Covariance& covariance);

/// What Ledoit and Wolf's intensity is made of: noise of the elements over their distance from the
/// target. Added up over several matrices, they give the one intensity that serves all of them best
/// (least mean square error of the sum).
struct ShrinkageTerms
{
    double noise = 0;
    double distance = 0;

    ShrinkageTerms& operator+=(const ShrinkageTerms& other) noexcept
    {
        noise += other.noise;
        distance += other.distance;
        return *this;
    }
    /// In [0, 1]; 0 for nothing at all.
    double intensity() const noexcept
    {
        return noise <= 0 ? 0 : noise >= distance ? 1 : noise / distance;
    }
};

/// The same shrinkage of the correlation matrix towards the identity, with the noise of as many
/// independent frames as the recording is worth: T_eff in place of T (effective_frames_of), since
/// smoothed frames repeat each other. Differs from ledoit_wolf_shrinkage in both: units of dF/F no
/// longer count, and more is shrunk. A copy of the non-zero samples.
/// @pre effective_frames > 0
double ledoit_wolf_shrinkage_of_correlation(const activity::ActivityView& activity,
                                            const CovariateBasis& basis,
                                            const Covariance& covariance, double effective_frames);
/// What it is made of; nothing for fewer than two neurons.
ShrinkageTerms ledoit_wolf_terms_of_correlation(const activity::ActivityView& activity,
                                                const CovariateBasis& basis,
                                                const Covariance& covariance,
                                                double effective_frames);

} // namespace rewire::calcium
