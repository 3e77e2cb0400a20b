#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry study_entry();

} // namespace rewire::jobs
