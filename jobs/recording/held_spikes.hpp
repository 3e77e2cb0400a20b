#pragma once

#include "alignment.hpp"
#include "held_wave.hpp"
#include "recording.hpp"

#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace rewire::jobs {

/// What every rank knows of the spikes of a session.
struct SessionSpikes
{
    Recording recording;
    std::vector<std::int64_t> start{0}; ///< [units + 1]
    AlignedTrials trials;               ///< none, unless they were asked for

    std::int64_t spikes(std::int64_t unit) const
    {
        const auto at = static_cast<std::size_t>(unit);
        return start[at + 1] - start[at];
    }
    double observed_s() const
    {
        return 1e-9 * static_cast<double>(spikes::total_length_ns(recording.observed));
    }
};

/// Trials that are wanted beside the trains.
struct WantedTrials
{
    Alignment align;
    double bin_ms = 1;
};

/// The exact trains of the sessions of a wave, once a node: 8 bytes a spike.
class HeldSpikes
{
  public:
    /// Collective.
    HeldSpikes(runtime::RunContext& context, const Wave& wave, const UnitChoice& choice,
               const std::optional<WantedTrials>& trials = std::nullopt);

    const SessionSpikes& session(std::size_t position) const { return sessions_[position]; }
    spikes::SpikeTrainsView trains(std::size_t position) const
    {
        return {held_.values(position), sessions_[position].start};
    }

  private:
    HeldWave<std::int64_t> held_;
    std::vector<SessionSpikes> sessions_;
};

/// Spikes of a session's file, as many as its size makes credible: what to make room for before
/// they are read, so that memory does not grow by doubling.
std::size_t room_for_spikes(const io::StudySession& session);

/// Mean over the units of a file, while they spike; 10 Hz where the file does not say when.
double mean_rate_hz(const io::UnitsInfo& units);

/// Bytes that a session takes in the memory of a node.
double held_spikes_bytes(const io::StudySession& session);

/// Seconds of reading so many spikes.
double reading_seconds(double spikes);
/// The phase in which every session is read by one rank. @return bytes that such a rank takes
/// @param held_bytes that a session takes in the memory of a node
double add_reading(runtime::Estimate& estimate, const io::Study& study,
                   const std::vector<std::size_t>& sessions,
                   const std::function<double(const io::StudySession& session)>& held_bytes);

/// Collective: reads all sessions once, spread over the ranks, so that what is wrong with them is
/// known before the run. `look` is called for each and throws what it finds.
void check_sessions(runtime::RunContext& context, const io::Study& study,
                    const std::vector<std::size_t>& sessions,
                    const std::function<void(const io::StudySession& session)>& look);
/// For jobs over HeldSpikes.
void check_spikes(runtime::RunContext& context, const io::Study& study,
                  const std::vector<std::size_t>& sessions, const UnitChoice& choice,
                  const std::optional<WantedTrials>& trials = std::nullopt);

/// Rank 0: notes how many units failed which criterion, warns of what is wrong with the trains.
void note_recording(runtime::RunContext& context, const SessionHead& head,
                    const Recording& recording);

/// Rank 0: notes where the file says of no unit where it lies.
void note_unknown_places(runtime::RunContext& context, const Recording& recording);

/// Rank 0: notes how many pairs were near, and whether they were tested.
void note_near_pairs(runtime::RunContext& context, std::int64_t near, bool tested);

/// Attributes of a session's group that jobs over spikes share, but for those of the head:
/// units_in_file, spikes_out_of_order, spikes_duplicate, spikes_outside, observed_s, observed_from.
void write_recording_attributes(const io::Handle& group, const Recording& recording);
/// `cell_type` [unit_id]; nothing where no waveform is known.
/// @pre the axis unit_id is there
void write_cell_types(const io::Handle& group, const Recording& recording);
/// [units] E, I or empty: of the `cell_type` of a result.
std::vector<std::string> read_cell_types(const io::Handle& group, std::size_t units);

} // namespace rewire::jobs
