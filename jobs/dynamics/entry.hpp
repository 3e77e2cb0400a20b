#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry dynamics_entry();

} // namespace rewire::jobs
