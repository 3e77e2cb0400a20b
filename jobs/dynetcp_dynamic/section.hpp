#pragma once

#include "jobs/frame/page_part.hpp"

namespace rewire::jobs {

PageEntry dynamic_page();

} // namespace rewire::jobs
