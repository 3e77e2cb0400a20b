#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

PageEntry compare_page();

} // namespace rewire::jobs
