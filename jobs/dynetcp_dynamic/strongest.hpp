#pragma once

#include "result.hpp"

#include <cstdint>
#include <vector>

namespace rewire::jobs {

/// Lag, above 0, of the static weight of an edge that is largest in size.
std::int64_t strongest_lag(const DynamicResult& result, std::int64_t edge);

/// An edge at one lag over the time of the trial: smoothed weight, NaN where the sender never
/// fired.
std::vector<double> course_of(const DynamicResult& result, const EdgesOverTime& over_time,
                              std::int64_t lag);

/// Edges by the largest static weight above lag 0, at most so many.
std::vector<std::int64_t> strongest_edges(const DynamicResult& result, std::size_t most);

} // namespace rewire::jobs
