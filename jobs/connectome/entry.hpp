#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry connectome_entry();

} // namespace rewire::jobs
