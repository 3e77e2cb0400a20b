#pragma once

#include "model.hpp"

#include <rewire/io/hdf5.hpp>
#include <rewire/runtime/run_context.hpp>

#include <string>

namespace rewire::jobs {

/// Of sums that a rank holds. What a trial takes once a unit (LSTMs, embeddings) is done again for
/// every group of edges whose sums fit.
inline constexpr auto average_sum_bytes = 192e6;

/// Groups in which averages of so many edges are summed.
double average_groups(double edges, double bins, double lags);

/// Writes the spike-aligned averages of W_st + W_off to `weight`, `weight_smoothed` and
/// `spike_count`. A trial is a unit of work, and what trials add is whole numbers, so that the sums
/// are the same whoever adds which; each rank then averages and compresses some edges. Collective.
/// @param group on rank 0, with the three arrays made; null elsewhere
/// @throws NumericalError: a weight that is not finite, or beyond 2^15
void write_averages(runtime::RunContext& context, const std::string& phase, const DynamicWork& work,
                    const TrainedModel& model, const io::Handle* group);

} // namespace rewire::jobs
