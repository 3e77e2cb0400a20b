#include "peer_tasks.hpp"

#include <rewire/dynetcp/adam.hpp>
#include <rewire/dynetcp/dynamic_model.hpp>
#include <rewire/dynetcp/static_training.hpp>
#include <rewire/io/hdf5.hpp>

#include <memory>
#include <numeric>
#include <string>

namespace rewire::bench {

namespace {

using namespace dynetcp;

constexpr auto clip = 5.0;

TrialValues read_spikes(hid_t input)
{
    const auto shape = io::shape_of(io::open_dataset(input, "spikes"));
    return trial_values(io::read_all<double>(input, "spikes"), shape.at(0), shape.at(1),
                        shape.at(2));
}

/// From weights [receiver, sender, lag] and biases: [receiver, parameters of a receiver].
std::vector<float> read_static_part(hid_t input, const StaticShape& shape)
{
    const auto weight = io::read_all<float>(input, "weight");
    const auto bias = io::read_all<float>(input, "bias");
    auto parameters = std::vector<float>{};
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver) {
        const auto first = weight.begin() + receiver * shape.weights();
        parameters.insert(parameters.end(), first, first + shape.weights());
        parameters.push_back(bias[static_cast<std::size_t>(receiver)]);
    }
    return parameters;
}

/// What both steps keep.
struct TrainingState
{
    TrialValues values;
    StaticShape shape;
    double lambda = 0;
    std::vector<float> parameters;
    std::vector<float> gradient;
    AdamState<float> adam;
    double loss = 0;

    explicit TrainingState(hid_t input)
        : values(read_spikes(input)),
          shape{values.neurons, io::shape_of(io::open_dataset(input, "weight")).at(2)},
          lambda(io::read_attribute<double>(input, "lambda"))
    {
    }
    double share() const { return 1 / static_cast<double>(values.trials); }
    void move()
    {
        adam_step<float>({}, adam, gradient, clip_factor(norm_of<float>(gradient), clip),
                         std::span(parameters).first(gradient.size()));
    }
};

/// Gradient of all trials at once, penalty, clip, Adam: all receivers of the static part.
Task static_task(hid_t input, std::int64_t /*count*/)
{
    struct State : TrainingState
    {
        explicit State(hid_t input)
            : TrainingState(input), trial_of(shape), trials(static_cast<std::size_t>(values.trials))
        {
            std::iota(trials.begin(), trials.end(), 0);
        }
        StaticTrial<float> trial_of;
        std::vector<std::int64_t> trials;
    };
    const auto state = std::make_shared<State>(input);
    state->parameters = read_static_part(input, state->shape);
    state->gradient.resize(state->parameters.size());
    return {
        [state] {
            auto& s = *state;
            mask_self_lag_0<float>(s.shape, s.parameters);
            std::fill(s.gradient.begin(), s.gradient.end(), 0.0F);
            s.loss = s.share() * add_trials<float>(s.trial_of, s.shape, s.values, s.trials,
                                                   s.parameters, s.share(), s.gradient);
            s.loss += s.lambda * mean_square_weight<float>(s.shape, s.parameters);
            add_penalty_gradient<float>(s.shape, s.lambda, s.parameters, s.gradient);
            s.move();
        },
        [state](hid_t file) {
            const auto& shape = state->shape;
            auto weight = std::vector<float>{};
            auto bias = std::vector<float>{};
            for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver) {
                const auto first = state->gradient.begin() + receiver * shape.parameters();
                weight.insert(weight.end(), first, first + shape.weights());
                bias.push_back(first[shape.weights()]);
            }
            io::write_attribute(file, "loss", state->loss);
            io::write_dataset(file, "weight", weight, {shape.neurons, shape.neurons, shape.lags});
            io::write_dataset(file, "bias", bias, {shape.neurons});
        }};
}

/// The same of the dynamic part with all pairs, the static part as it is.
Task dynamic_task(hid_t input, std::int64_t /*count*/)
{
    struct State : TrainingState
    {
        explicit State(hid_t input)
            : TrainingState(input),
              layout({.lags = shape.lags}, shape.neurons, all_pairs(shape.neurons)),
              model(layout, values.bins, DynamicTraining::encoder)
        {
        }
        DynamicLayout layout;
        DynamicModel<float> model;
    };
    const auto state = std::make_shared<State>(input);
    state->parameters = io::read_all<float>(input, "parameters");
    auto fixed = read_static_part(input, state->shape);
    mask_self_lag_0<float>(state->shape, fixed);
    state->parameters.insert(state->parameters.end(), fixed.begin(), fixed.end());
    state->gradient.resize(static_cast<std::size_t>(state->model.trained()));
    return {[state] {
                auto& s = *state;
                s.model.set(s.parameters);
                std::fill(s.gradient.begin(), s.gradient.end(), 0.0F);
                s.loss = 0;
                for (std::int64_t trial = 0; trial < s.values.trials; ++trial) {
                    const auto loss =
                        s.model.add_trial(s.values, trial, s.share(), s.lambda, s.gradient);
                    s.loss += s.share() * (loss.nll + s.lambda * loss.penalty);
                }
                s.move();
            },
            [state](hid_t file) {
                io::write_attribute(file, "loss", state->loss);
                io::write_attribute(file, "neurons", state->shape.neurons);
                io::write_dataset(file, "gradient", state->gradient,
                                  {static_cast<std::int64_t>(state->gradient.size())});
            }};
}

} // namespace

std::vector<Kernel> dynetcp_kernels()
{
    return {
        {"dynetcp-static", static_task},
        {"dynetcp-dynamic", dynamic_task},
    };
}

} // namespace rewire::bench
