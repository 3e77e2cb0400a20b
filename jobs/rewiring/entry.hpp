#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry rewiring_entry();

} // namespace rewire::jobs
