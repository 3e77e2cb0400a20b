#pragma once

#include <rewire/base/pack.hpp>
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
    /// Only trials in which the animal runs, or rests; nothing: all.
    std::optional<spikes::Locomotion> locomotion;
    std::string speed_series; ///< cm/s
    double running_cm_s = 5;  ///< least mean speed of a trial with running
};

/// --align --start-s --stop-s --locomotion --speed-series --running-cm-s
std::vector<runtime::Option> alignment_options();
/// Nothing: the whole recording. @throws UsageError: a window without a table, or the other way
/// round
std::optional<Alignment> alignment(const runtime::Options& options);

struct AlignedTrials
{
    spikes::TrialWindows windows;
    std::vector<std::int64_t> row;  ///< [trials] of the table
    std::int64_t rows = 0;          ///< of the table
    std::int64_t not_chosen = 0;    ///< by the conditions
    std::int64_t not_observed = 0;  ///< windows not wholly within the observed time
    std::int64_t not_so_moving = 0; ///< of another locomotion, or without a known speed
    std::int64_t overlapping = 0;   ///< begin before the end of the last window that was kept
};

/// Windows around `start_time` of the rows that meet the conditions on columns which the units
/// table lacks.
/// @throws InputError: no such table or column, a start that is no time, no row left
AlignedTrials aligned_trials(const io::StudySession& session, const Alignment& alignment,
                             const std::vector<spikes::Condition>& where,
                             std::span<const spikes::TimeInterval> observed, double bin_ms);

/// What the animal does in each window, by the speed series. @throws InputError: no such series, or
/// of several channels
std::vector<spikes::Locomotion> locomotion_in(const io::StudySession& session,
                                              const Alignment& alignment,
                                              const spikes::TrialWindows& windows);

/// "480 trials of 630 rows: ..."
std::string described(const AlignedTrials& trials);

/// For handing them from rank to rank.
void pack(base::Packer& packer, const AlignedTrials& trials);
void unpack(base::Unpacker& unpacker, AlignedTrials& trials);

} // namespace rewire::jobs
