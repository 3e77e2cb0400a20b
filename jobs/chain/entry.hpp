#pragma once

#include "jobs/frame/entry.hpp"

namespace rewire::jobs {

Entry chain_entry();

} // namespace rewire::jobs
