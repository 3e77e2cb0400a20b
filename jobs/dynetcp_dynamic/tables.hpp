#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

ExportTable dynamic_table();

} // namespace rewire::jobs
