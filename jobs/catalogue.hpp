#pragma once

#include <rewire/runtime/job.hpp>

#include <vector>

namespace rewire::jobs {

/// The table of jobs, in the order of the help.
const std::vector<runtime::Job>& catalogue();

runtime::Job study_job();
runtime::Job simulate_job();
runtime::Job connectome_job();
runtime::Job movement_job();
runtime::Job rewiring_job();
runtime::Job recovery_job();
runtime::Job export_job();
runtime::Job report_job();
runtime::Job merge_job();

} // namespace rewire::jobs
