#include "rewire/dynetcp/static_fit.hpp"

#include <cmath>

namespace rewire::dynetcp {

ReceiverLoss::ReceiverLoss(const TrialValues& values, StaticShape shape, std::int64_t receiver,
                           double lambda, const WindowTrains* windows)
    : values_(values),
      shape_(shape),
      receiver_(receiver),
      per_weight_(lambda / static_cast<double>(shape.weights())),
      per_bin_(1.0 / static_cast<double>(values.trials * (values.bins - 1))),
      trial_(shape)
{
    if (windows != nullptr)
        pass_.emplace(*windows, shape.lags);
}

double ReceiverLoss::sum_over_windows(std::span<const double> parameters,
                                      std::span<double> gradient) const
{
    auto logits = std::vector<double>(static_cast<std::size_t>(values_.bins));
    auto targets = logits;
    auto sum = 0.0;
    auto bias = 0.0;
    pass_->set(parameters);
    for (std::int64_t trial = 0; trial < values_.trials; ++trial) {
        std::fill(logits.begin(), logits.end(), parameters.back());
        pass_->add_logits(trial, logits);
        target_row<double>(values_, trial, receiver_, targets);
        sum += cross_entropy<double>(logits, targets, per_bin_);
        if (gradient.empty())
            continue;
        pass_->take(trial, logits);
        for (const auto residual : logits)
            bias += residual;
    }
    if (!gradient.empty()) {
        pass_->add_gradient(gradient);
        gradient.back() += bias;
    }
    return sum * per_bin_;
}

double ReceiverLoss::sum_over_trials(std::span<const double> parameters,
                                     std::span<double> gradient) const
{
    if (pass_)
        return sum_over_windows(parameters, gradient);
    auto sum = 0.0;
    for (std::int64_t trial = 0; trial < values_.trials; ++trial)
        sum += trial_.add(values_, trial, receiver_, parameters, per_bin_, gradient);
    return sum * per_bin_;
}

double ReceiverLoss::operator()(std::span<const double> parameters,
                                std::span<double> gradient) const
{
    std::fill(gradient.begin(), gradient.end(), 0.0);
    const auto entropy = sum_over_trials(parameters, gradient);
    for (std::int64_t k = 0; k < shape_.weights(); ++k)
        gradient[static_cast<std::size_t>(k)] +=
            2 * per_weight_ * parameters[static_cast<std::size_t>(k)];
    gradient[static_cast<std::size_t>(shape_.self_lag_0(receiver_))] = 0;
    return entropy + penalty(parameters);
}

double ReceiverLoss::negative_log_likelihood(std::span<const double> parameters) const
{
    return sum_over_trials(parameters, {});
}

double ReceiverLoss::penalty(std::span<const double> parameters) const
{
    auto squares = 0.0;
    for (const auto weight : parameters.first(static_cast<std::size_t>(shape_.weights())))
        squares += weight * weight;
    return per_weight_ * squares;
}

std::vector<double> ReceiverLoss::start(double rate_per_bin) const
{
    auto parameters = std::vector<double>(static_cast<std::size_t>(shape_.parameters()), 0);
    parameters.back() = initial_bias(rate_per_bin);
    return parameters;
}

std::vector<double> ReceiverLoss::curvature(double rate_per_bin,
                                            std::span<const double> rates) const
{
    constexpr auto least = 1e-12; // of a neuron that never fires, without a penalty
    const auto own = std::max(rate_per_bin * (1 - rate_per_bin), least);
    auto result = std::vector<double>{};
    result.reserve(static_cast<std::size_t>(shape_.parameters()));
    for (const auto rate : rates)
        result.insert(result.end(), static_cast<std::size_t>(shape_.lags),
                      std::max(own * rate, least) + 2 * per_weight_);
    result.push_back(own);
    return result;
}

Minimum fitted_receiver(const ReceiverLoss& loss, std::span<const double> rates,
                        std::vector<double> start, const Minimiser& minimise)
{
    const auto rate = rates[static_cast<std::size_t>(loss.receiver())];
    if (start.empty())
        start = loss.start(rate);
    auto scale = loss.curvature(rate, rates);
    for (auto& value : scale)
        value = 1 / std::sqrt(value);
    for (std::size_t k = 0; k < start.size(); ++k)
        start[k] /= scale[k];
    auto parameters = std::vector<double>(start.size());
    const auto unscaled = [&](std::span<const double> at) {
        for (std::size_t k = 0; k < at.size(); ++k)
            parameters[k] = at[k] * scale[k];
    };
    auto minimum = minimise(
        [&](std::span<const double> at, std::span<double> gradient) {
            unscaled(at);
            const auto value = loss(parameters, gradient);
            for (std::size_t k = 0; k < at.size(); ++k)
                gradient[k] *= scale[k];
            return value;
        },
        std::move(start));
    unscaled(minimum.at);
    minimum.at = std::move(parameters);
    return minimum;
}

std::vector<double> held_out_path(const TrialValues& train, const TrialValues& validation,
                                  StaticShape shape, std::int64_t receiver,
                                  std::span<const double> lambdas, const Minimiser& minimise)
{
    const auto rates = mean_values(train);
    auto held_out = std::vector<double>{};
    auto parameters = std::vector<double>{};
    for (const auto lambda : lambdas) {
        const auto loss = ReceiverLoss(train, shape, receiver, lambda);
        parameters = fitted_receiver(loss, rates, std::move(parameters), minimise).at;
        held_out.push_back(
            ReceiverLoss(validation, shape, receiver, lambda).negative_log_likelihood(parameters));
    }
    return held_out;
}

} // namespace rewire::dynetcp
