#pragma once

#include "result.hpp"

#include <rewire/report/figure.hpp>

namespace rewire::jobs {

/// Over the penalty: the mean correlation with joint histograms, and single edges, twenty at most.
report::Figure sweep_figure(const DynamicsResult& result);

/// Over the trial: shares of the edges up and down the hierarchy that are present.
report::Figure flow_figure(const DynamicsResult& result);

} // namespace rewire::jobs
