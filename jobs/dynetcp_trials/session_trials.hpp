#pragma once

#include "jobs/recording/recording.hpp"
#include "settings.hpp"

#include <rewire/dynetcp/trial_values.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace rewire::jobs {

/// Spikes of the chosen units of a session in trials of equal length.
struct SessionTrials
{
    Recording recording;
    dynetcp::TrialValues spikes;
    std::vector<std::int64_t> clipped;   ///< [units] spikes in a bin that had one
    std::vector<std::int32_t> condition; ///< [trials] 0, 1, ... by first occurrence
    double bin_s = 0;
    bool aligned = false; ///< false: windows of the whole recording
    // Of the table that trials are aligned to; 0 for a whole recording.
    std::int64_t rows = 0;
    std::int64_t not_chosen = 0;
    std::int64_t not_observed = 0;
    std::int64_t not_so_moving = 0;
    std::int64_t overlapping = 0;
    std::vector<std::string> left_out; ///< "unit 7 never fires", of units that cannot be modelled

    std::int64_t units() const noexcept { return spikes.neurons; }
    std::int64_t trials() const noexcept { return spikes.trials; }
};

/// Which trials of a session train, stop and test.
struct TrialSplit
{
    std::vector<std::int64_t> train;
    std::vector<std::int64_t> validation;
    std::vector<std::int64_t> test;
};

/// Within every condition the first trials train, then come those of validation and test; one at
/// least validates where a condition has two.
TrialSplit split_of(const SessionTrials& session, const SplitSettings& settings);

/// Reads, cuts and bins one session; units that never fire in the trials to train on, or fire in
/// every bin of them, are left out.
/// @throws InputError: fewer than two trials, no more bins than lags, no such condition
SessionTrials read_session_trials(const io::StudySession& session, const TrialSettings& settings);

/// Collective: the sessions of a wave, read by one rank each, on all ranks.
std::vector<SessionTrials> read_to_all(runtime::RunContext& context,
                                       const std::vector<const io::StudySession*>& sessions,
                                       const TrialSettings& settings);

/// What is left of the rows that trials are aligned to, and why.
std::string described_trials(const SessionTrials& session);

/// What was found in a session and what was left out, a line each.
std::vector<std::string> notes_on(const SessionTrials& session);

/// Bytes that a session takes on every rank.
double trial_bytes(const io::StudySession& session);

} // namespace rewire::jobs
