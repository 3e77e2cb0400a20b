#include "model.hpp"

#include "estimate.hpp"

#include <rewire/base/packed.hpp>
#include <rewire/base/random.hpp>
#include <rewire/dynetcp/static_training.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace rewire::jobs {

namespace {

std::uint64_t stream_of(const SessionName& name)
{
    return base::key_of("dynamic " + name.first + "/" + name.second);
}

/// The encoder at its start and the static stage's optimum; on all ranks.
std::vector<float> begin(const mpi::Communicator& comm, const DynamicWork& work,
                         const std::vector<ReceiverFit>& fits)
{
    auto packer = base::Packer{};
    for (const auto& fit : fits)
        packer.put_all(fit.parameters);
    const auto bytes = comm.broadcast(packer.take(), 0);
    auto unpacker = base::Unpacker(bytes);
    auto parameters =
        dynetcp::initial_encoder(work.layout, work.settings.training.seed, stream_of(work.name));
    while (unpacker.remaining() > 0)
        for (const auto value : unpacker.get_all<double>())
            parameters.push_back(static_cast<float>(value));
    return parameters;
}

std::span<float> static_part(const DynamicWork& work, std::span<float> parameters)
{
    return parameters.subspan(static_cast<std::size_t>(work.layout.encoder_parameters()));
}

/// Calls `train` with what is trained.
template <typename Train>
auto train_dynamic(const DynamicWork& work, Train train_problem)
{
    const auto& train = work.data.train(false);
    const auto& validation = work.data.validation(false);
    const auto lambda = work.settings.lambda;
    auto network = dynetcp::DynamicModel<float>(work.layout, train.bins, work.training());
    return train_problem(TrainingProblem{
        .where = fmt::format("{} {}", work.name.first, work.name.second),
        .stream = stream_of(work.name),
        .train_trials = train.trials,
        .validation_trials = validation.trials,
        .trained = static_cast<std::size_t>(network.trained()),
        .most_leaves = std::numeric_limits<std::int64_t>::max(),
        .sharing = sharing_of(static_cast<double>(work.layout.slots()),
                              static_cast<double>(work.layout.edges().size())),
        .begin_epoch = {},
        .prepare =
            [&](std::span<float> parameters) {
                dynetcp::mask_self_lag_0<float>(work.data.shape(), static_part(work, parameters));
                network.set(parameters);
            },
        .add_trials =
            [&](std::span<const std::int64_t> trials, dynetcp::TrialPart part, double share,
                std::span<float> gradient) {
                auto sum = 0.0;
                for (const auto trial : trials) {
                    const auto loss =
                        network.add_trial(train, trial, share, lambda, gradient, part);
                    sum += loss.nll + lambda * loss.penalty;
                }
                return sum;
            },
        .add_rest = {},
        .validate =
            [&](std::int64_t trial, dynetcp::TrialPart part) {
                const auto loss = network.evaluate(validation, trial, {}, {}, part);
                return TrialScore{loss.nll, lambda * loss.penalty};
            }});
}

} // namespace

TrainedModel trained_dynamic(runtime::RunContext& context, const std::string& phase,
                             const DynamicWork& work, const std::vector<ReceiverFit>& fits)
{
    auto result = train_dynamic(work, [&](const TrainingProblem& problem) {
        return trained(context, phase, work.settings.training, problem,
                       begin(context.comm(), work, fits));
    });
    return {std::move(result.parameters), std::move(result.curve)};
}

std::optional<TrainedModel> trained_dynamic_alone(const mpi::Communicator& alone,
                                                  const DynamicWork& work,
                                                  const std::vector<ReceiverFit>& fits,
                                                  const runtime::Tick& tick)
{
    auto result = train_dynamic(work, [&](const TrainingProblem& problem) {
        return trained_alone(alone, work.settings.training, problem, begin(alone, work, fits),
                             tick);
    });
    if (!result)
        return std::nullopt;
    return TrainedModel{std::move(result->parameters), std::move(result->curve)};
}

double test_likelihood(runtime::RunContext& context, const std::string& phase,
                       const DynamicWork& work, const TrainedModel& model)
{
    const auto& test = work.data.test(false);
    if (test.trials == 0)
        return 0;
    auto network = dynetcp::DynamicModel<float>(work.layout, test.bins, work.training());
    network.set(model.parameters);
    const auto each = context.each_unit_to_all<double>(
        phase, std::vector<double>(static_cast<std::size_t>(test.trials), 1.0),
        [&](std::int64_t trial, const runtime::Tick& tick) -> std::optional<double> {
            if (!tick())
                return std::nullopt;
            return network.evaluate(test, trial, {}, {}).nll;
        });
    auto sum = 0.0;
    for (const auto nll : each)
        sum += nll;
    return sum / static_cast<double>(test.trials);
}

std::vector<float> static_weights(const DynamicWork& work, const TrainedModel& model)
{
    const auto& shape = work.data.shape();
    auto weights = std::vector<float>{};
    for (const auto& [sender, receiver] : work.layout.edges()) {
        const auto first = model.parameters.begin() + work.layout.encoder_parameters() +
                           receiver * shape.parameters() + sender * shape.lags;
        weights.insert(weights.end(), first, first + shape.lags);
    }
    return weights;
}

} // namespace rewire::jobs
