#pragma once

#include "jobs/frame/session_results.hpp"

#include <rewire/dynetcp/dynamic_model.hpp>
#include <rewire/io/result_file.hpp>
#include <rewire/runtime/options.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The published training, of whatever has a gradient (methods page of DyNetCP, section 3).
namespace rewire::jobs {

struct TrainingSettings
{
    std::int64_t epochs = 0;
    std::int64_t batch = 0; ///< trials of a step
    std::int64_t patience = 0;
    double learning_rate = 0;
    std::uint64_t seed = 0;
};

/// --epochs --batch --patience --learning-rate. @param prefix of the help: "adam: "
std::vector<runtime::Option> training_options(const std::string& prefix,
                                              const std::string& patience);
TrainingSettings training_settings(const runtime::RunContext& context);

/// Losses by epoch; of an optimum one entry, 0.
struct TrainingCurve
{
    std::vector<std::int64_t> epoch;
    std::vector<double> train_loss;      ///< with the penalty
    std::vector<double> validation_loss; ///< with the penalty
    std::vector<double> validation_nll;
    std::int64_t best_epoch = 0;

    void pack(base::Packer& packer) const;
    void unpack(base::Unpacker& unpacker);
};

/// The axis `epoch` and the losses along it; `best_epoch` is an attribute.
void write_curve(const io::Handle& group, const TrainingCurve& curve);
TrainingCurve read_curve(const io::Handle& group);

struct TrialScore
{
    double nll = 0;
    double penalty = 0; ///< times lambda
};

/// A trial whose receivers several ranks share: each computes a part, which takes `repeated` of the
/// trial's time whatever its size, and its share of the rest.
struct TrialSharing
{
    std::int64_t most_parts = 1;
    double repeated = 0;
};

/// Into how many parts every one of `trials` is cut: where there are more ranks than trials, as
/// many as end soonest; else 1.
std::int64_t parts_of_trial(std::int64_t trials, std::int64_t ranks, const TrialSharing& sharing);

/// What is trained. Functions are called on all ranks with the same parameters.
struct TrainingProblem
{
    std::string where;        ///< "A 01", for messages
    std::uint64_t stream = 0; ///< names the order of the trials
    std::int64_t train_trials = 0;
    std::int64_t validation_trials = 0;
    std::size_t trained = 0;      ///< the first parameters are moved, the others stay
    std::int64_t most_leaves = 0; ///< trials of a batch that are added up on their own
    TrialSharing sharing;
    std::function<void(std::int64_t epoch)> begin_epoch; ///< may be empty
    /// Before every pass; may change the parameters (a mask).
    std::function<void(std::span<float> parameters)> prepare;
    /// Adds the gradient of the losses of some trials, or of those of a part of their receivers,
    /// times `share`; returns the sum of the losses.
    std::function<double(std::span<const std::int64_t> trials, dynetcp::TrialPart part,
                         double share, std::span<float> gradient)>
        add_trials;
    /// Adds the gradient of what is no trial's and returns it; may be empty.
    std::function<double(std::span<float> gradient)> add_rest;
    std::function<TrialScore(std::int64_t trial, dynetcp::TrialPart part)> validate;
};

struct TrainingResult
{
    std::vector<float> parameters; ///< of the best epoch
    TrainingCurve curve;
};

/// Adam on batches of trials in random order, the gradient's norm clipped at 5, a tenth of the
/// learning rate after 1000 epochs, stopped when the loss of the validation trials was not better
/// for `patience` epochs; rank 0's value decides. Trials of a batch over ranks: the same bits on
/// any number of them up to the batch. With more ranks, which share trials, the same bits on the
/// same number and on others losses within 1e-4 of them: rounding, which Adam makes larger where a
/// gradient is near 0. Collective; on all ranks.
/// @throws NumericalError: the gradient is not finite, naming step, learning rate and norm
TrainingResult trained(runtime::RunContext& context, const std::string& phase,
                       const TrainingSettings& settings, const TrainingProblem& problem,
                       std::vector<float> parameters);

/// The same on one rank, for a model that is a unit of work: nothing of it is saved before its end.
/// @param alone this rank @return nothing when `tick` said to stop @throws as `trained`
std::optional<TrainingResult> trained_alone(const mpi::Communicator& alone,
                                            const TrainingSettings& settings,
                                            const TrainingProblem& problem,
                                            std::vector<float> parameters,
                                            const runtime::Tick& tick);

} // namespace rewire::jobs
