#pragma once

#include "change.hpp"
#include "change_units.hpp"

#include <vector>

namespace rewire::jobs {

/// Pairs with the largest loadings of the first halves, shown on the second ones: gives them to
/// `changes`, which is there on rank 0. Collective.
void find_cross_top_edges(runtime::RunContext& context, const io::Handle& connectome,
                          const std::vector<SubjectConnectomes>& subjects,
                          const HalvesOfSubjects& sessions, std::int64_t count,
                          std::vector<SubjectChange>& changes);

} // namespace rewire::jobs
