#pragma once

#include "rates.hpp"
#include "settings.hpp"

#include <rewire/io/study.hpp>
#include <rewire/runtime/plan.hpp>

#include <vector>

namespace rewire::jobs {

/// How ranks share a trial of so many units and edges. From typical rates, so that runs are alike.
TrialSharing sharing_of(double units, double edges);

/// As if all units of the files took part and every row of the table was a trial, or trials covered
/// the recording; of the static job's connections, two a unit.
runtime::Estimate dynamic_estimate(const io::Study& study, const std::vector<std::size_t>& sessions,
                                   const DynamicSettings& settings, const runtime::Options& options,
                                   const DynamicRates& rates = typical_dynamic_rates);

} // namespace rewire::jobs
