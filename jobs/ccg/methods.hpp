#pragma once

#include "jobs/frame/connection_method.hpp"

#include <vector>

namespace rewire::jobs {

/// The rule of threshold_sd, which calls one direction of a pair, and the false discovery rate,
/// which tests each direction.
std::vector<ConnectionMethod> ccg_methods();

} // namespace rewire::jobs
