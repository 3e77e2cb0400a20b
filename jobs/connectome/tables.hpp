#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

/// Edges of every session: one CSV table, or one GraphML file a session.
ExportTable connectome_table();

} // namespace rewire::jobs
