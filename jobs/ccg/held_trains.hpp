#pragma once

#include "jobs/frame/session_job.hpp"
#include "jobs/recording/held_wave.hpp"
#include "jobs/recording/recording.hpp"
#include "settings.hpp"

#include <rewire/runtime/run_context.hpp>
#include <rewire/spikes/binned_trains.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::jobs {

/// What every rank knows of a session's trains.
struct SessionTrains
{
    Recording recording;
    spikes::Timeline timeline;
    std::vector<std::int64_t> start{0}; ///< [units + 1] of the positions
    std::vector<std::int64_t> clipped;  ///< [units]
    // Of the table that trials are aligned to; 0 for a whole recording.
    std::int64_t rows = 0;
    std::int64_t not_chosen = 0;
    std::int64_t not_observed = 0;
    std::int64_t overlapping = 0;

    std::int64_t spikes(std::int64_t unit) const
    {
        const auto at = static_cast<std::size_t>(unit);
        return start[at + 1] - start[at];
    }
    double rate_hz(std::int64_t unit) const;
};

/// The binned trains of the sessions of a wave: read by one rank each, held once a node.
class HeldTrains
{
  public:
    /// Collective.
    HeldTrains(runtime::RunContext& context, const Wave& wave, const CcgSettings& settings);

    const SessionTrains& session(std::size_t position) const { return sessions_[position]; }
    /// A copy of the trains of some units, `first` before `second` where they differ, with the
    /// whole timeline.
    spikes::BinnedTrains trains(std::size_t position, base::Range first, base::Range second) const;

  private:
    HeldWave<std::int32_t> held_;
    std::vector<SessionTrains> sessions_;
};

/// Reads and bins one session. @param positions [all spikes] is appended to
SessionTrains read_trains(const io::StudySession& session, const CcgSettings& settings,
                          std::vector<std::int32_t>& positions);

/// Bytes that a session takes in the memory of a node.
double held_bytes(const io::StudySession& session);

} // namespace rewire::jobs
