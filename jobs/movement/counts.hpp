#pragma once

#include "jobs/activity/movement_source.hpp"
#include "jobs/activity/options.hpp"
#include "rates.hpp"

#include <rewire/base/pack.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/behaviour/epoch_shuffles.hpp>
#include <rewire/behaviour/movement_test.hpp>
#include <rewire/io/study.hpp>
#include <rewire/mpi/communicator.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

/// Units of work of the movement test and what they count.
namespace rewire::jobs {

/// Shuffles of a unit of work.
inline constexpr auto unit_shuffles = std::int64_t{2500};

struct MovementSettings
{
    std::int64_t shuffles = 0;
    behaviour::ShuffleUnits units = behaviour::ShuffleUnits::runs;
    double block_s = 0;         ///< units are permuted within blocks of this; 0: over all
    std::vector<double> levels; ///< ascending
    bool dff = false;           ///< the activity is dF/F and not smoothed events
    std::int64_t dilate = 0;    ///< frames that every movement is widened by, at both ends
    ActivitySettings activity;
    MovementSourceSettings source;
};

/// Frames of a block of time.
inline std::int64_t block_frames_of(const MovementSettings& settings, double rate_hz)
{
    return static_cast<std::int64_t>(settings.block_s * rate_hz + 0.5);
}

/// Some shuffles of some neurons of a session.
struct MovementUnit
{
    std::size_t position; ///< of the session in its wave
    base::Range neurons;
    base::Range shuffles;
};

/// Smoothed events: all neurons, blocks of shuffles. dF/F: blocks of neurons that fit into memory,
/// all shuffles, so that the file is read once.
std::vector<MovementUnit> units_of(const io::Study& study, const std::vector<std::size_t>& sessions,
                                   const MovementSettings& settings);

/// Estimated seconds of one core.
double unit_seconds(const MovementUnit& unit, const io::ActivityInfo& activity,
                    const MovementRates& rates = typical_movement_rates);

/// Counts and means of a session's neurons, from whichever units have been computed here.
struct NeuronCounts
{
    std::vector<std::int32_t> less;   ///< [neuron] shuffles below the real score
    std::vector<std::int32_t> equal;  ///< [neuron] shuffles that tie
    std::vector<double> mean;         ///< [neuron] 0 where another rank computed it
    std::vector<std::uint8_t> finite; ///< [neuron] likewise
};

/// The counts of the sessions of a wave: the store of its units.
class MovementCounts
{
  public:
    /// @param neurons of every session
    explicit MovementCounts(const std::vector<std::int64_t>& neurons);

    /// @param position of the session in the wave
    void add(std::size_t position, base::Range neurons, const behaviour::ShuffleCounts& counts);
    void set_activity(std::size_t position, base::Range neurons,
                      const behaviour::MovementActivity& activity);
    const NeuronCounts& of(std::size_t position) const { return sessions_[position]; }

    void pack(base::Packer& packer) const;
    void merge(base::Unpacker& unpacker);
    /// Adds up on rank 0 what the ranks have; NaN and the sign of zero stay. Collective.
    void sum_to_root(const mpi::Communicator& comm);

  private:
    std::vector<NeuronCounts> sessions_;
};

} // namespace rewire::jobs
