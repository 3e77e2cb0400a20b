#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

/// Edge list: every direction with a significant coupling; all directions when asked for.
ExportTable glmcc_table();

} // namespace rewire::jobs
