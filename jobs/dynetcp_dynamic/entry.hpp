#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry dynetcp_dynamic_entry();

} // namespace rewire::jobs
