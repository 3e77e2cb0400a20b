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

/// Blocks of receivers whose averages fit into memory.
std::vector<base::Range> receiver_blocks(const DynamicWork& work)
{
    const auto& shown = work.shown();
    const auto edge_bytes = 12.0 * static_cast<double>(shown.bins * work.layout.sizes().lags);
    auto blocks = std::vector<base::Range>{};
    auto bytes = 0.0;
    const auto& incoming = work.layout.incoming();
    for (std::int64_t k = 0; k < std::ssize(incoming); ++k) {
        const auto more =
            edge_bytes * static_cast<double>(incoming[static_cast<std::size_t>(k)].edge.size());
        if (blocks.empty() || bytes + more > average_block_bytes) {
            blocks.push_back({k, k});
            bytes = 0;
        }
        blocks.back().last = k + 1;
        bytes += more;
    }
    return blocks;
}

/// Sums of the edges of some receivers over the trials that are shown; nothing when stopped.
class BlockSums
{
  public:
    BlockSums(const DynamicWork& work, const TrainedModel& model, base::Range receivers)
        : work_(work), model_(model), receivers_(receivers)
    {
        const auto& incoming = work.layout.incoming();
        const auto& first = incoming[static_cast<std::size_t>(receivers.first)];
        const auto& last = incoming[static_cast<std::size_t>(receivers.last - 1)];
        // Edges lie in the order of their receivers.
        edges_ = {first.edge.front(), last.edge.back() + 1};
        sums_.assign(static_cast<std::size_t>(edges_.size()),
                     dynetcp::SpikeAlignedSums(work.shown().bins, work.layout.sizes().lags));
    }

    void add_trial(dynetcp::DynamicModel<float>& network, std::int64_t trial)
    {
        const auto& shown = work_.shown();
        const auto lags = work_.layout.sizes().lags;
        network.visit_offsets(
            shown, trial, receivers_.first, receivers_.last,
            [&](std::int64_t bin, const auto& incoming, std::span<const float> offsets) {
                for (std::size_t k = 0; k < incoming.edge.size(); ++k)
                    add_bin(trial, bin, incoming.sender[k], incoming.receiver, incoming.edge[k],
                            offsets.subspan(k * static_cast<std::size_t>(lags),
                                            static_cast<std::size_t>(lags)));
            });
        // At the first bin there is no offset.
        for (auto edge = edges_.first; edge < edges_.last; ++edge) {
            const auto& one = work_.layout.edges()[static_cast<std::size_t>(edge)];
            const auto none = std::vector<float>(static_cast<std::size_t>(lags), 0);
            add_bin(trial, 0, one.sender, one.receiver, static_cast<std::int32_t>(edge), none);
        }
    }

    EdgeAverages averages() const
    {
        auto result = EdgeAverages{.edges = edges_};
        for (const auto& sum : sums_) {
            const auto plain = dynetcp::average_of(sum, 1);
            const auto smoothed = dynetcp::average_of(sum, work_.settings.smoothed_bins);
            result.weight.insert(result.weight.end(), plain.weight.begin(), plain.weight.end());
            result.smoothed.insert(result.smoothed.end(), smoothed.weight.begin(),
                                   smoothed.weight.end());
            for (const auto spikes : plain.spikes)
                result.spikes.push_back(static_cast<std::int32_t>(spikes));
        }
        return result;
    }

  private:
    void add_bin(std::int64_t trial, std::int64_t bin, std::int32_t sender, std::int32_t receiver,
                 std::int32_t edge, std::span<const float> offsets)
    {
        const auto lags = std::ssize(offsets);
        const auto shape = dynetcp::StaticShape{work_.layout.neurons(), lags};
        const auto* fixed = model_.parameters.data() + work_.layout.encoder_parameters() +
                            receiver * shape.parameters() + sender * lags;
        auto& sum = sums_[static_cast<std::size_t>(edge - edges_.first)];
        const auto spikes = work_.shown().row(trial, sender).bin;
        const auto from = std::lower_bound(spikes.begin(), spikes.end(), bin - lags + 1);
        for (auto spike = from; spike != spikes.end() && *spike <= bin; ++spike) {
            const auto lag = bin - *spike;
            const auto at = static_cast<std::size_t>(bin * lags + lag);
            sum.weight[at] +=
                static_cast<double>(fixed[lag] + offsets[static_cast<std::size_t>(lag)]);
            sum.spikes[at] += 1;
        }
    }

    const DynamicWork& work_;
    const TrainedModel& model_;
    base::Range receivers_;
    base::Range edges_;
    std::vector<dynetcp::SpikeAlignedSums> sums_;
};

} // namespace

void EdgeAverages::pack(base::Packer& packer) const
{
    packer.put(edges), packer.put_all(weight), packer.put_all(smoothed), packer.put_all(spikes);
}

void EdgeAverages::unpack(base::Unpacker& unpacker)
{
    edges = unpacker.get<base::Range>();
    weight = unpacker.get_all<float>();
    smoothed = unpacker.get_all<float>();
    spikes = unpacker.get_all<std::int32_t>();
}

namespace {

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

void average_edges(runtime::RunContext& context, const std::string& phase, const DynamicWork& work,
                   const TrainedModel& model, const std::function<void(const EdgeAverages&)>& take)
{
    const auto blocks = receiver_blocks(work);
    auto network = dynetcp::DynamicModel<float>(work.layout, work.shown().bins, work.training());
    network.set(model.parameters);
    context.each_unit_to_root<EdgeAverages>(
        phase, std::vector<double>(blocks.size(), 1.0),
        [&](std::int64_t block, const runtime::Tick& tick) -> std::optional<EdgeAverages> {
            auto sums = BlockSums(work, model, blocks[static_cast<std::size_t>(block)]);
            for (std::int64_t trial = 0; trial < work.shown().trials; ++trial) {
                if (!tick())
                    return std::nullopt;
                sums.add_trial(network, trial);
            }
            return sums.averages();
        },
        [&](std::int64_t, EdgeAverages&& averages) { take(averages); });
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
