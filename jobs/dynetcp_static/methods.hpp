#pragma once

#include "jobs/frame/connection_method.hpp"

#include <vector>

namespace rewire::jobs {

/// The rule of threshold_sd on corrected weights, as a way to call connections.
std::vector<ConnectionMethod> static_methods();

} // namespace rewire::jobs
