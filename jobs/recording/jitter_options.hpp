#pragma once

#include <rewire/runtime/options.hpp>
#include <rewire/spikes/jitter.hpp>

#include <cstdint>
#include <string>

/// What jobs that bin and jitter trains make of their options.
namespace rewire::jobs {

/// The value of an option in ms, in bins.
/// @throws UsageError: not a whole number of bins
std::int64_t whole_bins(const runtime::Options& options, const std::string& name, double bin_ms);

/// Of the option `jitter`.
/// @param without_trials the kind to propose where there are none to permute spikes across
/// @throws UsageError: pattern jitter without trials
spikes::Jitter jitter_of(const runtime::Options& options, bool trials,
                         const std::string& without_trials);

} // namespace rewire::jobs
