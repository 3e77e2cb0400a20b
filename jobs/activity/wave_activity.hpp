#pragma once

#include "session_input.hpp"

#include <rewire/activity/activity.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/mpi/shared_array.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// From NWB files to the smoothed events of every neuron: what every calcium job begins with.
namespace rewire::jobs {

/// What is kept of the deconvolved traces.
enum class Keep : std::uint8_t
{
    smoothed,            ///< smoothed events
    smoothed_and_events, ///< and the thresholded events before smoothing
};

/// Smoothed events of one session, its blocks of neurons one after the other; nothing when `tick`
/// stopped it.
std::optional<activity::Activity> smoothed_events_of(const io::StudySession& session,
                                                     const SessionInput& input,
                                                     const ActivitySettings& settings,
                                                     const runtime::Tick& tick);

/// The smoothed events of the sessions of a wave, deconvolved in blocks of neurons over all ranks
/// and then held once in the memory of every node.
class WaveActivity
{
  public:
    /// Collective.
    /// @param inputs [session of the study]
    WaveActivity(runtime::RunContext& context, const Wave& wave,
                 const std::vector<SessionInput>& inputs, const ActivitySettings& settings,
                 Keep keep = Keep::smoothed);

    /// @param position in the wave
    activity::ActivityView activity(std::size_t position) const;
    /// Thresholded events before smoothing, over all frames; no neurons where they are not kept.
    activity::ActivityView events(std::size_t position) const;
    const std::vector<calcium::NeuronSummary>& summary(std::size_t position) const
    {
        return parts_[position].summary;
    }
    std::int64_t shared_bytes() const { return smoothed_.bytes() + events_.bytes(); }

  private:
    /// Of a session: what lies beside the shared arrays on every rank.
    struct Sparse
    {
        std::int64_t frames = 0;
        std::vector<std::int64_t> start{0};
    };
    struct Part
    {
        std::int64_t first_item = 0;
        std::int64_t last_item = 0;
        Sparse smoothed;
        Sparse events;
        std::vector<calcium::NeuronSummary> summary;
    };
    /// Frames and values of all blocks.
    struct Shared
    {
        std::unique_ptr<mpi::NodeShared> frame;
        std::unique_ptr<mpi::NodeShared> value;

        std::int64_t bytes() const
        {
            return frame ? frame->total_bytes() + value->total_bytes() : 0;
        }
    };

    static activity::ActivityView view(const Part& part, const Sparse& sparse,
                                       const Shared& shared);

    std::vector<Part> parts_;
    Shared smoothed_;
    Shared events_; ///< empty unless kept
};

} // namespace rewire::jobs
