#pragma once

#include <rewire/io/study.hpp>
#include <rewire/job/run_context.hpp>

#include <string>
#include <vector>

namespace rewire::jobs {

/// Options of every job that reads NWB files.
std::vector<job::Option> study_options();
io::NwbOptions nwb_options(const job::Options& options);
io::Selection selection(const job::Options& options);

/// Scans the files of the study, spread over the ranks, and puts them together on all of them.
/// Collective.
io::Study scan_study(job::RunContext& context);
/// The same for a job that computes: problems of severity error are one InputError that lists them
/// all, warnings go to the log.
io::Study open_study(job::RunContext& context);

/// For the plan of a job: all sessions together, or those of every subject, or every session by
/// itself, as --largest says.
std::vector<std::vector<std::size_t>> sessions_to_plan_for(const io::Study& study,
                                                           const job::Options& options);

std::vector<job::Option> operator+(std::vector<job::Option> first,
                                   const std::vector<job::Option>& second);

} // namespace rewire::jobs
