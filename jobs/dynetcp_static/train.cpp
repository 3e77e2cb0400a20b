#include "train.hpp"

#include "summary.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/dynetcp/adam.hpp>
#include <rewire/dynetcp/static_training.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace rewire::jobs {

namespace {

constexpr auto clip = 5.0;
constexpr auto epochs_to_tenth = std::int64_t{1000};
constexpr auto most_leaves = std::int64_t{8}; ///< of a batch: each is an array to be added up

/// What a checkpoint holds.
struct TrainingState
{
    std::vector<float> parameters; ///< [receiver, parameters of a receiver]
    dynetcp::AdamState<float> adam;
    std::vector<float> best;
    double best_loss = std::numeric_limits<double>::infinity();
    double epoch_loss = 0; ///< sum over the steps of the epoch
    TrainingCurve curve;

    void pack(base::Packer& packer) const
    {
        packer.put_all(parameters), packer.put_all(adam.first), packer.put_all(adam.second);
        packer.put(adam.steps), packer.put_all(best), packer.put(best_loss);
        packer.put(epoch_loss), packer.put_all(curve.epoch), packer.put_all(curve.train_loss);
        packer.put_all(curve.validation_loss), packer.put_all(curve.validation_nll);
        packer.put(curve.best_epoch);
    }
    void unpack(base::Unpacker& unpacker)
    {
        parameters = unpacker.get_all<float>();
        adam.first = unpacker.get_all<float>();
        adam.second = unpacker.get_all<float>();
        adam.steps = unpacker.get<std::int64_t>();
        best = unpacker.get_all<float>();
        best_loss = unpacker.get<double>();
        epoch_loss = unpacker.get<double>();
        curve.epoch = unpacker.get_all<std::int64_t>();
        curve.train_loss = unpacker.get_all<double>();
        curve.validation_loss = unpacker.get_all<double>();
        curve.validation_nll = unpacker.get_all<double>();
        curve.best_epoch = unpacker.get<std::int64_t>();
    }
};

/// Every receiver starts with the same weights, U(-0.01, 0.01), and the logit of its rate.
TrainingState begin(const StaticData& data, base::Stream stream)
{
    const auto& shape = data.shape();
    auto weights = std::vector<float>{};
    for (std::int64_t k = 0; k < shape.weights(); ++k)
        weights.push_back(static_cast<float>(0.02 * stream.uniform() - 0.01));
    auto state = TrainingState{};
    for (const auto rate : data.rates()) {
        state.parameters.insert(state.parameters.end(), weights.begin(), weights.end());
        state.parameters.push_back(static_cast<float>(dynetcp::initial_bias(rate)));
    }
    return state;
}

class Trainer
{
  public:
    Trainer(runtime::RunContext& context, const StaticData& data, const SessionName& name,
            bool twin)
        : comm_(context.comm()),
          data_(data),
          settings_(data.settings()),
          name_(name),
          twin_(twin),
          lambda_(*settings_.lambda),
          batch_(std::min(settings_.batch, std::ssize(data.split().train))),
          leaves_(std::min(batch_, most_leaves)),
          trial_(data.shape()),
          parameters_(static_cast<std::size_t>(data.shape().neurons * data.shape().parameters())),
          gradients_(leaves_, parameters_),
          losses_(leaves_, 1),
          validation_(std::ssize(data.split().validation), 1),
          leaf_(parameters_),
          gradient_(parameters_)
    {
    }

    base::Stream stream(const char* what, std::int64_t epoch) const
    {
        return {settings_.seed,
                {base::key_of(what), base::key_of(name_.first), base::key_of(name_.second),
                 static_cast<std::uint64_t>(epoch)}};
    }
    std::int64_t steps_of_epoch() const { return std::ssize(data_.split().train) / batch_; }

    runtime::Advanced advance(runtime::Step& step, TrainingState& state)
    {
        const auto epoch = step.number() / steps_of_epoch();
        const auto in_epoch = step.number() % steps_of_epoch();
        begin_epoch(epoch);
        const auto rate =
            settings_.learning_rate * std::pow(0.1, static_cast<double>(epoch / epochs_to_tenth));
        const auto loss = add_batch(step, state, in_epoch * batch_);
        const auto norm = dynetcp::norm_of<float>(gradient_);
        if (!std::isfinite(norm))
            mpi::throw_on_all(base::NumericalError(
                fmt::format("the training diverges: in step {}, at a learning rate of {:g}, the "
                            "norm of the gradient is {}",
                            step.number(), rate, norm),
                fmt::format("{} {}", name_.first, name_.second),
                "choose a smaller --learning-rate or a larger --lambda"));
        dynetcp::adam_step<float>({.learning_rate = rate}, state.adam, gradient_,
                                  dynetcp::clip_factor(norm, clip), state.parameters);
        state.epoch_loss += loss;
        if (in_epoch + 1 < steps_of_epoch())
            return {loss, false};
        return {loss, end_epoch(step, state, epoch)};
    }

  private:
    const dynetcp::TrialValues& train() const
    {
        return drawn_ ? drawn_->train : data_.train(twin_);
    }
    const dynetcp::TrialValues& validation() const
    {
        return drawn_ ? drawn_->validation : data_.validation(twin_);
    }

    void begin_epoch(std::int64_t epoch)
    {
        if (epoch == epoch_)
            return;
        epoch_ = epoch;
        auto shuffle = stream("dynetcp shuffle", epoch);
        order_ = base::permutation(shuffle, std::ssize(data_.split().train));
        if (!twin_ || settings_.jitter.kind != spikes::Jitter::dither)
            return;
        const auto draw = [&](const char* part, const dynetcp::TrialValues& spikes) {
            return jittered(spikes, settings_.jitter,
                            {settings_.seed, name_.first, name_.second, part, epoch});
        };
        drawn_ =
            Drawn{draw("train", data_.train(false)), draw("validation", data_.validation(false))};
    }

    /// Loss of the batch; its gradient is in gradient_.
    double add_batch(runtime::Step& step, TrainingState& state, std::int64_t first)
    {
        const auto& shape = data_.shape();
        dynetcp::mask_self_lag_0<float>(shape, state.parameters);
        const auto mine = base::part_of(leaves_, comm_.size(), comm_.rank());
        for (auto leaf = mine.first; leaf < mine.last; ++leaf) {
            std::fill(leaf_.begin(), leaf_.end(), 0.0F);
            auto nll = 0.0;
            const auto trials = base::part_of(batch_, leaves_, leaf);
            for (auto k = trials.first; k < trials.last; ++k)
                nll += dynetcp::add_trial<float>(
                           trial_, shape, train(), order_[static_cast<std::size_t>(first + k)],
                           state.parameters, 1.0 / static_cast<double>(batch_), leaf_) /
                       static_cast<double>(batch_);
            gradients_.add(leaf, leaf_);
            losses_.add(leaf, std::span(&nll, 1));
        }
        auto nll = 0.0;
        step.sum(gradients_, std::span<float>(gradient_));
        step.sum(losses_, std::span(&nll, 1));
        dynetcp::add_penalty_gradient<float>(shape, lambda_, state.parameters, gradient_);
        return nll + lambda_ * dynetcp::mean_square_weight<float>(shape, state.parameters);
    }

    /// Whether the training is over.
    bool end_epoch(runtime::Step& step, TrainingState& state, std::int64_t epoch)
    {
        const auto& shape = data_.shape();
        dynetcp::mask_self_lag_0<float>(shape, state.parameters);
        const auto trials = validation().trials;
        const auto mine = base::part_of(trials, comm_.size(), comm_.rank());
        for (auto trial = mine.first; trial < mine.last; ++trial) {
            const auto nll = dynetcp::add_trial<float>(trial_, shape, validation(), trial,
                                                       state.parameters, 1, {}) /
                             static_cast<double>(trials);
            validation_.add(trial, std::span(&nll, 1));
        }
        auto nll = 0.0;
        step.sum(validation_, std::span(&nll, 1));
        const auto loss = step.decided(
            nll + lambda_ * dynetcp::mean_square_weight<float>(shape, state.parameters));
        auto& curve = state.curve;
        curve.epoch.push_back(epoch);
        curve.train_loss.push_back(state.epoch_loss / static_cast<double>(steps_of_epoch()));
        curve.validation_loss.push_back(loss);
        curve.validation_nll.push_back(nll);
        state.epoch_loss = 0;
        if (loss < state.best_loss) {
            state.best_loss = loss;
            state.best = state.parameters;
            curve.best_epoch = epoch;
            return false;
        }
        return epoch - curve.best_epoch > settings_.patience;
    }

    struct Drawn
    {
        dynetcp::TrialValues train;
        dynetcp::TrialValues validation;
    };

    const mpi::Communicator& comm_;
    const StaticData& data_;
    const StaticSettings& settings_;
    SessionName name_;
    bool twin_;
    double lambda_;
    std::int64_t batch_;
    std::int64_t leaves_;
    dynetcp::StaticTrial<float> trial_;
    std::size_t parameters_;
    mpi::TreeSum<float> gradients_;
    mpi::TreeSum<double> losses_;
    mpi::TreeSum<double> validation_;
    std::vector<float> leaf_;
    std::vector<float> gradient_;
    std::int64_t epoch_ = -1;
    std::vector<std::int64_t> order_; ///< of the trials to train on
    std::optional<Drawn> drawn_;      ///< trains jittered anew for the epoch
};

} // namespace

StaticModel trained(runtime::RunContext& context, const std::string& phase, const StaticData& data,
                    const SessionName& name, bool twin)
{
    auto trainer = Trainer(context, data, name, twin);
    auto state = begin(data, trainer.stream("dynetcp weights", 0));
    context.each_step(
        {.phase = phase,
         .steps = data.settings().epochs * trainer.steps_of_epoch(),
         .steps_per_epoch = trainer.steps_of_epoch()},
        state, [&](runtime::Step& step, TrainingState& now) { return trainer.advance(step, now); });
    return context.collective("summary", [&] {
        const auto& shape = data.shape();
        const auto best = std::vector<double>(state.best.begin(), state.best.end());
        auto model = model_of(best, shape);
        const auto count = static_cast<std::size_t>(shape.parameters());
        const auto share = 1.0 / static_cast<double>(shape.neurons);
        for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver) {
            const auto nll = likelihoods_of(
                data, receiver, twin,
                std::span(best).subspan(static_cast<std::size_t>(receiver) * count, count));
            model.nll.train += share * nll.train;
            model.nll.validation += share * nll.validation;
            model.nll.test += share * nll.test;
        }
        model.curve = state.curve;
        return model;
    });
}

} // namespace rewire::jobs
