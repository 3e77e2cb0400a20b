#pragma once

#include "jobs/dynetcp_dynamic/result.hpp"
#include "jobs/dynetcp_trials/session_trials.hpp"

#include <rewire/io/hdf5.hpp>
#include <rewire/runtime/run_context.hpp>

#include <string>
#include <vector>

namespace rewire::jobs {

/// Trials that the averages of a model are of: those to test, or where there are none those to
/// validate.
std::vector<std::int64_t> shown_trials(const SessionTrials& session, const SplitSettings& settings);

/// Bytes that a rank holds of weights at a time.
inline constexpr auto held_weight_bytes = 64e6;

/// Writes `trial_weight` [trial, edge, time, lag]: static weight plus offset of every edge in every
/// trial that is shown, from the parameters of the result. Chunks over ranks, each made from a
/// block of receivers in one trial that the rank holds. Collective; not resumed from within.
/// @param file of the model, on all ranks @param group of the result, on rank 0
void write_trial_weights(runtime::RunContext& context, const std::string& phase,
                         const io::Handle& file, const DynamicResult& model,
                         const SessionTrials& session, const SplitSettings& settings,
                         const io::Handle* group);

} // namespace rewire::jobs
