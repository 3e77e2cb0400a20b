#pragma once

#include "jobs/dynetcp_trials/jittered.hpp"
#include "jobs/dynetcp_trials/session_trials.hpp"
#include "jobs/frame/session_results.hpp"
#include "settings.hpp"

#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace rewire::jobs {

/// Trials of a session by what they are for, and their jittered twins, which are made when they are
/// first asked for.
class StaticData
{
  public:
    StaticData(const SessionTrials& session, const SessionName& name,
               const StaticSettings& settings);

    const dynetcp::TrialValues& train(bool twin) const { return part(0, twin); }
    const dynetcp::TrialValues& validation(bool twin) const { return part(1, twin); }
    const dynetcp::TrialValues& test(bool twin) const { return part(2, twin); }
    const TrialSplit& split() const noexcept { return split_; }
    /// Mean spikes a bin of the trials to train on.
    const std::vector<double>& rates() const noexcept { return rates_; }
    const dynetcp::StaticShape& shape() const noexcept { return shape_; }
    const StaticSettings& settings() const noexcept { return settings_; }

  private:
    const dynetcp::TrialValues& part(std::size_t index, bool twin) const;

    const StaticSettings& settings_;
    SessionName name_;
    TrialSplit split_;
    dynetcp::StaticShape shape_;
    std::vector<dynetcp::TrialValues> spikes_; ///< train, validation, test
    mutable std::vector<std::optional<dynetcp::TrialValues>> twins_;
    std::vector<double> rates_;
};

/// What a model of one receiver, or of all, says of the trials: mean cross-entropy a bin.
struct Likelihoods
{
    double train = 0;
    double validation = 0;
    double test = 0; ///< 0 without such trials
};

/// The optimum of one receiver.
struct ReceiverFit
{
    std::vector<double> parameters;
    Likelihoods nll;
    double penalty = 0; ///< lambda / (units * lags) * sum of squared weights
    double gradient_norm = 0;
    std::int64_t evaluations = 0;

    void pack(base::Packer& packer) const;
    void unpack(base::Unpacker& unpacker);
};

/// Nothing when stopped. @throws NumericalError naming the unit
std::optional<ReceiverFit> fit_receiver(const StaticData& data, std::int64_t receiver,
                                        double lambda, bool twin, const runtime::Tick& tick);

/// Held-out likelihood along `lambda_path`; nothing when stopped.
std::optional<std::vector<double>> path_of_receiver(const StaticData& data, std::int64_t receiver,
                                                    const runtime::Tick& tick);

/// The likelihoods of parameters of one receiver.
Likelihoods likelihoods_of(const StaticData& data, std::int64_t receiver, bool twin,
                           std::span<const double> parameters);

} // namespace rewire::jobs
