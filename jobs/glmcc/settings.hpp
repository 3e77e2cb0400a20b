#pragma once

#include "jobs/recording/unit_choice.hpp"

#include <rewire/runtime/options.hpp>
#include <rewire/spikes/glmcc.hpp>

#include <vector>

namespace rewire::jobs {

struct GlmccJobSettings
{
    spikes::GlmccSettings model;
    UnitChoice units;
    bool test_near = false; ///< pairs that sorting makes doubtful, too

    int delays() const { return model.last_delay_ms - model.first_delay_ms + 1; }
    bool by_likelihood() const { return model.mode == spikes::GlmccMode::likelihood_ratio; }
};

std::vector<runtime::Option> glmcc_options();
/// @throws UsageError: a delay to keep while it is searched for
GlmccJobSettings glmcc_settings(const runtime::Options& options);

} // namespace rewire::jobs
