#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

/// Rank 0: what the ratio rule calls present in bins of edges, by what was planted there.
void print_dynamics_recovery(const RecoveryRequest& request);

} // namespace rewire::jobs
