#pragma once

#include "jobs/frame/page_part.hpp"

namespace rewire::jobs {

/// What rewiring adds to the page.
PageEntry rewiring_page();

} // namespace rewire::jobs
