#pragma once

#include "model.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace rewire::jobs {

/// Averages of edges first .. last-1, each [edges, bins, lags].
struct EdgeAverages
{
    base::Range edges;
    std::vector<float> weight;
    std::vector<float> smoothed;
    std::vector<std::int32_t> spikes; ///< that the first is an average of
};

/// Of averages that rank 0 makes from their sums at a time.
inline constexpr auto average_block_bytes = 24e6;
/// Of sums that a rank holds. What a trial takes once a unit (LSTMs, embeddings) is done again for
/// every group of receivers whose sums fit.
inline constexpr auto average_sum_bytes = 192e6;

/// Groups of receivers in which averages of so many edges are summed.
double average_groups(double edges, double bins, double lags);

/// Spike-aligned averages of W_st + W_off: a trial is a unit of work, and what trials add is whole
/// numbers, so that the sums are the same whoever adds which. `take` on rank 0, edges in their
/// order. Collective. @throws NumericalError: a weight that is not finite, or beyond 2^15
void average_edges(runtime::RunContext& context, const std::string& phase, const DynamicWork& work,
                   const TrainedModel& model, const std::function<void(const EdgeAverages&)>& take);

} // namespace rewire::jobs
