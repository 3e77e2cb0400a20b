#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry compare_entry();

} // namespace rewire::jobs
