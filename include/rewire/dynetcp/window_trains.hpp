#pragma once

#include <rewire/dynetcp/trial_values.hpp>

#include <cstdint>
#include <span>
#include <vector>

/// Expected trains of a jitter null within windows, as what they are: in every window of a trial
/// the same shape, times the spikes that the trial has there (section 4). Their values are many
/// (some twenty for a spike), but a shape meets a row of weights once for all trials, so that a
/// pass over them costs little more than one over the spikes.
namespace rewire::dynetcp {

enum class WindowShape : std::uint8_t
{
    mean,    ///< of the trials (pattern jitter)
    uniform, ///< interval jitter
};

class WindowTrains
{
  public:
    /// Windows of so many bins from the start of the trial; the last may be shorter.
    /// @pre spikes are all 1, window > 0
    WindowTrains(const TrialValues& spikes, std::int64_t window, WindowShape shape);

    /// The same as full values, [trial, neuron] rows.
    TrialValues values() const;

    /// A pass over the trials with one receiver's weights [sender, lag].
    class Pass
    {
      public:
        Pass(const WindowTrains& trains, std::int64_t lags);

        /// Joins shapes and weights: O(neurons * bins * lags).
        void set(std::span<const double> weights);
        /// Adds to the logits [bins] of a trial.
        void add_logits(std::int64_t trial, std::span<double> logits) const;
        /// Takes in the residuals [bins] of a trial.
        void take(std::int64_t trial, std::span<const double> residuals);
        /// Adds what all residuals since the last call make of the weights: O(neurons * bins *
        /// lags).
        void add_gradient(std::span<double> gradient);

      private:
        const WindowTrains& trains_;
        std::int64_t lags_;
        std::int64_t reach_;           ///< bins that a window's spikes reach: window + lags - 1
        std::vector<double> joined_;   ///< [neuron, window, reach]
        std::vector<double> gathered_; ///< the same, of residuals
    };

  private:
    friend class Pass;
    std::int64_t first_bin(std::int64_t window) const noexcept { return window * window_; }
    std::int64_t bins_of(std::int64_t window) const noexcept;

    std::int64_t trials_;
    std::int64_t bins_;
    std::int64_t neurons_;
    std::int64_t window_;
    std::int64_t windows_;
    std::vector<double> share_;       ///< [neuron, bin]; sums to 1 in a window with spikes
    std::vector<std::int64_t> start_; ///< [trials * neurons + 1], trial-major
    std::vector<std::int32_t> at_;    ///< windows that have spikes, ascending
    std::vector<double> count_;       ///< how many
};

} // namespace rewire::dynetcp
