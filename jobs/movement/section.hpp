#pragma once

#include "jobs/frame/page_part.hpp"

namespace rewire::jobs {

/// What the movement test adds to the page.
PageEntry movement_page();

} // namespace rewire::jobs
