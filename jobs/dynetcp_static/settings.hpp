#pragma once

#include "jobs/dynetcp_trials/settings.hpp"
#include "jobs/dynetcp_trials/training.hpp"

#include <rewire/dynetcp/connections.hpp>
#include <rewire/dynetcp/static_model.hpp>
#include <rewire/runtime/run_context.hpp>
#include <rewire/spikes/jitter.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace rewire::jobs {

/// Lags that are searched for a peak.
inline constexpr auto searched_ms = 10.0;

struct StaticSettings
{
    TrialSettings trials;
    std::optional<double> lambda; ///< nothing: chosen on held-out likelihood
    bool adam = false;            ///< the published training; else L-BFGS, receiver by receiver
    TrainingSettings training;
    spikes::JitterSettings jitter; ///< bins
    double jitter_ms = 0;          ///< 0 without jitter
    dynetcp::StaticRule rule;      ///< lags in bins
    bool has_flanks = false;       ///< the rule can be asked
    double minimum_pair_spikes = 0;
    bool test_near = false; ///< the rule is asked of pairs that sorting makes doubtful, too

    std::int64_t lag_count() const noexcept { return trials.lags + 1; }
    bool has_null() const noexcept { return jitter.kind != spikes::Jitter::none; }
    dynetcp::StaticShape shape(std::int64_t units) const noexcept { return {units, lag_count()}; }
};

std::vector<runtime::Option> static_options();
/// Those of all spike jobs, with alpha_s of the paper as the default of the rate.
std::vector<runtime::Option> unit_options_with_rate();
/// Nothing for auto. @throws UsageError: not a positive number
std::optional<double> penalty_of(const std::string& text, const std::string& option);
/// Sets what was not given and follows from other options: --jitter, --jitter-ms.
void adopt_static_options(runtime::RunContext& context);
/// @pre adopt_static_options
/// @throws UsageError: no lambda, jitter not a whole number of bins, options of the other optimiser
StaticSettings static_settings(const runtime::RunContext& context);

/// The rule for bins of so many ms. @return its lags in bins
dynetcp::StaticRule rule_of(double threshold_sd, double bin_ms);

/// The path of lambdas that `--lambda auto` goes down for so many units: penalties a weight of 1e-1
/// to 10^-5.5 in half decades, times the number of weights.
std::vector<double> lambda_path(const dynetcp::StaticShape& shape);

} // namespace rewire::jobs
