#pragma once

#include "settings.hpp"

#include <rewire/io/study.hpp>
#include <rewire/runtime/plan.hpp>

#include <cstdint>
#include <vector>

namespace rewire::jobs {

/// What a block of edges takes: reading and unpacking three arrays.
double dynamics_seconds(std::int64_t edges, std::int64_t bins, std::int64_t lags);

/// As if all pairs of units had a dynamic weight: the model may have fewer.
runtime::Estimate dynamics_estimate(const io::Study& study,
                                    const std::vector<std::size_t>& sessions,
                                    const DynamicsSettings& settings);

} // namespace rewire::jobs
