// The static part of DyNetCP against a kernel that follows the formula, and against differences.
#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/dynetcp/adam.hpp>
#include <rewire/dynetcp/connections.hpp>
#include <rewire/dynetcp/static_fit.hpp>
#include <rewire/dynetcp/static_training.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>

using namespace rewire;
using namespace rewire::dynetcp;

namespace {

std::size_t at(std::int64_t index)
{
    return static_cast<std::size_t>(index);
}

struct Example
{
    Example(std::int64_t trials, std::int64_t bins, std::int64_t neurons, std::int64_t lags,
            double rate, bool real, std::uint64_t seed)
        : shape{neurons, lags}
    {
        auto stream = base::Stream(seed, {1});
        for (std::int64_t k = 0; k < trials * bins * neurons; ++k) {
            const auto fires = stream.uniform() < rate;
            dense.push_back(!fires ? 0.0 : real ? 1.5 * stream.uniform() : 1.0);
        }
        values = trial_values(dense, trials, bins, neurons);
        for (std::int64_t k = 0; k < neurons * shape.parameters(); ++k)
            parameters.push_back(0.5 * stream.normal());
        mask_self_lag_0<double>(shape, parameters);
    }

    double x(std::int64_t trial, std::int64_t bin, std::int64_t neuron) const
    {
        return bin < 0 ? 0 : dense[at((trial * values.bins + bin) * values.neurons + neuron)];
    }

    /// Mean cross-entropy of a trial as the formula has it.
    double slow_entropy(std::int64_t trial, const std::vector<double>& now) const
    {
        auto sum = 0.0;
        for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver)
            for (std::int64_t bin = 1; bin < values.bins; ++bin) {
                const auto first = receiver * shape.parameters();
                auto e = now[at(first + shape.weights())];
                for (std::int64_t sender = 0; sender < shape.neurons; ++sender)
                    for (std::int64_t lag = 0; lag < shape.lags; ++lag)
                        e += now[at(first + sender * shape.lags + lag)] *
                             x(trial, bin - lag, sender);
                sum += std::log1p(std::exp(e)) - e * x(trial, bin, receiver);
            }
        return sum / static_cast<double>(shape.neurons * (values.bins - 1));
    }

    StaticShape shape;
    std::vector<double> dense;
    TrialValues values;
    std::vector<double> parameters;
};

} // namespace

TEST(StaticModel, EntropyFollowsTheFormula)
{
    for (const auto real : {false, true}) {
        for (const auto bins : {2, 9, 40, 700}) {
            const auto example = Example(2, bins, 3, 12, 0.2, real, 5);
            auto trial_of = StaticTrial<double>(example.shape);
            for (std::int64_t trial = 0; trial < 2; ++trial) {
                const auto slow = example.slow_entropy(trial, example.parameters);
                EXPECT_NEAR(add_trials<double>(trial_of, example.shape, example.values,
                                               std::span<const std::int64_t>(&trial, 1),
                                               example.parameters, 1, {}),
                            slow, 1e-13 * slow)
                    << bins << " bins";
            }
        }
    }
}

TEST(StaticModel, ExtremeLogitsAreFinite)
{
    auto logits = std::vector<double>{0, 1e4, -1e4, 1e4, -1e4, 800};
    const auto targets = std::vector<double>{0, 1, 0, 0, 1, 1};

    const auto sum = cross_entropy<double>(logits, targets, 1);

    EXPECT_NEAR(sum, 2e4, 1e-8);
    const auto expected = std::vector<double>{0, 0, 0, 1, -1, 0};
    for (std::size_t k = 0; k < expected.size(); ++k)
        EXPECT_NEAR(logits[k], expected[k], 1e-300) << k;
}

TEST(StaticModel, SingleAndDoubleAgreeWhateverTheNumberOfLags)
{
    for (const auto bins : {40, 500})
        for (const auto lags : {1, 3, 16, 17, 101, 128, 129, 300}) {
            SCOPED_TRACE(std::to_string(bins) + " bins, " + std::to_string(lags) + " lags");
            const auto example = Example(1, bins, 4, lags, 0.05, false, 8);
            const auto count = at(example.shape.parameters());
            const auto weights = std::span(example.parameters).first(count);
            const auto single = std::vector<float>(weights.begin(), weights.end());
            auto logits = std::vector<double>(at(bins));
            auto in_single = std::vector<float>(at(bins));
            static_logits<double>(example.values, 0, lags, weights, logits);
            static_logits<float>(example.values, 0, lags, single, in_single);
            for (std::size_t bin = 0; bin < logits.size(); ++bin)
                ASSERT_NEAR(in_single[bin], logits[bin], 2e-5) << "bin " << bin;

            auto gradient = std::vector<double>(count, 0.25);
            auto gradient_in_single = std::vector<float>(count, 0.25F);
            add_static_gradient<double>(example.values, 0, lags, logits, gradient);
            add_static_gradient<float>(example.values, 0, lags, in_single, gradient_in_single);
            for (std::size_t k = 0; k < count; ++k)
                ASSERT_NEAR(gradient_in_single[k], gradient[k], 2e-3) << k;
        }
}

TEST(StaticModel, GradientIsThatOfTheLoss)
{
    for (const auto real : {false, true}) {
        const auto example = Example(1, 60, 4, 5, 0.2, real, 6);
        auto trial_of = StaticTrial<double>(example.shape);
        auto gradient = std::vector<double>(example.parameters.size(), 0);
        add_trials<double>(trial_of, example.shape, example.values, std::array{std::int64_t{0}},
                           example.parameters, 1, gradient);
        for (std::size_t k = 0; k < gradient.size(); ++k) {
            const auto moved = [&](double by) {
                auto parameters = example.parameters;
                parameters[k] += by;
                return example.slow_entropy(0, parameters);
            };
            EXPECT_NEAR(gradient[k], (moved(1e-5) - moved(-1e-5)) / 2e-5, 1e-10) << k;
        }
    }
}

TEST(StaticModel, ReceiversTogetherAreTheReceiversAlone)
{
    const auto example = Example(3, 50, 4, 6, 0.1, false, 7);
    const auto& shape = example.shape;
    constexpr auto lambda = 2.0;
    auto mean = 0.0;
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver) {
        const auto loss = ReceiverLoss(example.values, shape, receiver, lambda);
        auto gradient = std::vector<double>(at(shape.parameters()));
        const auto own = std::span(example.parameters)
                             .subspan(at(receiver * shape.parameters()), at(shape.parameters()));
        mean += loss(own, gradient) / static_cast<double>(shape.neurons);
        EXPECT_EQ(gradient[at(shape.self_lag_0(receiver))], 0);
    }
    auto together = lambda * mean_square_weight<double>(shape, example.parameters);
    for (std::int64_t trial = 0; trial < 3; ++trial)
        together += example.slow_entropy(trial, example.parameters) / 3;

    EXPECT_NEAR(mean, together, 1e-13);
}

TEST(StaticModel, ExpectedTrainsByWindowsAreTheSameValues)
{
    const auto example = Example(6, 47, 4, 9, 0.15, false, 9); // the last window is shorter
    for (const auto form : {WindowShape::mean, WindowShape::uniform}) {
        const auto windows = WindowTrains(example.values, 10, form);
        const auto values = windows.values();
        const auto spikes = mean_values(example.values);
        const auto expected = mean_values(values);
        for (std::size_t neuron = 0; neuron < spikes.size(); ++neuron)
            EXPECT_NEAR(expected[neuron], spikes[neuron], 1e-14);
        const auto& shape = example.shape;
        const auto plain = ReceiverLoss(values, shape, 2, 1.5);
        const auto fast = ReceiverLoss(values, shape, 2, 1.5, &windows);
        const auto parameters = std::span(example.parameters)
                                    .subspan(at(2 * shape.parameters()), at(shape.parameters()));
        auto slow_gradient = std::vector<double>(at(shape.parameters()));
        auto gradient = slow_gradient;

        for (auto again = 0; again < 2; ++again) {
            const auto slow = plain(parameters, slow_gradient);
            EXPECT_NEAR(fast(parameters, gradient), slow, 1e-14 * slow);
            for (std::size_t k = 0; k < gradient.size(); ++k)
                ASSERT_NEAR(gradient[k], slow_gradient[k], 1e-15) << k;
        }
    }
}

TEST(StaticModel, ChosenTrialsAreThoseTrials)
{
    const auto example = Example(4, 30, 3, 2, 0.3, true, 8);
    const auto chosen = std::vector<std::int64_t>{3, 1};

    const auto some = selected(example.values, chosen);

    ASSERT_EQ(some.trials, 2);
    for (std::int64_t k = 0; k < 2; ++k)
        for (std::int64_t neuron = 0; neuron < 3; ++neuron) {
            const auto ours = some.row(k, neuron);
            const auto theirs = example.values.row(chosen[at(k)], neuron);
            EXPECT_TRUE(
                std::equal(ours.bin.begin(), ours.bin.end(), theirs.bin.begin(), theirs.bin.end()));
            EXPECT_TRUE(std::equal(ours.value.begin(), ours.value.end(), theirs.value.begin(),
                                   theirs.value.end()));
        }
}

TEST(StaticModel, BiasOfNeuronsThatNeverOrAlwaysFireIsFinite)
{
    EXPECT_NEAR(initial_bias(0), std::log(1e-6), 1e-5);
    EXPECT_NEAR(initial_bias(1), -std::log(1e-6), 1e-5);
    EXPECT_NEAR(initial_bias(0.5), 0, 1e-15);
}

TEST(StaticConnections, NoFlanksAreAnError)
{
    const auto weights = std::vector<double>(2 * 2 * 40);

    EXPECT_THROW(static_connections(weights, 2, 40, {}), base::UsageError);
}

TEST(Adam, AStepIsTheFormula)
{
    auto state = AdamState<double>{};
    auto parameters = std::vector<double>{1, -2};
    const auto settings = AdamSettings{.learning_rate = 0.1};

    adam_step<double>(settings, state, std::vector<double>{4, 0}, 0.5, parameters);

    EXPECT_NEAR(parameters[0], 1 - 0.1 * 2 / (2 + 1e-8), 1e-15);
    EXPECT_EQ(parameters[1], -2);
    EXPECT_EQ(clip_factor(10, 5), 5 / (10 + 1e-6));
    EXPECT_EQ(clip_factor(1, 5), 1);
}
