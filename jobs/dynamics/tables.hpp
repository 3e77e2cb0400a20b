#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

ExportTable dynamics_table();

} // namespace rewire::jobs
