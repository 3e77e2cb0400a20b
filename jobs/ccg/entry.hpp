#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry ccg_entry();

} // namespace rewire::jobs
