#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

PageEntry glmcc_page();

} // namespace rewire::jobs
