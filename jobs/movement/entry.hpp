#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry movement_entry();

} // namespace rewire::jobs
