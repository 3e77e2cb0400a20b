#pragma once

#include <rewire/base/random.hpp>
#include <rewire/simulate/lever_press_study.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rewire::simulate {

/// A Poisson process of events of one neuron, or of several together.
struct EventProcess
{
    std::string what;                     ///< names its stream, with the number
    std::int64_t number = 0;              ///< of the neuron, the assembly or the hidden input
    std::array<std::int32_t, 3> column{}; ///< of the session; -1: not found in it, or nobody
    std::array<std::int64_t, 3> delay{};  ///< frames
    double rate = 0;                      ///< events a frame, mean over the session
    double quiet = 1;                     ///< rate outside of movement, over the mean
    double moving = 1;                    ///< and in movement
};

/// Everything that makes the events of a session.
struct SessionProcesses
{
    std::int64_t frames = 0;
    std::vector<EventProcess> processes;
    std::vector<std::uint8_t> moving; ///< [frame]
    /// [frame] common to all rates, mean 1: bursts, rates that fall. Empty: 1 throughout.
    std::vector<double> common;
    /// [column] columns that an event of this one silences.
    std::vector<std::vector<std::int32_t>> silences;
    std::int64_t silenced_frames = 0; ///< from the next one on
    double missed = 0;                ///< share of events that leave no trace

    bool inhibits() const noexcept { return silenced_frames > 0; }
};

SessionProcesses processes_of(const LeverPressParameters& parameters, const AnimalTruth& animal,
                              const SessionTruth& session);

struct NeuronEvent
{
    std::int64_t frame = 0;
    std::int32_t column = 0;
    float size = 0; ///< dF/F
};

/// Draws the events of a session, block by block. What is drawn does not depend on the blocks.
class EventSource
{
  public:
    /// @param processes outlive the source
    /// @param name of the draw: {} for the session itself; anything else gives more of the same.
    /// Beyond the last frame the session begins again: rates repeat, events do not.
    EventSource(const SessionProcesses& processes, const LeverPressParameters& parameters,
                const SessionTruth& session, const std::string& name = {});

    /// Events of the next frames, by frame; valid until the next call.
    std::span<const NeuronEvent> next(std::int64_t frames);

  private:
    struct Drawing
    {
        const EventProcess* process;
        base::Stream stream;
        base::Stream misses;
        double peak_rate; ///< events a frame where it is highest
        double quiet;     ///< chance that a drawn event is kept, outside movement
        double moving;    ///< and during movement
        double next_frame;
    };
    struct Drawn
    {
        NeuronEvent event;
        std::size_t process;
        bool seen;
    };

    void draw(std::size_t process, std::int64_t until);
    void keep_what_is_not_silenced(std::span<const Drawn> drawn);

    const SessionProcesses& processes_;
    double amplitude_;
    double common_peak_ = 1;
    std::int64_t frame_ = 0;
    std::vector<Drawing> drawing_;
    std::vector<Drawn> drawn_;           ///< not handed out yet
    std::vector<std::int64_t> silenced_; ///< [column] last frame that is
    std::vector<std::int64_t> silent_from_;
    std::vector<NeuronEvent> events_;
};

} // namespace rewire::simulate
