#pragma once

#include <rewire/base/random.hpp>
#include <rewire/simulate/event_source.hpp>
#include <rewire/simulate/lever_press_study.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::simulate {

/// Makes the dF/F of one session block by block: events of every neuron (its own, and those of its
/// assemblies), first-order decay, white noise; baseline 0, or what the difficulties add to it. The
/// samples do not depend on the block sizes. Memory O(neurons) and a byte a frame, plus the
/// caller's block; about 30 ns a sample.
class SessionSource
{
  public:
    /// The truths are read here and need not outlive the call.
    SessionSource(const LeverPressParameters& parameters, const AnimalTruth& animal,
                  const SessionTruth& session);
    SessionSource(const SessionSource&) = delete; ///< its events refer to its processes
    SessionSource& operator=(const SessionSource&) = delete;

    std::int64_t frames() const noexcept { return frames_; }
    std::int64_t frames_left() const noexcept { return frames_ - frame_; }
    /// Neurons found in this session, in the order of SessionTruth::neurons.
    std::int64_t neurons() const noexcept { return static_cast<std::int64_t>(calcium_.size()); }

    /// The next frames, frame-major [frames x neurons]. The last block may be short.
    std::vector<float> next_block(std::int64_t frames);
    /// The same into memory of the caller's. @pre out.size() is a multiple of neurons() and at most
    /// frames_left() * neurons()
    void next_block(std::span<float> out);

  private:
    const SessionProcesses processes_;
    EventSource events_;
    std::int64_t frames_;
    std::int64_t frame_ = 0;
    float decay_;
    float noise_sd_;
    double drift_;                       ///< amplitude of the common wave, dF/F
    double drift_phase_;                 ///< cycles
    double drift_cycles_;                ///< a frame
    float jump_;                         ///< dF/F of an artefact
    std::vector<std::uint8_t> artefact_; ///< [frame] empty: none
    std::vector<float> calcium_;
    std::vector<float> visible_; ///< share of an event's size that is seen
    base::Stream noise_;
};

/// Lever position in volts at its own rate, block by block: rest with a little noise, presses in
/// movement epochs; presses become more alike over the sessions.
class LeverSource
{
  public:
    LeverSource(const LeverPressParameters& parameters, const SessionTruth& session);

    std::int64_t samples() const noexcept { return samples_; }
    std::int64_t samples_left() const noexcept { return samples_ - sample_; }
    std::vector<float> next_block(std::int64_t samples);

  private:
    struct Press
    {
        double start_s;
        double stop_s;
        double height_v;
        double skew; ///< moves the peak within the press, -1..1
    };

    double position_at(double time_s);

    std::int64_t samples_;
    std::int64_t sample_ = 0;
    double rate_hz_;
    std::vector<Press> presses_;
    std::size_t press_ = 0;
    base::Stream noise_;
};

} // namespace rewire::simulate
