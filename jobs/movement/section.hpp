#pragma once

#include "jobs/frame/page_part.hpp"
#include "summary.hpp"

#include <memory>

namespace rewire::jobs {

/// What the movement test adds to the page.
PageEntry movement_page();
std::unique_ptr<PagePart> movement_part(MovementsSummary data);

} // namespace rewire::jobs
