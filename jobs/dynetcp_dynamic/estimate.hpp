#pragma once

#include "settings.hpp"

#include <rewire/io/study.hpp>
#include <rewire/runtime/plan.hpp>

#include <vector>

namespace rewire::jobs {

/// As if all units of the files took part and trials covered the recording; of the static job's
/// connections, two a unit.
runtime::Estimate dynamic_estimate(const io::Study& study, const std::vector<std::size_t>& sessions,
                                   const DynamicSettings& settings,
                                   const runtime::Options& options);

} // namespace rewire::jobs
