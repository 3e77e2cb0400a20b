#include "rewire/dynetcp/adam.hpp"

#include "squares.hpp"

#include <rewire/base/dispatch.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace rewire::dynetcp {

namespace {

template <typename Real>
struct Factors
{
    Real gradient;
    Real one_less_beta_1;
    Real beta_2;
    Real one_less_beta_2;
    Real step;
    Real root_correction;
    Real epsilon;
};

template <typename Real>
[[gnu::always_inline]] inline void move(const Factors<Real>& by, const Real* gradient, Real* first,
                                        Real* second, Real* parameters, std::int64_t count)
{
    for (std::int64_t k = 0; k < count; ++k) {
        const auto g = gradient[k] * by.gradient;
        first[k] += (g - first[k]) * by.one_less_beta_1;
        second[k] = second[k] * by.beta_2 + by.one_less_beta_2 * g * g;
        parameters[k] -=
            by.step * (first[k] / (std::sqrt(second[k]) / by.root_correction + by.epsilon));
    }
}

REWIRE_CLONES("avx512f", "avx2", "default")
void move_all(const Factors<float>& by, const float* gradient, float* first, float* second,
              float* parameters, std::int64_t count)
{
    move(by, gradient, first, second, parameters, count);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void move_all(const Factors<double>& by, const double* gradient, double* first, double* second,
              double* parameters, std::int64_t count)
{
    move(by, gradient, first, second, parameters, count);
}

} // namespace

template <typename Real>
double norm_of(std::span<const Real> values)
{
    return std::sqrt(sum_of_squares(values));
}

double clip_factor(double norm, double limit) noexcept
{
    return std::min(1.0, limit / (norm + 1e-6));
}

template <typename Real>
void adam_step(const AdamSettings& settings, AdamState<Real>& state, std::span<const Real> gradient,
               double factor, std::span<Real> parameters)
{
    state.first.resize(parameters.size(), 0);
    state.second.resize(parameters.size(), 0);
    ++state.steps;
    const auto steps = static_cast<double>(state.steps);
    const auto correction_1 = 1 - std::pow(settings.beta_1, steps);
    const auto correction_2 = 1 - std::pow(settings.beta_2, steps);
    const auto by = Factors<Real>{
        .gradient = static_cast<Real>(factor),
        .one_less_beta_1 = static_cast<Real>(1 - settings.beta_1),
        .beta_2 = static_cast<Real>(settings.beta_2),
        .one_less_beta_2 = static_cast<Real>(1 - settings.beta_2),
        .step = static_cast<Real>(settings.learning_rate / correction_1),
        .root_correction = static_cast<Real>(std::sqrt(correction_2)),
        .epsilon = static_cast<Real>(settings.epsilon),
    };
    move_all(by, gradient.data(), state.first.data(), state.second.data(), parameters.data(),
             std::ssize(parameters));
}

#define REWIRE_ADAM(Real)                                                                          \
    template double norm_of<Real>(std::span<const Real>);                                          \
    template void adam_step<Real>(const AdamSettings&, AdamState<Real>&, std::span<const Real>,    \
                                  double, std::span<Real>);
REWIRE_ADAM(float)
REWIRE_ADAM(double)
#undef REWIRE_ADAM

} // namespace rewire::dynetcp
