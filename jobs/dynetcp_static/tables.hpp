#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

ExportTable static_table();

} // namespace rewire::jobs
