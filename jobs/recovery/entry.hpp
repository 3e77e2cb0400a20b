#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry recovery_entry();

} // namespace rewire::jobs
