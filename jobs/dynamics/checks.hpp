#pragma once

#include "histograms.hpp"
#include "jobs/dynetcp_trials/session_trials.hpp"
#include "jobs/frame/session_job.hpp"
#include "settings.hpp"

#include <rewire/io/study.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What the job reads beside the recordings, and whether it fits them.
namespace rewire::jobs {

using ResultRecords = std::map<std::string, io::Record>; ///< of the results that are read, by job

/// Of the result of a job in the folder of the run.
std::filesystem::path path_of(const runtime::RunContext& context, const std::string& job);

/// @throws InputError: the model is of other units or trials than are read now
void require_same_units(const DynamicResult& model, const SessionTrials& trials);

/// jpsth.h5; nothing: no such result, not of this session, or a model that is not of trials.
std::optional<io::Handle> open_histograms(const runtime::RunContext& context,
                                          const ResultRecords& records,
                                          const DynamicsSettings& settings,
                                          const SessionName& name);

/// Collective: every session has a model, of the file as it is.
void check_models(runtime::RunContext& context, const io::Study& study,
                  const std::vector<SessionFacts>& facts);

/// Collective: checks the models of the sweep, and adds what stands for them to what a result
/// depends on.
void add_sweep_facts(runtime::RunContext& context, const io::Study& study,
                     const ResultRecords& records, const DynamicsSettings& settings,
                     std::vector<SessionFacts>& facts);

/// Collective: reads all sessions once, so that what is wrong with them, or does not fit their
/// model, is known before the run.
void check_against_models(runtime::RunContext& context, const io::Study& study,
                          const std::vector<std::size_t>& sessions, const ResultRecords& records,
                          const DynamicsSettings& settings);

} // namespace rewire::jobs
