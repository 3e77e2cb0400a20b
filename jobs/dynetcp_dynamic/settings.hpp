#pragma once

#include "jobs/dynetcp_static/settings.hpp"
#include "jobs/dynetcp_trials/training.hpp"

#include <rewire/dynetcp/dynamic_layout.hpp>
#include <rewire/runtime/run_context.hpp>

#include <filesystem>
#include <vector>

namespace rewire::jobs {

enum class EdgeSource : std::uint8_t
{
    connections, ///< of the static job's result, in both directions
    all,
    table,
};

struct DynamicSettings
{
    /// Of the static stage at the same bins and lags; its jitter is none.
    StaticSettings first_stage;
    TrainingSettings training;
    double lambda = 0;
    EdgeSource edges = EdgeSource::connections;
    std::filesystem::path edge_table;
    bool joint = false; ///< the static part is trained, too
    std::int64_t smoothed_bins = 10;
    std::int64_t null_models = 0; ///< trained again on shuffled trials

    const TrialSettings& trials() const noexcept { return first_stage.trials; }
    dynetcp::DynamicSizes sizes() const noexcept { return {.lags = trials().lags + 1}; }
};

std::vector<runtime::Option> dynamic_options();
/// @throws UsageError: lambda is no positive number
DynamicSettings dynamic_settings(const runtime::RunContext& context);

} // namespace rewire::jobs
