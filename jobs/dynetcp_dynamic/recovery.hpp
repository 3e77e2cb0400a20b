#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

/// Rank 0: dynamic weights and tests in bins of edges by what was planted there, and how well the
/// weights tell these apart.
void print_dynamic_recovery(const RecoveryRequest& request);

} // namespace rewire::jobs
