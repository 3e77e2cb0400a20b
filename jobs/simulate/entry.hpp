#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry simulate_entry();

} // namespace rewire::jobs
