#pragma once

#include "jobs/recording/alignment.hpp"
#include "jobs/recording/unit_choice.hpp"

#include <rewire/runtime/options.hpp>
#include <rewire/spikes/jitter.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What the two stages of DyNetCP share: trials of a session, how they are split, jittered trains.
namespace rewire::jobs {

/// How trials are divided: within every condition the first in the order of presentation train, and
/// the last are held out.
struct SplitSettings
{
    double validation = 0.2;             ///< share that stops the training and chooses lambda
    double test = 0;                     ///< share that nothing was chosen on
    std::vector<std::string> conditions; ///< columns of the table that trials are aligned to
};

struct TrialSettings
{
    double bin_ms = 0;
    std::int64_t bin_ns = 0;
    std::int64_t lags = 0; ///< L: the largest lag, bins
    double window_s = 0;   ///< pieces that a whole recording is cut into
    UnitChoice units;
    std::optional<Alignment> align; ///< nothing: the whole recording
    SplitSettings split;
};

/// --bin-ms --lags --window-s --validation --test --condition
std::vector<runtime::Option> trial_options(const std::string& bin_ms, const std::string& lags);
/// @throws UsageError: shares that leave nothing to train on, conditions without a table
TrialSettings trial_settings(const runtime::Options& options);

} // namespace rewire::jobs
