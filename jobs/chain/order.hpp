#pragma once

#include "jobs/frame/entry.hpp"

#include <optional>
#include <string>
#include <vector>

/// The order of the jobs of a chain, for a batch system.

namespace rewire::jobs {

struct ChainJob
{
    const Entry* entry;
    bool is_array = false;               ///< a task for every subject or session
    std::vector<std::string> after;      ///< jobs, all tasks of which come before
    std::vector<std::string> after_task; ///< arrays whose task of the same number comes before
};

/// @param name of a chain, or jobs joined by commas, each after the one before
/// @param tasks subject or session: jobs that can be an array over these are one, and their parts
/// are joined before a job needs all of them; none: every job comes once
/// @throws UsageError: no such chain or job, or no job that can be an array
std::vector<ChainJob> chain_of(const std::vector<Entry>& entries, const std::string& name,
                               std::optional<TaskLevel> tasks);

/// Names of all chains, in the order of the entries.
std::vector<std::string> chains_of(const std::vector<Entry>& entries);

} // namespace rewire::jobs
