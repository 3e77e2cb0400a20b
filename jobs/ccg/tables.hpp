#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

/// Connections as a list of edges: one line a direction that the rule or the p-values call.
ExportTable ccg_table();

} // namespace rewire::jobs
