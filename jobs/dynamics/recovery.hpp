#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

/// Weights of edges, by what was planted between their units, in bins in which that is active and
/// in others.
void print_dynamics_recovery(const RecoveryRequest& request);

} // namespace rewire::jobs
