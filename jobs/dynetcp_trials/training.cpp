#include "training.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/dynetcp/adam.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto clip = 5.0;
constexpr auto epochs_to_tenth = std::int64_t{1000};
constexpr auto epoch_axis = "epoch";

/// What a checkpoint holds.
struct TrainingState
{
    std::vector<float> parameters;
    dynetcp::AdamState<float> adam;
    std::vector<float> best; ///< of the parameters that are trained
    double best_loss = std::numeric_limits<double>::infinity();
    double epoch_loss = 0; ///< sum over the steps of the epoch
    TrainingCurve curve;

    void pack(base::Packer& packer) const
    {
        packer.put_all(parameters), packer.put_all(adam.first), packer.put_all(adam.second);
        packer.put(adam.steps), packer.put_all(best), packer.put(best_loss);
        packer.put(epoch_loss), curve.pack(packer);
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
        curve.unpack(unpacker);
    }
};

class Trainer
{
  public:
    Trainer(const mpi::Communicator& comm, const TrainingSettings& settings,
            const TrainingProblem& problem)
        : comm_(comm),
          settings_(settings),
          problem_(problem),
          batch_(std::min(settings.batch, problem.train_trials)),
          parts_(parts_of_trial(batch_, comm.size(), problem.sharing)),
          validated_parts_(parts_ == 1 ? 1
                                       : parts_of_trial(problem.validation_trials, comm.size(),
                                                        problem.sharing)),
          leaves_(parts_ > 1 ? batch_ * parts_ : std::min(batch_, problem.most_leaves)),
          gradients_(leaves_, problem.trained),
          losses_(leaves_, 1),
          scores_(problem.validation_trials * validated_parts_, 2),
          leaf_(problem.trained),
          gradient_(problem.trained)
    {
    }

    std::int64_t steps_of_epoch() const { return problem_.train_trials / batch_; }

    runtime::Advanced advance(runtime::Step& step, TrainingState& state)
    {
        const auto epoch = step.number() / steps_of_epoch();
        const auto in_epoch = step.number() % steps_of_epoch();
        begin_epoch(epoch);
        const auto tenths = epoch / epochs_to_tenth;
        const auto rate = settings_.learning_rate * std::pow(0.1, static_cast<double>(tenths));
        const auto loss = add_batch(step, state, in_epoch * batch_);
        const auto norm = dynetcp::norm_of<float>(gradient_);
        if (!std::isfinite(norm) || !std::isfinite(loss))
            mpi::throw_on_all(base::NumericalError(
                fmt::format("the training diverges: in step {}, at a learning rate of {:g}, the "
                            "norm of the gradient is {:g} and the loss {:g}",
                            step.number(), rate, norm, loss),
                problem_.where, "choose a smaller --learning-rate or another --lambda"));
        dynetcp::adam_step<float>({.learning_rate = rate}, state.adam, gradient_,
                                  dynetcp::clip_factor(norm, clip),
                                  std::span(state.parameters).first(problem_.trained));
        state.epoch_loss += loss;
        if (in_epoch + 1 < steps_of_epoch())
            return {loss, false};
        return {loss, end_epoch(step, state, epoch)};
    }

  private:
    void begin_epoch(std::int64_t epoch)
    {
        if (epoch == epoch_)
            return;
        epoch_ = epoch;
        auto stream =
            base::Stream(settings_.seed, {base::key_of("dynetcp shuffle"), problem_.stream,
                                          static_cast<std::uint64_t>(epoch)});
        order_ = base::permutation(stream, problem_.train_trials);
        if (problem_.begin_epoch)
            problem_.begin_epoch(epoch);
    }

    /// Loss of the batch; its gradient is in gradient_.
    double add_batch(runtime::Step& step, TrainingState& state, std::int64_t first)
    {
        problem_.prepare(state.parameters);
        const auto share = 1.0 / static_cast<double>(batch_);
        const auto mine = base::part_of(leaves_, comm_.size(), comm_.rank());
        for (auto leaf = mine.first; leaf < mine.last; ++leaf) {
            std::fill(leaf_.begin(), leaf_.end(), 0.0F);
            const auto range = base::part_of(batch_, leaves_ / parts_, leaf / parts_);
            const auto trials = std::span<const std::int64_t>(order_).subspan(
                static_cast<std::size_t>(first + range.first),
                static_cast<std::size_t>(range.size()));
            const auto loss =
                share * problem_.add_trials(trials, {leaf % parts_, parts_}, share, leaf_);
            gradients_.add(leaf, leaf_);
            losses_.add(leaf, std::span(&loss, 1));
        }
        auto loss = 0.0;
        step.sum(gradients_, std::span<float>(gradient_));
        step.sum(losses_, std::span(&loss, 1));
        return loss + (problem_.add_rest ? problem_.add_rest(gradient_) : 0.0);
    }

    /// Whether the training is over.
    bool end_epoch(runtime::Step& step, TrainingState& state, std::int64_t epoch)
    {
        problem_.prepare(state.parameters);
        const auto share = 1.0 / static_cast<double>(problem_.validation_trials);
        const auto parts = validated_parts_;
        const auto leaves = problem_.validation_trials * parts;
        const auto mine = base::part_of(leaves, comm_.size(), comm_.rank());
        for (auto leaf = mine.first; leaf < mine.last; ++leaf) {
            const auto score = problem_.validate(leaf / parts, {leaf % parts, parts});
            scores_.add(leaf, std::array{share * score.nll, share * score.penalty});
        }
        auto score = std::array{0.0, 0.0};
        step.sum(scores_, std::span<double>(score));
        const auto loss = step.decided(score[0] + score[1]);
        auto& curve = state.curve;
        curve.epoch.push_back(epoch);
        curve.train_loss.push_back(state.epoch_loss / static_cast<double>(steps_of_epoch()));
        curve.validation_loss.push_back(loss);
        curve.validation_nll.push_back(score[0]);
        state.epoch_loss = 0;
        if (loss < state.best_loss) {
            state.best_loss = loss;
            state.best.assign(state.parameters.begin(),
                              state.parameters.begin() +
                                  static_cast<std::ptrdiff_t>(problem_.trained));
            curve.best_epoch = epoch;
            return false;
        }
        return epoch - curve.best_epoch > settings_.patience;
    }

    const mpi::Communicator& comm_;
    const TrainingSettings& settings_;
    const TrainingProblem& problem_;
    std::int64_t batch_;
    std::int64_t parts_;           ///< of a trial
    std::int64_t validated_parts_; ///< of a trial to validate
    std::int64_t leaves_;
    mpi::TreeSum<float> gradients_;
    mpi::TreeSum<double> losses_;
    mpi::TreeSum<double> scores_; ///< of validation trials: likelihood, penalty
    std::vector<float> leaf_;
    std::vector<float> gradient_;
    std::int64_t epoch_ = -1;
    std::vector<std::int64_t> order_; ///< of the trials to train on
};

/// The parameters of the best epoch.
TrainingResult result_of(const TrainingProblem& problem, TrainingState state)
{
    std::copy(state.best.begin(), state.best.end(), state.parameters.begin());
    problem.prepare(state.parameters);
    return {std::move(state.parameters), std::move(state.curve)};
}

} // namespace

std::int64_t parts_of_trial(std::int64_t trials, std::int64_t ranks, const TrialSharing& sharing)
{
    if (ranks <= trials)
        return 1;
    auto best = std::int64_t{1};
    auto shortest = 1.0; // of the slowest rank, in trials
    // More parts than ranks for a trial even out what does not divide.
    const auto most = std::min(sharing.most_parts, 4 * ((ranks + trials - 1) / trials));
    for (std::int64_t parts = 2; parts <= most; ++parts) {
        const auto own = (trials * parts + ranks - 1) / ranks;
        const auto one = sharing.repeated + (1 - sharing.repeated) / static_cast<double>(parts);
        if (static_cast<double>(own) * one < shortest) {
            shortest = static_cast<double>(own) * one;
            best = parts;
        }
    }
    return best;
}

std::vector<runtime::Option> training_options(const std::string& prefix,
                                              const std::string& patience)
{
    using runtime::OptionKind;
    constexpr auto source = "Methods, training";
    return {
        {.name = "epochs",
         .kind = OptionKind::integer,
         .default_value = "2000",
         .help = prefix + "at most so many; the learning rate falls to a tenth after 1000",
         .source = source,
         .minimum = 1,
         .maximum = 1e6},
        {.name = "batch",
         .kind = OptionKind::integer,
         .default_value = "16",
         .unit = "trials",
         .help = prefix + "trials of a step, over all ranks",
         .source = source,
         .minimum = 1,
         .maximum = 1e5},
        {.name = "patience",
         .kind = OptionKind::integer,
         .default_value = patience,
         .unit = "epochs",
         .help = prefix + "stops when the loss of the validation trials was not better for so long",
         .source = source,
         .minimum = 1,
         .maximum = 1e6},
        {.name = "learning-rate",
         .kind = OptionKind::real,
         .default_value = "1e-4",
         .help = prefix + "of a step, whatever the number of ranks",
         .source = source,
         .minimum = 1e-12,
         .maximum = 10},
    };
}

TrainingSettings training_settings(const runtime::RunContext& context)
{
    const auto& options = context.options();
    return {options.integer("epochs"), options.integer("batch"), options.integer("patience"),
            options.real("learning-rate"), context.seed()};
}

void TrainingCurve::pack(base::Packer& packer) const
{
    packer.put_all(epoch), packer.put_all(train_loss), packer.put_all(validation_loss);
    packer.put_all(validation_nll), packer.put(best_epoch);
}

void TrainingCurve::unpack(base::Unpacker& unpacker)
{
    epoch = unpacker.get_all<std::int64_t>();
    train_loss = unpacker.get_all<double>();
    validation_loss = unpacker.get_all<double>();
    validation_nll = unpacker.get_all<double>();
    best_epoch = unpacker.get<std::int64_t>();
}

void write_curve(const io::Handle& group, const TrainingCurve& curve)
{
    io::write_axis(group, epoch_axis, curve.epoch, "passes over the trials; of an optimum: 0");
    const auto write = [&](const char* name, const std::vector<double>& values,
                           const char* description) {
        io::write_array(group, name, values, {epoch_axis}, "nat", description);
    };
    write("train_loss", curve.train_loss,
          "cross-entropy a bin and unit plus lambda times the mean squared weight");
    write("validation_loss", curve.validation_loss, "the same of the validation trials");
    write("validation_nll", curve.validation_nll, "cross-entropy alone");
    io::write_attribute(group, "best_epoch", curve.best_epoch);
}

TrainingCurve read_curve(const io::Handle& group)
{
    return {.epoch = io::read_all<std::int64_t>(group, epoch_axis),
            .train_loss = io::read_all<double>(group, "train_loss"),
            .validation_loss = io::read_all<double>(group, "validation_loss"),
            .validation_nll = io::read_all<double>(group, "validation_nll"),
            .best_epoch = io::read_attribute<std::int64_t>(group, "best_epoch")};
}

TrainingResult trained(runtime::RunContext& context, const std::string& phase,
                       const TrainingSettings& settings, const TrainingProblem& problem,
                       std::vector<float> parameters)
{
    auto trainer = Trainer(context.comm(), settings, problem);
    auto state = TrainingState{};
    state.parameters = std::move(parameters);
    context.each_step(
        {.phase = phase,
         .steps = settings.epochs * trainer.steps_of_epoch(),
         .steps_per_epoch = trainer.steps_of_epoch()},
        state, [&](runtime::Step& step, TrainingState& now) { return trainer.advance(step, now); });
    return result_of(problem, std::move(state));
}

std::optional<TrainingResult> trained_alone(const mpi::Communicator& alone,
                                            const TrainingSettings& settings,
                                            const TrainingProblem& problem,
                                            std::vector<float> parameters,
                                            const runtime::Tick& tick)
{
    auto trainer = Trainer(alone, settings, problem);
    auto state = TrainingState{};
    state.parameters = std::move(parameters);
    const auto steps = settings.epochs * trainer.steps_of_epoch();
    for (std::int64_t number = 0; number < steps; ++number) {
        if (!tick())
            return std::nullopt;
        auto step = runtime::Step(alone, number);
        if (trainer.advance(step, state).done)
            break;
    }
    return result_of(problem, std::move(state));
}

} // namespace rewire::jobs
