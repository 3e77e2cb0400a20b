#pragma once

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
    /// `stride` >= frames: the distance of rows.
    ResidualRows(const ShiftTraces& traces, std::int64_t stride);

    const std::vector<std::int64_t>& active() const noexcept { return active_; }
    /// [n, n] upper triangle, ones on the diagonal.
    std::vector<double> correlation() const;
    /// Rows of residuals [n, stride], row i the sum over j of factor[i, j] z_j. Traces are gone
    /// after it.
    std::vector<Real> residuals(std::span<const Real> factor);

  private:
    std::int64_t n() const noexcept { return static_cast<std::int64_t>(active_.size()); }
    void add_sparse(std::vector<double>& matrix) const;
    void combine_sparse(std::span<const Real> factor);
    void combine_dense(std::span<const Real> factor);

    const ShiftTraces& traces_;
    std::int64_t stride_;
    bool sparse_;
    std::vector<std::int64_t> active_;
    std::vector<Real> rows_;    ///< [n, stride] traces where they are dense
    std::vector<double> level_; ///< [n, circles] where they are sparse, beside the samples
    SamplesByFrame samples_;
};

extern template class ResidualRows<double>;
extern template class ResidualRows<float>;

} // namespace rewire::calcium
