#pragma once

#include <rewire/dynetcp/static_model.hpp>

#include <span>

/// All receivers of the static part together, as the published code trains them (sections 1 and 3).
/// Parameters [receiver, parameters of a receiver].
namespace rewire::dynetcp {

/// Sets all W_ii(0) to 0, which the published code does at the start of every forward pass; between
/// passes they take part in the step, their gradient in the norm that is clipped.
template <typename Real>
void mask_self_lag_0(const StaticShape& shape, std::span<Real> parameters);

/// Sum over `trials` of the mean cross-entropy over all receivers and bins 1 .. of each; adds its
/// gradient times `share` (1 / trials of the batch) to `gradient` unless that is empty. Trials
/// together are faster than one by one: a receiver's weights stay in the cache for all of them.
template <typename Real>
double add_trials(StaticTrial<Real>& trial_of, const StaticShape& shape, const TrialValues& values,
                  std::span<const std::int64_t> trials, std::span<const Real> parameters,
                  double share, std::span<Real> gradient);

/// R: mean of the squared weights of all receivers, senders and lags.
template <typename Real>
double mean_square_weight(const StaticShape& shape, std::span<const Real> parameters);

/// Adds the gradient of lambda * R.
template <typename Real>
void add_penalty_gradient(const StaticShape& shape, double lambda, std::span<const Real> parameters,
                          std::span<Real> gradient);

} // namespace rewire::dynetcp
