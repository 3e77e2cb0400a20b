#include "rewire/dynetcp/static_training.hpp"

namespace rewire::dynetcp {

namespace {

std::size_t first_of(const StaticShape& shape, std::int64_t receiver)
{
    return static_cast<std::size_t>(receiver * shape.parameters());
}

/// use(position of a weight) for all weights, but no bias.
template <typename Use>
void each_weight(const StaticShape& shape, Use use)
{
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver) {
        const auto first = first_of(shape, receiver);
        for (std::size_t k = 0; k < static_cast<std::size_t>(shape.weights()); ++k)
            use(first + k);
    }
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
double add_trial(StaticTrial<Real>& trial_of, const StaticShape& shape, const TrialValues& values,
                 std::int64_t trial, std::span<const Real> parameters, double share,
                 std::span<Real> gradient)
{
    const auto entries = static_cast<double>(shape.neurons * (values.bins - 1));
    const auto count = static_cast<std::size_t>(shape.parameters());
    auto sum = 0.0;
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver) {
        const auto own = [&](auto all) {
            return all.empty() ? all : all.subspan(first_of(shape, receiver), count);
        };
        sum += trial_of.add(values, trial, receiver, own(parameters),
                            static_cast<Real>(share / entries), own(gradient));
    }
    return sum / entries;
}

template <typename Real>
double mean_square_weight(const StaticShape& shape, std::span<const Real> parameters)
{
    auto squares = 0.0;
    each_weight(shape, [&](std::size_t k) {
        const auto weight = static_cast<double>(parameters[k]);
        squares += weight * weight;
    });
    return squares / weights_of_all(shape);
}

template <typename Real>
void add_penalty_gradient(const StaticShape& shape, double lambda, std::span<const Real> parameters,
                          std::span<Real> gradient)
{
    const auto factor = static_cast<Real>(2 * lambda / weights_of_all(shape));
    each_weight(shape, [&](std::size_t k) { gradient[k] += factor * parameters[k]; });
}

#define REWIRE_STATIC_TRAINING(Real)                                                               \
    template void mask_self_lag_0<Real>(const StaticShape&, std::span<Real>);                      \
    template double add_trial<Real>(StaticTrial<Real>&, const StaticShape&, const TrialValues&,    \
                                    std::int64_t, std::span<const Real>, double, std::span<Real>); \
    template double mean_square_weight<Real>(const StaticShape&, std::span<const Real>);           \
    template void add_penalty_gradient<Real>(const StaticShape&, double, std::span<const Real>,    \
                                             std::span<Real>);
REWIRE_STATIC_TRAINING(float)
REWIRE_STATIC_TRAINING(double)
#undef REWIRE_STATIC_TRAINING

} // namespace rewire::dynetcp
