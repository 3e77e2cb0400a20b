#include "rewire/dynetcp/static_training.hpp"

#include "squares.hpp"

namespace rewire::dynetcp {

namespace {

std::size_t first_of(const StaticShape& shape, std::int64_t receiver)
{
    return static_cast<std::size_t>(receiver * shape.parameters());
}

double weights_of_all(const StaticShape& shape)
{
    return static_cast<double>(shape.neurons * shape.weights());
}

} // namespace

template <typename Real>
void mask_self_lag_0(const StaticShape& shape, std::span<Real> parameters)
{
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver)
        parameters[first_of(shape, receiver) +
                   static_cast<std::size_t>(shape.self_lag_0(receiver))] = 0;
}

template <typename Real>
double add_trials(StaticTrial<Real>& trial_of, const StaticShape& shape, const TrialValues& values,
                  std::span<const std::int64_t> trials, std::span<const Real> parameters,
                  double share, std::span<Real> gradient)
{
    const auto entries = static_cast<double>(shape.neurons * (values.bins - 1));
    const auto count = static_cast<std::size_t>(shape.parameters());
    auto sum = 0.0;
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver) {
        const auto own = [&](auto all) {
            return all.empty() ? all : all.subspan(first_of(shape, receiver), count);
        };
        for (const auto trial : trials)
            sum += trial_of.add(values, trial, receiver, own(parameters),
                                static_cast<Real>(share / entries), own(gradient));
    }
    return sum / entries;
}

template <typename Real>
double mean_square_weight(const StaticShape& shape, std::span<const Real> parameters)
{
    auto squares = 0.0;
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver)
        squares += sum_of_squares(parameters.subspan(first_of(shape, receiver),
                                                     static_cast<std::size_t>(shape.weights())));
    return squares / weights_of_all(shape);
}

template <typename Real>
void add_penalty_gradient(const StaticShape& shape, double lambda, std::span<const Real> parameters,
                          std::span<Real> gradient)
{
    const auto factor = static_cast<Real>(2 * lambda / weights_of_all(shape));
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver) {
        const auto first = first_of(shape, receiver);
        for (auto k = first; k < first + static_cast<std::size_t>(shape.weights()); ++k)
            gradient[k] += factor * parameters[k];
    }
}

#define REWIRE_STATIC_TRAINING(Real)                                                               \
    template void mask_self_lag_0<Real>(const StaticShape&, std::span<Real>);                      \
    template double add_trials<Real>(StaticTrial<Real>&, const StaticShape&, const TrialValues&,   \
                                     std::span<const std::int64_t>, std::span<const Real>, double, \
                                     std::span<Real>);                                             \
    template double mean_square_weight<Real>(const StaticShape&, std::span<const Real>);           \
    template void add_penalty_gradient<Real>(const StaticShape&, double, std::span<const Real>,    \
                                             std::span<Real>);
REWIRE_STATIC_TRAINING(float)
REWIRE_STATIC_TRAINING(double)
#undef REWIRE_STATIC_TRAINING

} // namespace rewire::dynetcp
