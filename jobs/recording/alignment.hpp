#pragma once

#include <rewire/io/study.hpp>
#include <rewire/runtime/options.hpp>
#include <rewire/spikes/spike_trains.hpp>
#include <rewire/spikes/trials.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

/// Trials cut out of a recording around the rows of a table of intervals.
namespace rewire::jobs {

struct Alignment
{
    std::string table; ///< of intervals: its name, path or the end of its path
    double start_s = 0;
    double stop_s = 0; ///< both from the start of a row
};

/// --align --start-s --stop-s
std::vector<runtime::Option> alignment_options();
/// Nothing: the whole recording. @throws UsageError: a window without a table, or the other way
/// round
std::optional<Alignment> alignment(const runtime::Options& options);

struct AlignedTrials
{
    spikes::TrialWindows windows;
    std::vector<std::int64_t> row; ///< [trials] of the table
    std::int64_t rows = 0;         ///< of the table
    std::int64_t not_chosen = 0;   ///< by the conditions
    std::int64_t not_observed = 0; ///< windows not wholly within the observed time
    std::int64_t overlapping = 0;  ///< begin before the end of the last window that was kept
};

/// Windows around `start_time` of the rows that meet the conditions on columns which the units
/// table lacks.
/// @throws InputError: no such table or column, a start that is no time, no row left
AlignedTrials aligned_trials(const io::StudySession& session, const Alignment& alignment,
                             const std::vector<spikes::Condition>& where,
                             std::span<const spikes::TimeInterval> observed, double bin_ms);

} // namespace rewire::jobs
