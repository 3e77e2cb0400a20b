#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry glmcc_entry();

} // namespace rewire::jobs
