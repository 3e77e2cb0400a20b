#include "train.hpp"

#include "summary.hpp"

#include <rewire/base/random.hpp>
#include <rewire/dynetcp/static_training.hpp>

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto most_leaves = std::int64_t{8}; ///< of a batch: each is an array to be added up

std::uint64_t stream_of(const SessionName& name)
{
    return base::key_of(name.first + "/" + name.second);
}

/// Every receiver starts with the same weights, U(-0.01, 0.01), and the logit of its rate.
std::vector<float> begin(const StaticData& data, const SessionName& name)
{
    auto stream = base::Stream(data.settings().training.seed,
                               {base::key_of("dynetcp weights"), stream_of(name)});
    auto weights = std::vector<float>{};
    for (std::int64_t k = 0; k < data.shape().weights(); ++k)
        weights.push_back(static_cast<float>(0.02 * stream.uniform() - 0.01));
    auto parameters = std::vector<float>{};
    for (const auto rate : data.rates()) {
        parameters.insert(parameters.end(), weights.begin(), weights.end());
        parameters.push_back(static_cast<float>(dynetcp::initial_bias(rate)));
    }
    return parameters;
}

/// All receivers as the training sees them.
class StaticProblem
{
  public:
    StaticProblem(const StaticData& data, const SessionName& name, bool twin)
        : data_(data),
          name_(name),
          twin_(twin),
          lambda_(*data.settings().lambda),
          trial_(data.shape())
    {
    }

    TrainingProblem problem()
    {
        const auto& shape = data_.shape();
        return {.where = fmt::format("{} {}", name_.first, name_.second),
                .stream = stream_of(name_),
                .train_trials = std::ssize(data_.split().train),
                .validation_trials = std::ssize(data_.split().validation),
                .trained = static_cast<std::size_t>(shape.neurons * shape.parameters()),
                .most_leaves = most_leaves,
                .sharing = {},
                .begin_epoch = [this](std::int64_t epoch) { draw(epoch); },
                .prepare =
                    [this](std::span<float> parameters) {
                        dynetcp::mask_self_lag_0<float>(data_.shape(), parameters);
                        parameters_ = parameters;
                    },
                .add_trials =
                    [this](std::span<const std::int64_t> trials, dynetcp::TrialPart, double share,
                           std::span<float> gradient) {
                        return dynetcp::add_trials<float>(trial_, data_.shape(), train(), trials,
                                                          parameters_, share, gradient);
                    },
                .add_rest =
                    [this](std::span<float> gradient) {
                        dynetcp::add_penalty_gradient<float>(data_.shape(), lambda_, parameters_,
                                                             gradient);
                        return penalty();
                    },
                .validate =
                    [this](std::int64_t trial, dynetcp::TrialPart) {
                        return TrialScore{
                            dynetcp::add_trials<float>(trial_, data_.shape(), validation(),
                                                       std::span(&trial, 1), parameters_, 1, {}),
                            penalty()};
                    }};
    }

  private:
    struct Drawn
    {
        dynetcp::TrialValues train;
        dynetcp::TrialValues validation;
    };

    const dynetcp::TrialValues& train() const
    {
        return drawn_ ? drawn_->train : data_.train(twin_);
    }
    const dynetcp::TrialValues& validation() const
    {
        return drawn_ ? drawn_->validation : data_.validation(twin_);
    }
    double penalty() const
    {
        return lambda_ * dynetcp::mean_square_weight<float>(data_.shape(), parameters_);
    }
    /// Spikes that are moved at random are moved anew for each epoch.
    void draw(std::int64_t epoch)
    {
        const auto& settings = data_.settings();
        if (!twin_ || settings.jitter.kind != spikes::Jitter::dither)
            return;
        const auto moved = [&](const char* part, const dynetcp::TrialValues& spikes) {
            return jittered(spikes, settings.jitter,
                            {settings.training.seed, name_.first, name_.second, part, epoch});
        };
        drawn_ =
            Drawn{moved("train", data_.train(false)), moved("validation", data_.validation(false))};
    }

    const StaticData& data_;
    SessionName name_;
    bool twin_;
    double lambda_;
    dynetcp::StaticTrial<float> trial_;
    std::span<const float> parameters_;
    std::optional<Drawn> drawn_;
};

} // namespace

StaticModel trained_static(runtime::RunContext& context, const std::string& phase,
                           const StaticData& data, const SessionName& name, bool twin)
{
    auto problem = StaticProblem(data, name, twin);
    auto result =
        trained(context, phase, data.settings().training, problem.problem(), begin(data, name));
    return context.collective("summary", [&] {
        const auto& shape = data.shape();
        const auto best = std::vector<double>(result.parameters.begin(), result.parameters.end());
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
        model.curve = std::move(result.curve);
        return model;
    });
}

} // namespace rewire::jobs
