#pragma once

#include "samples_by_frame.hpp"

#include <rewire/activity/activity.hpp>
#include <rewire/calcium/circles.hpp>
#include <rewire/calcium/covariance.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace rewire::calcium {

/// Makes the rows of Z from sparse activity: the frames of the circles end to end, centred circle
/// by circle, without the covariates, of unit norm, and displaced where that is asked for.
class ShiftTraces
{
  public:
    /// Keeps references to activity and circles. `displacement` [neurons] or empty.
    /// @throws InputError as covariate_basis; displacement of another size
    ShiftTraces(const activity::ActivityView& activity, const FrameCircles& circles,
                const CovariateView& covariates, std::span<const std::int64_t> displacement);

    std::int64_t frames() const noexcept { return circles_.used(); }
    std::int64_t neurons() const noexcept { return activity_.neurons(); }
    std::int64_t covariates() const noexcept { return basis_.rank; }
    const FrameCircles& circles() const noexcept { return circles_; }

    /// Finite and, within at least one circle, not constant.
    bool varies(std::int64_t neuron) const noexcept
    {
        return varies_[static_cast<std::size_t>(neuron)] != 0;
    }
    /// [frames] of one neuron; false where it does not vary or covariates explain all of it.
    bool fill(std::int64_t neuron, std::span<double> row) const;

    /// Share of non-zero samples.
    double density() const noexcept;
    /// Without covariates a row is `level` of each circle and, on top of it, what it appends to
    /// `samples`, frames ascending. False as fill. @pre covariates() == 0
    bool append(std::int64_t neuron, RowSamples& samples, std::span<double> level) const;

  private:
    void take_out_means(std::span<double> row) const;
    bool fill_with_covariates(std::int64_t neuron, std::span<double> row) const;
    bool find_variation(std::int64_t neuron) const;
    std::int64_t circle_of(std::int64_t column) const noexcept;

    const activity::ActivityView activity_;
    const FrameCircles& circles_;
    std::span<const std::int64_t> displacement_;
    std::vector<std::int32_t> column_; ///< [frames of the recording] -1: not used
    CovariateBasis basis_;             ///< in the order of the circles
    std::vector<std::uint8_t> varies_; ///< [neurons]
};

/// Where the spectra of the circles lie in a row, and how they add up.
struct SpectrumLayout
{
    std::vector<std::int64_t> start;    ///< [circles + 1] in reals
    std::vector<double> inverse_length; ///< [frequencies] 1 / T_c
    /// [frequencies] how often the frequency is among all T_c: 2, or 1 for the highest of an even
    /// length; 0 for frequency 0, which the means have taken out.
    std::vector<double> weight;

    std::int64_t reals() const noexcept { return start.back(); }
    std::int64_t frequencies() const noexcept { return start.back() / 2; }
};

SpectrumLayout layout_of(const FrameCircles& circles);

} // namespace rewire::calcium
