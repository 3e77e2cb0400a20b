#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry report_entry();

} // namespace rewire::jobs
