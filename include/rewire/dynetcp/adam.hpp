#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// The optimiser of the published training (section 3).
namespace rewire::dynetcp {

struct AdamSettings
{
    double learning_rate = 1e-4;
    double beta_1 = 0.9;
    double beta_2 = 0.999;
    double epsilon = 1e-8;
};

/// Moments of all parameters. Real is float or double.
template <typename Real>
struct AdamState
{
    std::vector<Real> first;
    std::vector<Real> second;
    std::int64_t steps = 0;
};

/// Euclidean norm, summed in double.
template <typename Real>
double norm_of(std::span<const Real> values);

/// What the gradient is multiplied by so that its norm is at most `limit`: min(1, limit / (norm +
/// 1e-6)).
double clip_factor(double norm, double limit) noexcept;

/// One step: moves the parameters along the moments of gradient * factor. An empty state begins
/// with moments of 0.
/// @pre parameters.size() == gradient.size()
template <typename Real>
void adam_step(const AdamSettings& settings, AdamState<Real>& state, std::span<const Real> gradient,
               double factor, std::span<Real> parameters);

} // namespace rewire::dynetcp
