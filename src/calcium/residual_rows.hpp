#pragma once

#include "lane_kernels.hpp"
#include "samples_by_frame.hpp"
#include "shift_traces.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::calcium {

/// Below this share of non-zero samples, products over neurons are added up from the samples that
/// there are: a frame of a recording holds events of a few neurons only.
inline constexpr auto sparse_until_density = 0.2;

/// The traces of a session's active neurons, their correlations, and the residuals of each given
/// all others, from samples where they are sparse and from rows where they are not.
template <typename Real>
class ResidualRows
{
  public:
    /// `stride` >= frames: the distance of rows. Of residuals there are a multiple of `group` rows,
    /// those behind the last neuron zero.
    ResidualRows(const ShiftTraces& traces, std::int64_t stride, std::int64_t group);

    const std::vector<std::int64_t>& active() const noexcept { return active_; }
    /// [n, n] upper triangle, ones on the diagonal.
    std::vector<double> correlation() const;
    /// Rows of residuals [n and more, stride], row i the sum over j of factor[i, j] z_j. Traces
    /// that are dense are gone after it.
    std::vector<Real> residuals(std::span<const Real> factor);

    /// Without covariates, and few samples: from them a trace is made at once.
    bool sparse() const noexcept { return sparse_; }
    /// [frames] of trace i, again.
    void fill(std::int64_t i, std::span<double> row) const;
    /// Frames of one circle of some traces, side by side: the real parts of `lanes`, zero behind
    /// the last trace. @pre sparse()
    void fill_lanes(base::Range traces, std::int64_t circle, LaneOf<Real>* lanes) const;

  private:
    std::int64_t n() const noexcept { return static_cast<std::int64_t>(active_.size()); }
    std::int64_t reals_of(std::int64_t neurons) const noexcept
    {
        return (neurons + group_ - 1) / group_ * group_ * stride_;
    }
    void add_sparse(std::vector<double>& matrix) const;
    void combine_sparse(std::span<const Real> factor);
    void combine_dense(std::span<const Real> factor);

    const ShiftTraces& traces_;
    std::int64_t stride_;
    std::int64_t group_;
    bool sparse_;
    std::vector<std::int64_t> active_;
    std::vector<Real> rows_;    ///< [n, stride] traces where they are dense
    std::vector<double> level_; ///< [n, circles] where they are sparse, beside the samples
    RowSamples row_samples_;    ///< where they are sparse, by row ...
    SamplesByFrame samples_;    ///< ... and by frame
};

extern template class ResidualRows<double>;
extern template class ResidualRows<float>;

} // namespace rewire::calcium
