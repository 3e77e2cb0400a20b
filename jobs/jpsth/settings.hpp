#pragma once

#include "jobs/recording/held_spikes.hpp"

#include <rewire/runtime/options.hpp>
#include <rewire/spikes/jpsth.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace rewire::jobs {

/// Of --pairs: the connections that an earlier result calls.
inline constexpr auto significant_pairs = "significant";

struct JpsthJobSettings
{
    WantedTrials trials;
    spikes::JpsthSettings matrix;
    UnitChoice units;
    std::string pairs; ///< a file, or significant_pairs

    std::int64_t bins() const; ///< of a trial
    bool full() const { return matrix.band_bins < 0; }
    std::int64_t columns() const; ///< of a matrix
};

std::vector<runtime::Option> jpsth_options();
/// @throws UsageError: no trials to align to, a window or band that is not a whole number of bins
JpsthJobSettings jpsth_settings(const runtime::Options& options);

} // namespace rewire::jobs
