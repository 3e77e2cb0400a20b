#pragma once

#include <rewire/job/job.hpp>

#include <vector>

namespace rewire::jobs {

/// The table of jobs, in the order of the help.
const std::vector<job::Job>& catalogue();

job::Job study_job();
job::Job simulate_job();
job::Job connectome_job();
job::Job movement_job();
job::Job rewiring_job();
job::Job recovery_job();
job::Job export_job();
job::Job report_job();
job::Job merge_job();

} // namespace rewire::jobs
