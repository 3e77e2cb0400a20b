// The scenarios of dynamic connectivity: small populations in trials, of which the model is trained
// and trained again on trials that were shuffled within their condition, as by dynetcp-dynamic
// --null.
#include "scenario.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/random.hpp>
#include <rewire/dynetcp/adam.hpp>
#include <rewire/dynetcp/averages.hpp>
#include <rewire/dynetcp/dynamic_model.hpp>
#include <rewire/dynetcp/dynamics.hpp>
#include <rewire/dynetcp/static_fit.hpp>
#include <rewire/dynetcp/static_training.hpp>
#include <rewire/dynetcp/weight_null.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace rewire::calibration {

namespace {

using base::at;
using dynetcp::TrialValues;

constexpr auto neurons = std::int64_t{4};
constexpr auto trials = std::int64_t{48};
constexpr auto trained_trials = std::int64_t{32}; ///< the others are shown
constexpr auto bins = std::int64_t{40};
constexpr auto lags = std::int64_t{3};
constexpr auto batch = std::int64_t{8};
constexpr auto epochs = std::int64_t{5};
constexpr auto window = std::int64_t{10};
constexpr auto null_models = std::int64_t{19};
constexpr auto lambda = 0.1;
constexpr auto levels = std::array{0.05, 0.01, 0.001};

/// What neurons share.
struct PopulationModel
{
    double gain_sd = 0;      ///< of all rates of a trial together, in logarithms
    double transmission = 0; ///< of spikes of neuron 0 to 1, a bin later, in the middle of trials
    std::int64_t chosen = 0; ///< edges of the largest static weights alone are tested; 0: all
};

/// Trials of two conditions in turns; rates go up and down within the trial, each neuron's in its
/// own way in each condition.
TrialValues spikes_of(const PopulationModel& model, std::uint64_t seed)
{
    auto draw = base::Stream(seed, {base::key_of("population in trials")});
    auto phase = std::vector<double>{};
    for (std::int64_t k = 0; k < 2 * neurons; ++k)
        phase.push_back(2 * std::numbers::pi * draw.uniform());
    auto dense = std::vector<double>(at(trials * bins * neurons), 0);
    const auto place = [](std::int64_t trial, std::int64_t bin, std::int64_t neuron) {
        return at((trial * bins + bin) * neurons + neuron);
    };
    for (std::int64_t trial = 0; trial < trials; ++trial) {
        const auto gain = std::exp(model.gain_sd * draw.normal());
        for (std::int64_t bin = 0; bin < bins; ++bin) {
            for (std::int64_t neuron = 0; neuron < neurons; ++neuron) {
                const auto wave = std::sin(2 * std::numbers::pi * static_cast<double>(bin) / bins +
                                           phase[at(2 * neuron + trial % 2)]);
                if (draw.uniform() < 0.08 * gain * (1 + 0.8 * wave))
                    dense[place(trial, bin, neuron)] = 1;
            }
            const auto middle = bin >= bins / 4 && bin < 3 * bins / 4;
            if (middle && dense[place(trial, bin - 1, 0)] != 0 &&
                draw.uniform() < model.transmission)
                dense[place(trial, bin, 1)] = 1;
        }
    }
    return dynetcp::trial_values(dense, trials, bins, neurons);
}

TrialValues trials_from(const TrialValues& values, std::int64_t first, std::int64_t last)
{
    auto some = std::vector<std::int64_t>(at(last - first));
    std::iota(some.begin(), some.end(), first);
    return dynetcp::selected(values, some);
}

/// Along the gradient with a step that is halved until it helps: the problem is small and convex.
dynetcp::Minimum minimum_of(const dynetcp::Objective& objective, std::vector<double> start)
{
    auto minimum = dynetcp::Minimum{.at = std::move(start)};
    auto gradient = std::vector<double>(minimum.at.size());
    auto next_gradient = gradient;
    minimum.value = objective(minimum.at, gradient);
    auto step = 1.0;
    for (auto iteration = 0; iteration < 200 && step > 1e-12; ++iteration) {
        auto next = minimum.at;
        for (std::size_t k = 0; k < next.size(); ++k)
            next[k] -= step * gradient[k];
        const auto value = objective(next, next_gradient);
        if (value < minimum.value) {
            minimum.at = std::move(next);
            minimum.value = value;
            gradient = next_gradient;
            step *= 1.5;
        } else {
            step /= 2;
        }
    }
    return minimum;
}

/// Parameters from the static optimum and the encoder's start.
std::vector<float> beginning(const dynetcp::DynamicLayout& layout, const TrialValues& train,
                             std::uint64_t seed)
{
    auto parameters = dynetcp::initial_encoder(layout, seed, 1);
    const auto rates = dynetcp::mean_values(train);
    for (std::int64_t receiver = 0; receiver < neurons; ++receiver) {
        const auto loss = dynetcp::ReceiverLoss(train, {neurons, lags}, receiver, lambda);
        const auto fit = dynetcp::fitted_receiver(loss, rates, {}, minimum_of);
        for (const auto value : fit.at)
            parameters.push_back(static_cast<float>(value));
    }
    const auto shape = dynetcp::StaticShape{neurons, lags};
    dynetcp::mask_self_lag_0<float>(shape,
                                    std::span(parameters).subspan(at(layout.encoder_parameters())));
    return parameters;
}

void train_encoder(const dynetcp::DynamicLayout& layout, const TrialValues& train,
                   std::vector<float>& parameters)
{
    auto network = dynetcp::DynamicModel<float>(layout, bins, dynetcp::DynamicTraining::encoder);
    auto state = dynetcp::AdamState<float>{};
    auto gradient = std::vector<float>(at(network.trained()));
    for (std::int64_t step = 0; step < epochs * (trained_trials / batch); ++step) {
        const auto first = step * batch % trained_trials;
        std::fill(gradient.begin(), gradient.end(), 0.0F);
        network.set(parameters);
        for (auto trial = first; trial < first + batch; ++trial)
            network.add_trial(train, trial, 1.0 / static_cast<double>(batch), lambda, gradient);
        dynetcp::adam_step<float>({.learning_rate = 1e-2}, state, gradient,
                                  dynetcp::clip_factor(dynetcp::norm_of<float>(gradient), 5),
                                  std::span(parameters).first(gradient.size()));
    }
}

/// Smoothed weight of every edge at its functional lag, times the sign of its static weight, of the
/// trials that are shown: [edge, bin].
std::vector<float> strengths_of(const TrialValues& values, const dynetcp::DynamicLayout& layout,
                                std::uint64_t seed)
{
    const auto train = trials_from(values, 0, trained_trials);
    const auto shown = trials_from(values, trained_trials, trials);
    auto parameters = beginning(layout, train, seed);
    train_encoder(layout, train, parameters);
    auto network = dynetcp::DynamicModel<float>(layout, bins, dynetcp::DynamicTraining::encoder);
    network.set(parameters);
    const auto shape = dynetcp::StaticShape{neurons, lags};
    const auto fixed_of = [&](const dynetcp::Edge& edge) {
        return std::span<const float>(parameters)
            .subspan(at(layout.encoder_parameters() + edge.receiver * shape.parameters() +
                        edge.sender * lags),
                     at(lags));
    };
    auto sums = std::vector<dynetcp::SpikeAlignedSums>(layout.edges().size(),
                                                       dynetcp::SpikeAlignedSums(bins, 1));
    for (std::int64_t trial = 0; trial < shown.trials; ++trial)
        network.visit_aligned(
            shown, trial, 0, std::ssize(layout.incoming()),
            [&](std::int64_t bin, const auto& into, std::span<const float> offsets) {
                for (std::size_t k = 0; k < into.edge.size(); ++k) {
                    const auto fixed = fixed_of(layout.edges()[at(into.edge[k])]);
                    const auto lag = dynetcp::functional_lag(fixed);
                    const auto spikes = shown.row(trial, into.sender[k]).bin;
                    if (!std::binary_search(spikes.begin(), spikes.end(), bin - lag))
                        continue;
                    auto& sum = sums[at(into.edge[k])];
                    sum.weight[at(bin)] +=
                        static_cast<double>(fixed[at(lag)] + offsets[k * at(lags) + at(lag)]);
                    sum.spikes[at(bin)] += 1;
                }
            });
    auto strengths = std::vector<float>{};
    for (std::size_t edge = 0; edge < sums.size(); ++edge) {
        const auto fixed = fixed_of(layout.edges()[edge]);
        const auto sign = fixed[at(dynetcp::functional_lag(fixed))] < 0 ? -1.0 : 1.0;
        const auto average = dynetcp::average_of(sums[edge], window);
        for (std::int64_t bin = 0; bin < bins; ++bin)
            strengths.push_back(average.spikes[at(bin)] > 0
                                    ? static_cast<float>(sign * average.weight[at(bin)])
                                    : std::nanf(""));
    }
    return strengths;
}

dynetcp::DynamicLayout layout_of(std::vector<dynetcp::Edge> edges)
{
    return {{.hidden = 8, .frequencies = 4, .embedding = 8, .time = 8, .lags = lags},
            neurons,
            std::move(edges)};
}

/// Those of the largest static weights at their functional lag, of the spikes that are tested.
std::vector<dynetcp::Edge> chosen_edges(const TrialValues& values, std::int64_t count,
                                        std::uint64_t seed)
{
    auto edges = dynetcp::all_pairs(neurons);
    const auto layout = layout_of(edges);
    const auto parameters = beginning(layout, trials_from(values, 0, trained_trials), seed);
    const auto shape = dynetcp::StaticShape{neurons, lags};
    const auto size = [&](const dynetcp::Edge& edge) {
        const auto weights =
            std::span(parameters)
                .subspan(at(layout.encoder_parameters() + edge.receiver * shape.parameters() +
                            edge.sender * lags),
                         at(lags));
        return std::abs(weights[at(dynetcp::functional_lag(weights))]);
    };
    std::sort(edges.begin(), edges.end(),
              [&](const auto& a, const auto& b) { return size(a) > size(b); });
    edges.resize(at(count));
    return edges;
}

/// What the tests of all edges gave, those of nothing and those of the connection apart.
struct Tested
{
    std::vector<double> p_max;
    std::vector<double> p_bin;
    std::vector<double> planted;
};

Tested test_edges(const PopulationModel& model, std::uint64_t seed)
{
    const auto values = spikes_of(model, seed);
    auto condition = std::vector<std::int32_t>{};
    for (std::int64_t trial = 0; trial < trials; ++trial)
        condition.push_back(static_cast<std::int32_t>(trial % 2));
    const auto layout = layout_of(model.chosen > 0 ? chosen_edges(values, model.chosen, seed)
                                                   : dynetcp::all_pairs(neurons));
    const auto observed = strengths_of(values, layout, seed);
    auto null = std::vector<std::vector<float>>(layout.edges().size()); // [edge][model, bin]
    for (std::int64_t number = 0; number < null_models; ++number) {
        const auto strengths = strengths_of(
            dynetcp::shuffled_over_trials(values, condition, seed, 1, number), layout, seed);
        for (std::size_t edge = 0; edge < null.size(); ++edge) {
            const auto from = strengths.begin() + static_cast<std::ptrdiff_t>(edge * at(bins));
            null[edge].insert(null[edge].end(), from, from + bins);
        }
    }
    auto tested = Tested{};
    for (std::size_t edge = 0; edge < null.size(); ++edge) {
        const auto test =
            dynetcp::test_edge(std::span(observed).subspan(edge * at(bins), at(bins)), null[edge]);
        const auto& [sender, receiver] = layout.edges()[edge];
        // What drives a neuron is shared with it in both directions, by its spikes' echo.
        const auto near = sender + receiver == 1;
        if (model.transmission > 0 && near) {
            if (sender == 0)
                tested.planted.push_back(test.p_max);
            continue;
        }
        tested.p_max.push_back(test.p_max);
        for (const auto p : test.p_bin)
            if (!std::isnan(p))
                tested.p_bin.push_back(p);
    }
    return tested;
}

double share_below(const std::vector<double>& p, double level)
{
    return static_cast<double>(
        std::count_if(p.begin(), p.end(), [&](double one) { return one <= level; }));
}

Findings measure(const PopulationModel& model, std::uint64_t seed)
{
    const auto tested = test_edges(model, seed);
    auto findings =
        Findings{{"p_max", Quantity::rate, levels[0], share_below(tested.p_max, levels[0]),
                  static_cast<double>(tested.p_max.size())}};
    for (const auto level : levels)
        findings.push_back({"p_value of a bin", Quantity::rate, level,
                            share_below(tested.p_bin, level),
                            static_cast<double>(tested.p_bin.size())});
    if (model.transmission > 0)
        findings.push_back(
            {"p_max", Quantity::power, levels[0], share_below(tested.planted, levels[0]), 1});
    return findings;
}

Scenario scenario(std::string name, std::string says, const PopulationModel& model,
                  std::int64_t checked, std::vector<Band> bands)
{
    return {.family = "dynamic",
            .name = std::move(name),
            .says = std::move(says),
            .seconds = 3,
            .data_sets = 200,
            .checked = checked,
            .measure = [=](std::uint64_t seed) { return measure(model, seed); },
            .bands = std::move(bands),
            .write = {}};
}

} // namespace

std::vector<Scenario> dynamic_scenarios()
{
    // Ranks are exact; the tail of single bins is fitted to 19 values, and goes with its smoothing.
    const auto bands = std::vector<Band>{{"p_max", Quantity::rate, 0.05, 0.7, 1.3},
                                         {"p_value of a bin", Quantity::rate, 0.05, 0.7, 1.3},
                                         {"p_value of a bin", Quantity::rate, 0.01, 0.5, 2}};
    return {
        scenario("conditions",
                 "4 neurons, 48 trials of two conditions that change their rates; 19 null models",
                 {}, 12, bands),
        // The null breaks that connection, too, so that what is tested is not the edge alone.
        scenario("connected",
                 "the same, one drives another in the middle of trials; rates are of the other "
                 "edges, power of this one",
                 {.transmission = 0.7}, 0, {{"p_max", Quantity::power, 0.05, 0.8}}),
        scenario("gain", "all rates of a trial vary together, which shuffled trials do not",
                 {.gain_sd = 0.5}, 0, {}),
        // A null model has these edges without having chosen them.
        scenario("chosen", "nothing is shared; the 3 edges of the largest static weights",
                 {.chosen = 3}, 0, {}),
    };
}

} // namespace rewire::calibration
