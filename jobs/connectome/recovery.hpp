#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

/// What a simulated study planted against what was found.
void print_connectome_recovery(const RecoveryRequest& request);

} // namespace rewire::jobs
