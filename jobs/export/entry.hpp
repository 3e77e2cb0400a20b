#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry export_entry();

} // namespace rewire::jobs
