#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

/// The normalised correlogram of every pair: one line a pair and delay.
ExportTable jpsth_table();

} // namespace rewire::jobs
