#pragma once

#include "unit_choice.hpp"

#include <rewire/base/pack.hpp>
#include <rewire/io/study.hpp>
#include <rewire/spikes/connection_rule.hpp>
#include <rewire/spikes/spike_trains.hpp>

#include <functional>
#include <span>
#include <string>
#include <vector>

/// Spike trains of a session as jobs take them: exact times, in order, within the time in which all
/// chosen units were observed.
namespace rewire::jobs {

/// All that a recording says of its chosen units but the spikes.
struct Recording
{
    std::int64_t units_in_file = 0;
    std::vector<CriterionCount> criteria;       ///< that units failed, the rate included
    std::vector<std::string> unit_id;           ///< [units]
    std::vector<spikes::TrainFindings> finding; ///< [units]
    std::vector<double> rate_hz;                ///< [units] over the observed time
    /// [units] by the column `peak_channel_id` and the electrode of that id; unknown without.
    std::vector<spikes::UnitPlace> place;
    std::vector<std::string> area;   ///< [units] empty text: not known
    std::vector<std::string> layer;  ///< [units] the same
    std::vector<double> waveform_ms; ///< [units] trough to peak; NaN: not known
    /// Time within the `obs_intervals` of every chosen unit and outside of `invalid_times`. Without
    /// obs_intervals: from the first to the last spike of the chosen units.
    std::vector<spikes::TimeInterval> observed;
    bool observed_from_file = false; ///< false: from the spikes

    std::int64_t units() const noexcept { return static_cast<std::int64_t>(unit_id.size()); }
};

/// For handing a recording from rank to rank.
void pack(base::Packer& packer, const Recording& recording);
void unpack(base::Unpacker& unpacker, Recording& recording);

/// Takes the train of the next unit: strictly ascending, ns.
using TakeTrain = std::function<void(std::span<const std::int64_t> train)>;

/// Reads the units of a session some at a time, and hands their trains to `take`, in the order of
/// the table. Memory: 16 MB of spikes, or those of one unit where that is more.
/// @param begin called once before the first train, with `observed`; may be empty
/// @throws InputError: a spike time that is none, naming file and unit; unit ids that occur twice;
/// no time in which all chosen units were observed; as chosen_units
Recording read_recording(const io::StudySession& session, const UnitChoice& choice,
                         const std::function<void(const Recording&)>& begin, const TakeTrain& take);

/// Of all units together.
spikes::TrainFindings total_of(const std::vector<spikes::TrainFindings>& finding);
/// "3 spikes out of order (sorted), 2 duplicates (left out), ..."; empty where nothing was found.
std::string described(const spikes::TrainFindings& finding);

} // namespace rewire::jobs
