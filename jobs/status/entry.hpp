#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry status_entry();

} // namespace rewire::jobs
