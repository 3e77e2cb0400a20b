#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry merge_entry();

} // namespace rewire::jobs
