#pragma once

#include "subject.hpp"

#include <rewire/runtime/plan.hpp>

#include <cstdint>
#include <vector>

namespace rewire::jobs {

/// Pairs and sessions of a subject.
struct SubjectSize
{
    std::int64_t pairs;
    std::int64_t sessions;
};

/// Memory and work for these subjects: what `rewire plan` says, and what a run checks before it
/// starts.
runtime::Estimate rewiring_estimate(const std::vector<SubjectSize>& sizes,
                                    const RewiringSettings& settings);

} // namespace rewire::jobs
