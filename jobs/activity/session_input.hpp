#pragma once

#include "jobs/frame/session_job.hpp"
#include "options.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/calcium/baseline.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/io/study.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// What calcium jobs read of a session: its dF/F, as the NaN policy leaves it.
namespace rewire::jobs {

/// What was found in the file of a session before anything is computed.
struct SessionInput
{
    std::string sha256;
    double tau_s = 0;         ///< 0: not needed
    std::int64_t missing = 0; ///< samples
    io::UsedSamples used;
    calcium::BaselineKind baseline = calcium::BaselineKind::none;
    std::int64_t taps = calcium::paper_taps; ///< of the smoothing
    std::vector<base::Range> segments;       ///< of the file's frames; empty: all, one segment

    void pack(base::Packer& packer) const;
    void unpack(base::Unpacker& unpacker);
};

/// Hashes every file and looks for missing samples, sessions over ranks; known on all ranks.
/// Collective.
/// @throws InputError listing the sessions with missing samples (under --nan error), without decay
/// time, with raw fluorescence and --baseline none, ...
/// @param deconvolves whether the decay time of the indicator is needed
/// @param segments intervals table of stretches without gap; empty: by the clock
std::vector<SessionInput> check_inputs(runtime::RunContext& context, const io::Study& study,
                                       const ActivitySettings& settings, bool deconvolves = true,
                                       const std::string& segments = {});

/// The same of one session. @throws InputError, UsageError as check_inputs
SessionInput session_input_of(const io::StudySession& session, const ActivitySettings& settings,
                              const std::string& segments, bool deconvolves = true);

/// @throws InputError: raw fluorescence, and --baseline none
void check_signal(const io::StudySession& session, const runtime::Options& options);

/// As the frame of the jobs has to know them.
std::vector<SessionFacts> facts_of(const std::vector<SessionInput>& inputs);

/// dF/F of some neurons, or fluorescence less its baseline (--baseline) and neuropil, frame after
/// frame, without the frames that the NaN policy cuts out; 0
/// throughout for neurons that it leaves out.
template <typename T>
std::vector<T> read_block(const io::NwbSession& file, base::Range neurons,
                          const SessionInput& input);

} // namespace rewire::jobs
