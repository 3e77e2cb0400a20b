#pragma once

#include "blocks.hpp"
#include "jobs/recording/areas.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace rewire::jobs {

/// Delays between areas that the dynamic weights show, and connections up and down the hierarchy of
/// the areas over the trial.
class EdgeHierarchy
{
  public:
    /// @param areas of the units of the model, without delays
    EdgeHierarchy(const DynamicResult& model, Areas areas);

    /// The next edges, in their order.
    void add(const EdgeDynamics& block);

    /// The areas and their delays, as `write_areas`, with r and p of the correlation once more by
    /// these names, and the shares of edges up and down that are present, [bin]. Nothing where no
    /// area is known. Of a pair of units the edge of the larger peak says the delay; where there
    /// were null models, edges with q_max <= 0.05 alone, else all. @param tests may be empty
    void write(const io::Handle& group, const EdgeTests& tests, std::uint64_t seed) const;

  private:
    /// Which way an edge goes: 1 up, -1 down, 0 within an area or not known.
    int direction_of(std::int64_t edge) const;
    std::vector<spikes::PeakLag> peaks(const EdgeTests& tests) const;
    void write_flow(const io::Handle& group) const;

    const DynamicResult& model_;
    Areas areas_;
    std::vector<double> lag_ms_; ///< [edge] of the peak; NaN: none
    std::vector<double> weight_; ///< [edge] there
    std::int64_t edges_up_ = 0;
    std::int64_t edges_down_ = 0;
    std::vector<std::int64_t> up_; ///< [bin] present
    std::vector<std::int64_t> down_;
};

} // namespace rewire::jobs
