#pragma once

#include "lane_kernels.hpp"
#include "shift_traces.hpp"

#include <rewire/calcium/moment_parts.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::calcium {

/// Below this share of non-zero samples, products over neurons are added up from the samples that
/// there are: a frame of a recording holds events of a few neurons only.
inline constexpr auto sparse_until_density = 0.2;

/// Residuals that are made at a time.
inline constexpr auto residual_panel = part_neurons;

/// Where parts of the moments take traces and residuals from, of active neurons. Not for several
/// threads.
class ResidualSource
{
  public:
    ResidualSource() = default;
    ResidualSource(const ResidualSource&) = delete;
    ResidualSource& operator=(const ResidualSource&) = delete;
    virtual ~ResidualSource() = default;

    /// [frames, residual_panel] residuals of some neurons, at most residual_panel, side by side;
    /// behind the last one zero.
    virtual void residuals(base::Range neurons, std::vector<double>& block) const = 0;
    virtual void residuals(base::Range neurons, std::vector<float>& block) const = 0;
    /// [frames] of trace i.
    virtual void trace(std::int64_t i, std::span<double> row) const = 0;
    /// Frames of one circle of at most as many traces as there are lanes: the real parts of
    /// `into`, zero behind the last trace.
    virtual void trace_lanes(base::Range traces, std::int64_t circle,
                             LaneOf<double>* into) const = 0;
    virtual void trace_lanes(base::Range traces, std::int64_t circle,
                             LaneOf<float>* into) const = 0;
};

/// Samples and levels of active traces in vectors of their own.
struct OwnSamples
{
    RowSamples rows;
    SamplesByFrame frames;
    std::vector<double> level; ///< [active, circles]
    std::vector<std::int64_t> active;
};

/// @pre no covariates
OwnSamples samples_of(const ShiftTraces& traces);

/// [n, n] correlations, the upper triangle, ones on the diagonal.
std::vector<double> correlation_of(const OwnSamples& samples, const FrameCircles& circles);

/// From samples. What `arrays` views has to stay.
class SampleSource : public ResidualSource
{
  public:
    SampleSource(const MomentArrays& arrays, const FrameCircles& circles);

    void residuals(base::Range neurons, std::vector<double>& block) const override
    {
        combine(neurons, block);
    }
    void residuals(base::Range neurons, std::vector<float>& block) const override
    {
        combine(neurons, block);
    }
    void trace(std::int64_t i, std::span<double> row) const override;
    void trace_lanes(base::Range traces, std::int64_t circle, LaneOf<double>* into) const override
    {
        fill_lanes(traces, circle, into);
    }
    void trace_lanes(base::Range traces, std::int64_t circle, LaneOf<float>* into) const override
    {
        fill_lanes(traces, circle, into);
    }

  private:
    std::int64_t n() const noexcept
    {
        return static_cast<std::int64_t>(arrays_.row_start.size()) - 1;
    }
    template <typename Real>
    void combine(base::Range neurons, std::vector<Real>& block) const;
    template <typename Real>
    void fill_lanes(base::Range traces, std::int64_t circle, LaneOf<Real>* into) const;

    MomentArrays arrays_;
    const FrameCircles& circles_;
    std::vector<std::int32_t> circle_; ///< [frames] of each
};

/// From rows: dense activity, or traces that covariates have been taken out of.
template <typename Real>
class RowSource : public ResidualSource
{
  public:
    explicit RowSource(const ShiftTraces& traces);

    const std::vector<std::int64_t>& active() const noexcept { return active_; }
    /// [n, n] upper triangle, ones on the diagonal. @pre before make_residuals
    std::vector<double> correlation() const;
    /// Rows become residuals, row i the sum over j of factor[i, j] z_j.
    void make_residuals(std::span<const double> factor);
    /// [n, frames]
    const std::vector<Real>& rows() const noexcept { return rows_; }

    void residuals(base::Range neurons, std::vector<double>& block) const override
    {
        turn(neurons, block);
    }
    void residuals(base::Range neurons, std::vector<float>& block) const override
    {
        turn(neurons, block);
    }
    void trace(std::int64_t i, std::span<double> row) const override;
    void trace_lanes(base::Range traces, std::int64_t circle, LaneOf<double>* into) const override
    {
        fill_lanes(traces, circle, into);
    }
    void trace_lanes(base::Range traces, std::int64_t circle, LaneOf<float>* into) const override
    {
        fill_lanes(traces, circle, into);
    }

  private:
    std::int64_t n() const noexcept { return static_cast<std::int64_t>(active_.size()); }
    template <typename Out>
    void turn(base::Range neurons, std::vector<Out>& block) const;
    template <typename Out>
    void fill_lanes(base::Range traces, std::int64_t circle, LaneOf<Out>* into) const;

    const ShiftTraces& traces_;
    std::vector<std::int64_t> active_;
    std::vector<Real> rows_;                    ///< [n, frames] traces, then residuals
    mutable base::Range filled_;                ///< traces in the scratch
    mutable std::vector<double> traces_filled_; ///< [lanes, frames]
};

extern template class RowSource<double>;
extern template class RowSource<float>;

} // namespace rewire::calcium
