#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry jpsth_entry();

} // namespace rewire::jobs
