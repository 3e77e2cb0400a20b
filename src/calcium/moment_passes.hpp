#pragma once

#include "lane_transform.hpp"
#include "residual_source.hpp"
#include "shift_traces.hpp"

#include <rewire/calcium/moment_parts.hpp>

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace rewire::calcium {

/// What a rank uses again and again.
template <typename Real>
struct LaneScratch
{
    std::map<std::int64_t, LaneTransform<Real>> forward, backward; ///< by length
    std::vector<LaneOf<Real>> data, other;
    std::vector<Real> block; ///< [frames, residual_panel]
    std::vector<Real> residuals, traces;
    std::vector<Real> wrapped;
};

struct MomentScratch::State
{
    LaneScratch<double> doubles;
    LaneScratch<float> floats;

    template <typename Real>
    LaneScratch<Real>& of() noexcept
    {
        if constexpr (std::is_same_v<Real, double>)
            return doubles;
        else
            return floats;
    }
};

/// What residuals are corrected for: how much of each frequency the other neurons explain.
struct MomentCorrection
{
    std::vector<double> leverage;  ///< [frequencies] h
    std::vector<double> amplitude; ///< [frequencies] 1 / sqrt(1 - h), 0 at frequency 0
    std::vector<double> power;     ///< its square
    // [frequencies] what corrected powers are added up with: for the norm, for the share of the
    // refit, and of rows whose products are variances
    std::vector<double> of_norm, of_refit, of_row;
    ShiftLags lags;
};

/// Sums of all neurons: [MomentParts::sums, frequencies].
MomentCorrection correction_of(const FrameCircles& circles, const SpectrumLayout& layout,
                               const ShiftLags& asked, std::span<const double> sums);

/// The two rounds of MomentParts, from any source. References stay with the caller.
struct MomentPasses
{
    const ResidualSource& source;
    const FrameCircles& circles;
    const SpectrumLayout& layout;
    MomentScratch::State& scratch;

    /// `power` and `marginal`: rows of the neurons.
    template <typename Real>
    void spectra(base::Range neurons, std::span<const double> root, Real* power, Real* marginal,
                 std::span<double> sum) const;

    /// One row; its norm and its share of the refit.
    template <typename Real>
    static void correct(const MomentCorrection& correction, Real* power, double& norm,
                        double& refit);

    /// `norm` [neurons of the range]; rows of the range. False when `tick` stopped it.
    template <typename Sum, typename Real>
    bool third(base::Range neurons, const MomentCorrection& correction,
               std::span<const double> norm, Real* third, Real* marginal, const Tick& tick) const;

  private:
    template <typename Sum, typename Real>
    void residual_third(base::Range neurons, const MomentCorrection& correction,
                        std::span<const double> norm, Real* third) const;
};

} // namespace rewire::calcium
