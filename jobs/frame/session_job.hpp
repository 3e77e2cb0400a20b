#pragma once

#include "jobs/activity/activity_source.hpp"
#include "jobs/activity/machine_rates.hpp"
#include "session_results.hpp"

#include <rewire/io/result_file.hpp>
#include <rewire/io/study.hpp>
#include <rewire/runtime/run_context.hpp>

#include <functional>
#include <string>
#include <vector>

/// The frame of the jobs that compute every session of a study on its own: open the study, check
/// the files, see what the result has already, compute the rest wave after wave, publish.
namespace rewire::jobs {

/// Sessions that are computed at the same time because they fit into the memory of a node together.
struct Wave
{
    const io::Study& study;
    const std::vector<SessionInput>& inputs;  ///< [session of the study]
    const std::vector<std::size_t>& sessions; ///< indices into the study
    std::string suffix; ///< of the names of its phases: "" for the first wave, "-2", "-3", ...

    std::size_t size() const { return sessions.size(); }
    /// @param position in the wave
    const io::StudySession& session(std::size_t position) const
    {
        return study.sessions[sessions[position]];
    }
    const SessionInput& input(std::size_t position) const { return inputs[sessions[position]]; }
};

/// What one such job does itself. What it writes to is the result file, which rank 0 alone has.
struct SessionJob
{
    std::string file_name;          ///< of the result, in the results folder
    bool needs_decay_time = true;   ///< it computes on smoothed events
    bool says_what_is_left = false; ///< notes how many sessions are there, to compute and kept
    std::string table_head;         ///< of the rows that it notes

    /// Memory and work for some of the study's sessions (indices).
    std::function<runtime::Estimate(const io::Study& study,
                                    const std::vector<std::size_t>& sessions)>
        estimate;
    /// Collective: finds what is wrong with the sessions that are to be computed (indices) before
    /// the run begins, so that a correction needs no new folder; may be empty.
    std::function<void(const io::Study& study, const std::vector<SessionInput>& inputs,
                       const std::vector<std::size_t>& sessions)>
        prepare;
    /// On rank 0: takes a session over from the result that is there, as the study has it now.
    std::function<void(const io::ResultFile& output, hid_t old, const SessionName& session,
                       const io::Study& study)>
        keep;
    /// Collective: computes the sessions of a wave and writes them. `output` is null but on rank 0.
    std::function<void(const Wave& wave, const io::ResultFile* output)> compute;
    /// On rank 0: writes what is known once all sessions are; may be empty.
    std::function<void(const io::ResultFile& output)> complete;
};

/// What `rewire plan` says of such a job: for all sessions, or for the largest task of an array
/// (--largest), at the rates of this machine.
runtime::Estimate
plan_session_job(const runtime::RunContext& context, const io::Study& study,
                 const std::function<runtime::Estimate(const std::vector<std::size_t>& sessions,
                                                       const MachineRates& rates)>& estimate);

/// Collective. Does nothing where the result has all sessions already.
void run_session_job(runtime::RunContext& context, const SessionJob& session_job);

} // namespace rewire::jobs
