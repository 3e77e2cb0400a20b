#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

/// The table of jobs, in the order of the help.
std::vector<Entry> catalogue();

} // namespace rewire::jobs
