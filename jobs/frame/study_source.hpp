#pragma once

#include "entry.hpp"

#include <rewire/io/study.hpp>
#include <rewire/runtime/run_context.hpp>

#include <string>
#include <vector>

namespace rewire::jobs {

/// Options of jobs that read dF/F.
std::vector<runtime::Option> study_options();
/// What they say, for `Entry::reading`, too. @pre study_options are declared
io::NwbOptions nwb_options(const runtime::Options& options);
io::Selection selection(const runtime::Options& options);

/// Scans the files of the study, spread over the ranks, and puts them together on all of them.
/// Collective.
io::Study scan_study(runtime::RunContext& context);
/// The same for a job that computes: problems of severity error are one InputError that lists them
/// all, warnings go to the log. Problems of what the job does not feed on are none.
io::Study open_study(runtime::RunContext& context);
/// The same without --session: all sessions of the animals that were chosen, for what all sessions
/// of an animal share. Once a run.
io::Study open_animals(runtime::RunContext& context);
/// What a session lacks of what feeds a job; empty: nothing. Looks into its file where the job says
/// how.
std::string lacking(const io::StudySession& session, const Entry& entry,
                    const runtime::Options& options);
/// @throws InputError: no session, or one that does not hold this, naming it
void require_feed(const io::Study& study, io::Feed feed);

/// For the plan of a job: all sessions together, or those of every subject, or every session by
/// itself, as --largest says.
std::vector<std::vector<std::size_t>> sessions_to_plan_for(const io::Study& study,
                                                           const runtime::Options& options);

std::vector<runtime::Option> operator+(std::vector<runtime::Option> first,
                                       const std::vector<runtime::Option>& second);

} // namespace rewire::jobs
