#include "summary.hpp"

#include <rewire/base/index.hpp>
#include <rewire/dynetcp/static_fit.hpp>
#include <rewire/spikes/connection_rule.hpp>

#include <algorithm>
#include <utility>

namespace rewire::jobs {

namespace {

using base::at;

/// Puts the parameters of a receiver into the arrays of all.
void put(StaticModel& model, const dynetcp::StaticShape& shape, std::int64_t receiver,
         std::span<const double> parameters)
{
    for (std::int64_t sender = 0; sender < shape.neurons; ++sender)
        for (std::int64_t lag = 0; lag < shape.lags; ++lag)
            model.weight[at((sender * shape.neurons + receiver) * shape.lags + lag)] =
                static_cast<float>(parameters[at(sender * shape.lags + lag)]);
    model.bias[at(receiver)] = parameters.back();
}

StaticModel empty_model(const dynetcp::StaticShape& shape)
{
    auto model = StaticModel{};
    model.weight.resize(at(shape.neurons * shape.weights()));
    model.bias.resize(at(shape.neurons));
    return model;
}

void add(Likelihoods& sum, const Likelihoods& more, double share)
{
    sum.train += share * more.train;
    sum.validation += share * more.validation;
    sum.test += share * more.test;
}

/// Of models of the rates of the trials to train on.
Likelihoods rate_likelihoods(const StaticData& data)
{
    const auto& shape = data.shape();
    auto sum = Likelihoods{};
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver) {
        const auto loss = dynetcp::ReceiverLoss(data.train(false), shape, receiver, 0);
        add(sum, likelihoods_of(data, receiver, false, loss.start(data.rates()[at(receiver)])),
            1.0 / static_cast<double>(shape.neurons));
    }
    return sum;
}

void call_connections(StaticResult& result, const StaticSettings& settings)
{
    if (!settings.has_flanks)
        return;
    const auto asked = [&](std::int64_t i, std::int64_t j) { return result.asks(i, j); };
    for (std::int64_t i = 0; i < result.units(); ++i)
        for (auto j = i + 1; j < result.units(); ++j)
            result.pairs_asked += asked(i, j) ? 1 : 0;
    const auto weights =
        std::vector<double>(result.weight_corrected.begin(), result.weight_corrected.end());
    result.connections =
        dynetcp::static_connections(weights, result.units(), result.lags(), settings.rule, asked);
}

} // namespace

StaticModel model_of(const std::vector<ReceiverFit>& fits, const dynetcp::StaticShape& shape)
{
    auto model = empty_model(shape);
    auto penalty = 0.0;
    const auto share = 1.0 / static_cast<double>(shape.neurons);
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver) {
        const auto& fit = fits[at(receiver)];
        put(model, shape, receiver, fit.parameters);
        add(model.nll, fit.nll, share);
        penalty += share * fit.penalty;
        model.gradient_norm.push_back(fit.gradient_norm);
    }
    model.curve = {.epoch = {0},
                   .train_loss = {model.nll.train + penalty},
                   .validation_loss = {model.nll.validation + penalty},
                   .validation_nll = {model.nll.validation},
                   .best_epoch = 0};
    return model;
}

StaticModel model_of(std::span<const double> parameters, const dynetcp::StaticShape& shape)
{
    auto model = empty_model(shape);
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver)
        put(model, shape, receiver,
            parameters.subspan(at(receiver * shape.parameters()), at(shape.parameters())));
    return model;
}

StaticResult empty_result(const SessionHead& head, const SessionTrials& trials,
                          const StaticSettings& settings)
{
    auto result = StaticResult{.head = head};
    result.bin_ms = settings.trials.bin_ms;
    result.optimiser = settings.adam ? "adam" : "lbfgs";
    result.jitter = std::string(name_of(settings.jitter.kind));
    result.jitter_ms = settings.jitter_ms;
    result.threshold_sd = settings.rule.threshold_sd;
    result.minimum_pair_spikes = settings.minimum_pair_spikes;
    result.near_tested = settings.test_near ? 1 : 0;
    const auto& place = trials.recording.place;
    for (std::size_t i = 0; i < place.size(); ++i)
        for (auto j = i + 1; j < place.size(); ++j)
            if (spikes::near(place[i], place[j]))
                result.near_pairs.emplace_back(i, j);
    result.observed_s = static_cast<double>(trials.trials() * trials.spikes.bins) * trials.bin_s;
    result.unit_id = trials.recording.unit_id;
    result.units_left_out = std::ssize(trials.left_out);
    for (std::int64_t lag = 0; lag < settings.lag_count(); ++lag)
        result.lag_ms.push_back(static_cast<double>(lag) * settings.trials.bin_ms);
    result.rate_hz.assign(result.unit_id.size(), 0);
    const auto shape = settings.shape(result.units());
    result.model = empty_model(shape);
    result.weight_corrected = result.model.weight;
    return result;
}

StaticResult result_of(const SessionHead& head, const SessionTrials& trials, const StaticData& data,
                       double lambda, const LambdaPath& path, std::array<StaticModel, 2> models)
{
    auto result = empty_result(head, trials, data.settings());
    result.lambda = lambda;
    result.path = path;
    for (std::size_t unit = 0; unit < result.rate_hz.size(); ++unit)
        result.rate_hz[unit] = data.rates()[unit] / trials.bin_s;
    result.rate_nll = rate_likelihoods(data);
    result.trials_train = std::ssize(data.split().train);
    result.trials_validation = std::ssize(data.split().validation);
    result.trials_test = std::ssize(data.split().test);
    result.model = std::move(models[0]);
    result.twin = std::move(models[1]);
    result.weight_corrected = result.model.weight;
    for (std::size_t k = 0; k < result.twin.weight.size(); ++k)
        result.weight_corrected[k] -= result.twin.weight[k];
    call_connections(result, data.settings());
    return result;
}

} // namespace rewire::jobs
