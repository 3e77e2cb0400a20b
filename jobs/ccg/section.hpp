#pragma once

#include "jobs/frame/page_part.hpp"

namespace rewire::jobs {

PageEntry ccg_page();

} // namespace rewire::jobs
