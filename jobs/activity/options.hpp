#pragma once

#include <rewire/calcium/baseline.hpp>
#include <rewire/calcium/deconvolution.hpp>
#include <rewire/io/study.hpp>
#include <rewire/runtime/run_context.hpp>

#include <optional>
#include <vector>

/// The options of deconvolution, the same in every calcium job.
namespace rewire::jobs {

/// --tau-s --oasis --nan --baseline --smoothing-s
std::vector<runtime::Option> activity_options();

/// Those of them that `check_signal` looks at.
std::vector<runtime::Option> signal_options();

/// Takes activity options that were not given from an earlier calcium result in the same folder.
/// Collective.
/// @throws UsageError when a given one differs from it
void adopt_activity_options(runtime::RunContext& context);

/// How sessions are read and deconvolved.
struct ActivitySettings
{
    io::NwbOptions nwb;
    std::optional<double> tau_s; ///< of all sessions; nothing: each as study.tsv says
    calcium::OasisVariant oasis = calcium::OasisVariant::farci;
    io::NanPolicy nan = io::NanPolicy::error;
    calcium::BaselineKind baseline = calcium::BaselineKind::none;
    std::optional<double> smoothing_s; ///< of events; nothing: the paper's frames
};
/// @pre adopt_activity_options
ActivitySettings activity_settings(const runtime::Options& options);

/// --baseline
calcium::BaselineKind baseline_of(const runtime::Options& options);
/// Taps of the smoothing of a session's events.
std::int64_t taps_of(const io::StudySession& session, const ActivitySettings& settings);

/// Of a session.
/// @throws UsageError: not known; InputError: too short for the frame rate
double checked_tau(const io::StudySession& session, const ActivitySettings& settings);

calcium::OasisParameters oasis_of(const io::StudySession& session, double tau_s,
                                  const ActivitySettings& settings);

/// @throws UsageError naming a session without decay time, InputError naming one without dF/F or
/// with a decay time that is too short for its frame rate
void require_tau(const io::Study& study, const ActivitySettings& settings);

} // namespace rewire::jobs
