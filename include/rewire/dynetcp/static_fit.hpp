#pragma once

#include <rewire/dynetcp/static_model.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

/// The optimum of the static part: its loss is convex, penalised, and falls apart into one problem
/// a receiver.
namespace rewire::dynetcp {

/// Value and gradient [parameters] of a function at a point.
using Objective = std::function<double(std::span<const double> at, std::span<double> gradient)>;

struct Minimum
{
    std::vector<double> at;
    double value = 0;
    double gradient_norm = 0;
    std::int64_t evaluations = 0;
};

/// What finds the minimum of a smooth convex function from a start, such as L-BFGS.
using Minimiser = std::function<Minimum(const Objective& objective, std::vector<double> start)>;

/// Loss of a receiver: mean cross-entropy a bin plus lambda / (neurons * lags) * sum of its squared
/// weights; the bias is not penalised. The mean over receivers is the published loss.
class ReceiverLoss
{
  public:
    /// @param values are kept by reference
    ReceiverLoss(const TrialValues& values, StaticShape shape, std::int64_t receiver,
                 double lambda);

    /// W_ii(0) is 0 in the sum and its gradient is 0.
    double operator()(std::span<const double> parameters, std::span<double> gradient) const;
    /// Mean cross-entropy alone.
    double negative_log_likelihood(std::span<const double> parameters) const;
    double penalty(std::span<const double> parameters) const;

    const StaticShape& shape() const noexcept { return shape_; }
    std::int64_t receiver() const noexcept { return receiver_; }
    /// Weights of 0 and the logit of the receiver's rate.
    std::vector<double> start(double rate_per_bin) const;
    /// Curvature of every parameter at the start, approximately: what makes them alike to a
    /// minimiser.
    std::vector<double> curvature(double rate_per_bin, std::span<const double> rates) const;

  private:
    double sum_over_trials(std::span<const double> parameters, std::span<double> gradient) const;

    const TrialValues& values_;
    StaticShape shape_;
    std::int64_t receiver_;
    double per_weight_;
    double per_bin_;
    mutable StaticTrial<double> trial_;
};

/// Parameters of a receiver at the minimum of its loss, found in coordinates scaled by the
/// curvature. @param rates mean spikes a bin [neurons]
/// @param start [parameters]; empty: weights of 0
Minimum fitted_receiver(const ReceiverLoss& loss, std::span<const double> rates,
                        std::vector<double> start, const Minimiser& minimise);

/// Held-out likelihood of a receiver along a path of lambdas, largest first, each fit beginning
/// where the last one ended: mean cross-entropy a bin of `validation`, [lambda].
std::vector<double> held_out_path(const TrialValues& train, const TrialValues& validation,
                                  StaticShape shape, std::int64_t receiver,
                                  std::span<const double> lambdas, const Minimiser& minimise);

} // namespace rewire::dynetcp
