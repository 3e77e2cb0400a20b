#pragma once

#include "jobs/dynetcp_trials/settings.hpp"
#include "jobs/recording/areas.hpp"

#include <rewire/dynetcp/dynamics.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rewire::jobs {

struct DynamicsSettings
{
    TrialSettings trials; ///< of the model
    double ratio_threshold = 1;
    double tost_margin = 0;
    double smooth_ms = 0; ///< SD, before components are counted
    bool write_edges = false;
    AreaScores area_scores;
    std::vector<std::string> sweep; ///< folders of models with other penalties
    std::uint64_t seed = 1;

    dynetcp::AgreementRule agreement(std::int64_t window) const noexcept
    {
        return {window, tost_margin};
    }
};

/// Options of the model that say which trials and units it is of.
std::vector<runtime::Option> recording_options();
std::vector<runtime::Option> dynamics_options();

/// Records of the results that the job reads, by job: that of the model, and joint histograms where
/// they are there. Collective. @throws InputError: no model
std::map<std::string, io::Record> dynamics_records(runtime::RunContext& context);

/// Sets options on trials and units that were not given to those of the model. Collective.
/// @throws UsageError: one that was given differs, or several values that have to be given again
void adopt_trial_options(runtime::RunContext& context, const io::Record& model);

/// @throws UsageError as trial_settings
DynamicsSettings dynamics_settings(const runtime::Options& options);

} // namespace rewire::jobs
