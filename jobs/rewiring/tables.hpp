#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

/// rewiring.csv: a row for every animal and kind of halves, with what is told of its change.
ExportTable rewiring_table();

} // namespace rewire::jobs
