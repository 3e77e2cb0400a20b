#pragma once

#include "session_input.hpp"

#include <rewire/activity/activity.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/mpi/shared_array.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// From NWB files to the smoothed events of every neuron: what every calcium job begins with.
namespace rewire::jobs {

/// The smoothed events of the sessions of a wave, deconvolved in blocks of neurons over all ranks
/// and then held once in the memory of every node.
class WaveActivity
{
  public:
    /// Collective.
    /// @param inputs [session of the study]
    WaveActivity(runtime::RunContext& context, const Wave& wave,
                 const std::vector<SessionInput>& inputs);

    /// @param position in the wave
    activity::ActivityView activity(std::size_t position) const;
    const std::vector<calcium::NeuronSummary>& summary(std::size_t position) const
    {
        return parts_[position].summary;
    }
    std::int64_t shared_bytes() const { return frame_->total_bytes() + value_->total_bytes(); }

  private:
    struct Part
    {
        std::int64_t first_item = 0;
        std::int64_t last_item = 0;
        std::int64_t frames = 0;
        std::vector<std::int64_t> start{0};
        std::vector<calcium::NeuronSummary> summary;
    };

    std::vector<Part> parts_;
    std::unique_ptr<mpi::NodeShared> frame_;
    std::unique_ptr<mpi::NodeShared> value_;
};

} // namespace rewire::jobs
