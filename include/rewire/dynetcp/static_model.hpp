#pragma once

#include <rewire/dynetcp/trial_values.hpp>

#include <cstdint>
#include <span>
#include <vector>

/// The static part of DyNetCP (section 1): every neuron's spikes from all neurons' in the last
/// bins,
///
///     E_i(t) = b_i + sum_j sum_{d = 0..L} W_ij(d) x_j(t - d),   P(spike of i in bin t) =
///     sigmoid(E_i(t)),
///
/// with W_ii(0) = 0. Lag 0 is used for all other pairs, so this is a pseudo-likelihood. Bin 0 is
/// not predicted. The parameters of a receiver are independent of those of the others: [sender,
/// lag] with lag 0 first, and its bias at the end. Real is float or double.
namespace rewire::dynetcp {

struct StaticShape
{
    std::int64_t neurons = 0;
    std::int64_t lags = 0; ///< K = L + 1

    std::int64_t weights() const noexcept { return neurons * lags; }
    std::int64_t parameters() const noexcept { return weights() + 1; } ///< of one receiver
    std::int64_t self_lag_0(std::int64_t receiver) const noexcept { return receiver * lags; }
};

/// E of one receiver in one trial, [bins]; that of bin 0 means nothing. Every spike adds its
/// sender's row of weights to the bins that follow: O(spikes of the trial * lags).
template <typename Real>
void static_logits(const TrialValues& inputs, std::int64_t trial, std::int64_t lags,
                   std::span<const Real> parameters, std::span<Real> logits);

/// The other way round: adds to `gradient` [parameters] what residuals dE [bins] of one trial make.
template <typename Real>
void add_static_gradient(const TrialValues& inputs, std::int64_t trial, std::int64_t lags,
                         std::span<const Real> residuals, std::span<Real> gradient);

/// Sum over bins 1 .. of the cross-entropy max(E, 0) - E y + log(1 + exp(-|E|)), summed in double;
/// puts scale * (sigmoid(E) - y) in the place of E and 0 in that of bin 0.
template <typename Real>
double cross_entropy(std::span<Real> logits, std::span<const Real> targets, Real scale);

/// y of one neuron in one trial as a full row, [bins].
template <typename Real>
void target_row(const TrialValues& values, std::int64_t trial, std::int64_t neuron,
                std::span<Real> row);

/// One receiver in one trial: cross-entropy summed over the bins, and its gradient times `scale`.
/// Keeps its rows, so that many trials need no memory.
template <typename Real>
class StaticTrial
{
  public:
    explicit StaticTrial(StaticShape shape) : shape_(shape) {}

    /// @param gradient [parameters] is added to; empty: not wanted. That of W_ii(0) is what it
    /// would be were the weight free, as in the published code
    double add(const TrialValues& values, std::int64_t trial, std::int64_t receiver,
               std::span<const Real> parameters, Real scale, std::span<Real> gradient);

  private:
    StaticShape shape_;
    std::vector<Real> logits_;
    std::vector<Real> targets_;
};

} // namespace rewire::dynetcp
