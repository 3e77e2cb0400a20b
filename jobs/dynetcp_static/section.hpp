#pragma once

#include "jobs/frame/page_part.hpp"

namespace rewire::jobs {

PageEntry static_page();

} // namespace rewire::jobs
