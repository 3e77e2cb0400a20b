#pragma once

#include "session_results.hpp"

#include <rewire/io/result_file.hpp>
#include <rewire/io/study.hpp>
#include <rewire/runtime/run_context.hpp>

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

/// The frame of the jobs that compute every session of a study on its own: open the study, check
/// the files, see what the result has already, compute the rest wave after wave, publish.
namespace rewire::jobs {

/// Sessions that are computed at the same time because they fit into the memory of a node together.
struct Wave
{
    const io::Study& study;
    const std::vector<std::size_t>& sessions; ///< indices into the study
    std::string suffix; ///< of the names of its phases: "" for the first wave, "-2", "-3", ...
    std::span<const SessionFacts> facts; ///< [session of the study]; empty: not looked at

    std::size_t size() const { return sessions.size(); }
    /// @param position in the wave
    const io::StudySession& session(std::size_t position) const
    {
        return study.sessions[sessions[position]];
    }
    /// @pre facts
    const SessionFacts& facts_of(std::size_t position) const { return facts[sessions[position]]; }
    /// With the status "ok". @pre facts
    SessionHead head(std::size_t position) const
    {
        return head_of(session(position), facts_of(position).sha256);
    }
};

/// What one such job does itself. What it writes to is the result file, which rank 0 alone has.
struct SessionJob
{
    std::string table_head; ///< of the rows that it notes

    /// Collective: checks all sessions of the study, [session]. Empty: the content of the files is
    /// all that counts, and each has what feeds the job (`hashes_of`).
    std::function<std::vector<SessionFacts>(const io::Study& study)> check;
    /// Bytes that a session takes in the memory of a node while its wave is computed.
    std::function<double(const io::StudySession& session)> node_bytes;
    /// Memory and work for some of the study's sessions (indices).
    std::function<runtime::Estimate(const io::Study& study,
                                    const std::vector<std::size_t>& sessions)>
        estimate;
    /// Collective: finds what is wrong with the sessions that are to be computed (indices) before
    /// the run begins, so that a correction needs no new folder; may be empty.
    std::function<void(const io::Study& study, const std::vector<std::size_t>& sessions)> prepare;
    /// Earlier results that the job reads, by job: part of what its own depends on. Called after
    /// `check`; may be empty.
    std::function<std::map<std::string, io::Upstream>()> upstream;
    /// Collective: computes the sessions of a wave and writes them. `output` is null but on rank 0.
    std::function<void(const Wave& wave, const io::ResultFile* output)> compute;
};

/// Collective. Does nothing where the result has all sessions already.
void run_session_job(runtime::RunContext& context, const SessionJob& session_job);

/// The plan of a job whose estimate measures nothing. Collective.
/// @throws InputError: a session that lacks what feeds the job
runtime::Estimate plan_session_job(runtime::RunContext& context, const SessionJob& session_job);

/// `run` and `plan` of such a job, from what makes it of the options of a run.
using MakeSessionJob = SessionJob (*)(runtime::RunContext& context);
std::function<void(runtime::RunContext&)> run_of(MakeSessionJob make);
std::function<runtime::Estimate(runtime::RunContext&)> plan_of(MakeSessionJob make);

/// SHA-256 of every file of the study, files over ranks; each session has what feeds the job.
/// Collective.
/// @throws InputError: a session that has not, on all ranks
std::vector<SessionFacts> hashes_of(runtime::RunContext& context, const io::Study& study);

/// What `rewire plan` says of such a job: for all sessions, or for the largest task of an array
/// (--largest).
runtime::Estimate plan_sessions(
    const runtime::RunContext& context, const io::Study& study,
    const std::function<runtime::Estimate(const std::vector<std::size_t>& sessions)>& estimate);

/// Sessions that are worked on at the same time: as many as fit into `limit_bytes`, one at least.
/// The same for any number of ranks.
std::vector<std::vector<std::size_t>>
waves_of(const io::Study& study, const std::vector<std::size_t>& sessions,
         const std::function<double(const io::StudySession& session)>& node_bytes,
         double limit_bytes);

/// The largest sum of `size` over the sessions of such a wave.
double largest_wave(const io::Study& study, const std::vector<std::size_t>& sessions,
                    const std::function<double(const io::StudySession& session)>& node_bytes,
                    double limit_bytes,
                    const std::function<double(const io::StudySession& session)>& size);

/// --node-memory-gb
double node_limit_bytes(const runtime::Options& options);

} // namespace rewire::jobs
