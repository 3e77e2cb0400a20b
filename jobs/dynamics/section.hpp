#pragma once

#include "jobs/frame/page_part.hpp"

namespace rewire::jobs {

PageEntry dynamics_page();

} // namespace rewire::jobs
