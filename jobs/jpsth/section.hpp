#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

PageEntry jpsth_page();

} // namespace rewire::jobs
