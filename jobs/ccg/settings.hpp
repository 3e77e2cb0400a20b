#pragma once

#include "jobs/recording/alignment.hpp"
#include "jobs/recording/areas.hpp"
#include "jobs/recording/unit_choice.hpp"

#include <rewire/runtime/options.hpp>
#include <rewire/runtime/run_context.hpp>
#include <rewire/spikes/coincidence_test.hpp>
#include <rewire/spikes/connection_rule.hpp>
#include <rewire/spikes/jitter.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rewire::jobs {

struct CcgSettings
{
    std::int64_t bin_ns = 0;
    double bin_ms = 0;
    std::int64_t max_lag = 0;       ///< bins to each side
    spikes::JitterSettings jitter;  ///< bins
    double jitter_ms = 0;           ///< 0 without jitter
    spikes::ConnectionRule rule;    ///< lags in bins
    spikes::LagTestSettings tests;  ///< lags in bins
    std::int64_t surrogates = 0;    ///< jittered, of every pair
    double minimum_pair_spikes = 0; ///< coincidences expected by chance within pair_window_s
    bool test_near = false;         ///< pairs that sorting makes doubtful, too
    AreaScores area_scores;
    std::uint64_t seed = 0; ///< of surrogates and permutations
    UnitChoice units;
    std::optional<Alignment> align; ///< nothing: the whole recording

    bool has_null() const noexcept { return jitter.kind != spikes::Jitter::none; }
    std::int64_t lags() const noexcept { return 2 * max_lag + 1; }
};

inline constexpr auto peak_ms = 10.0; ///< lags that are searched and tested
/// Of alpha_p: the paper's own code counts the coincidences that chance gives within 10 ms.
inline constexpr auto pair_window_s = 0.010;

std::vector<runtime::Option> ccg_options();
/// Sets what was not given and follows from other options: --jitter, --jitter-ms.
void adopt_ccg_options(runtime::RunContext& context);
/// @pre adopt_ccg_options
/// @throws IoError, InputError: the table of area scores; UsageError: window or jitter not a whole
/// number of bins, a window without flanks
CcgSettings ccg_settings(const runtime::Options& options);

} // namespace rewire::jobs
