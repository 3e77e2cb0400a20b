#pragma once

#include <rewire/calcium/baseline.hpp>
#include <rewire/calcium/deconvolution.hpp>
#include <rewire/io/study.hpp>
#include <rewire/runtime/run_context.hpp>

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

io::NanPolicy nan_policy(const runtime::Options& options);
/// --baseline
calcium::BaselineKind baseline_of(const runtime::Options& options);
/// Taps of the smoothing of a session's events: --smoothing-s, else the paper's.
std::int64_t taps_of(const io::StudySession& session, const runtime::Options& options);

/// Of a session: --tau-s, else study.tsv.
/// @throws UsageError: neither; InputError: too short for the frame rate
double checked_tau(const io::StudySession& session, const runtime::Options& options);

calcium::OasisParameters oasis_of(const io::StudySession& session, double tau_s,
                                  const runtime::Options& options);

/// @throws UsageError naming a session without decay time, InputError naming one without dF/F or
/// with a decay time that is too short for its frame rate
void require_tau(const io::Study& study, const runtime::Options& options);

} // namespace rewire::jobs
