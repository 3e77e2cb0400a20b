#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

/// One line a method, counting, sign, threshold and least number of coincidences by chance.
ExportTable compare_table();

} // namespace rewire::jobs
