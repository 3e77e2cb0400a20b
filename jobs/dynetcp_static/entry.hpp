#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry dynetcp_static_entry();

} // namespace rewire::jobs
