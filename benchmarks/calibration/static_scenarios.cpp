// The scenarios of static connectivity: populations in trials, modelled and called as by
// dynetcp-static with its defaults (1 ms, 100 lags, pattern jitter, lambda auto, 7 SD). Its rule
// has no p-value, so what is counted is how many pairs it calls.
#include "scenario.hpp"

#include <rewire/base/index.hpp>
#include <rewire/base/random.hpp>
#include <rewire/dynetcp/connections.hpp>
#include <rewire/dynetcp/static_fit.hpp>
#include <rewire/linalg/minimise.hpp>
#include <rewire/simulate/triplet_network.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>
#include <utility>

namespace rewire::calibration {

namespace {

using base::at;
using dynetcp::TrialValues;
using Pair = std::pair<std::int64_t, std::int64_t>; ///< sender, receiver

constexpr auto static_lags = std::int64_t{101}; ///< 0 .. 100
constexpr auto jitter_window = std::int64_t{25};
constexpr auto searched = std::int64_t{10}; ///< lags 1 .. of the largest weight
constexpr auto validated = 0.2;             ///< of the trials
constexpr auto no_level = 1.0;              ///< of a rule that has no error rate

/// Units that share the courses of their rates over the trial, and nothing else.
struct UnconnectedModel
{
    std::int64_t units = 8;
    std::int64_t trials = 120;
    std::int64_t bins = 250;
    double rate = 0.03; ///< a bin
};

TrialValues unconnected_spikes(const UnconnectedModel& model, std::uint64_t seed)
{
    auto draw = base::Stream(seed, {base::key_of("unconnected units in trials")});
    auto values = TrialValues{.trials = model.trials, .bins = model.bins, .neurons = model.units};
    for (std::int64_t trial = 0; trial < model.trials; ++trial)
        for (std::int64_t unit = 0; unit < model.units; ++unit) {
            for (std::int64_t bin = 0; bin < model.bins; ++bin) {
                const auto turn = static_cast<double>(bin) / static_cast<double>(model.bins);
                const auto course = 1 + 0.6 * std::sin(4 * std::numbers::pi * turn);
                if (draw.uniform() < model.rate * course)
                    values.bin.push_back(static_cast<std::int32_t>(bin));
            }
            values.start.push_back(std::ssize(values.bin));
        }
    return values;
}

dynetcp::Minimum minimum_by_steps(const dynetcp::Objective& objective, std::vector<double> start)
{
    auto found = linalg::minimise(objective, std::move(start));
    return {std::move(found.at), found.value, found.gradient_norm, found.evaluations};
}

/// The lambda of the best likelihood of held-out trials, summed over receivers: of penalties a
/// weight of 1e-1 to 10^-5.5 in half decades.
double chosen_lambda(const TrialValues& train, const TrialValues& validation,
                     const dynetcp::StaticShape& shape)
{
    constexpr auto first_half_decade = -2;
    auto path = std::array<double, 10>{};
    for (std::size_t k = 0; k < path.size(); ++k)
        path.at(k) = static_cast<double>(shape.weights()) *
                     std::pow(10.0, (first_half_decade - static_cast<double>(k)) / 2);
    auto sum = std::array<double, path.size()>{};
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver) {
        const auto nll =
            dynetcp::held_out_path(train, validation, shape, receiver, path, minimum_by_steps);
        for (std::size_t k = 0; k < path.size(); ++k)
            sum.at(k) += nll[k];
    }
    return path.at(at(std::min_element(sum.begin(), sum.end()) - sum.begin()));
}

struct StaticWeights
{
    std::vector<double> weight;    ///< [sender, receiver, lag]
    std::vector<double> corrected; ///< less those of jittered trains
    std::vector<double> rate;      ///< a bin, of the trials to train on
};

StaticWeights fitted_weights(const TrialValues& values)
{
    const auto train_trials =
        values.trials - std::llround(validated * static_cast<double>(values.trials));
    auto order = std::vector<std::int64_t>(at(values.trials));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    const auto train = dynetcp::selected(values, std::span(order).first(at(train_trials)));
    const auto validation = dynetcp::selected(values, std::span(order).subspan(at(train_trials)));
    const auto shape = dynetcp::StaticShape{values.neurons, static_lags};
    const auto windows = dynetcp::WindowTrains(train, jitter_window, dynetcp::WindowShape::mean);
    const auto twin = windows.values();
    const auto lambda = chosen_lambda(train, validation, shape);
    const auto size = at(shape.neurons * shape.neurons * shape.lags);
    auto result = StaticWeights{std::vector<double>(size, 0), std::vector<double>(size, 0),
                                dynetcp::mean_values(train)};
    for (std::int64_t receiver = 0; receiver < shape.neurons; ++receiver) {
        const auto own =
            dynetcp::fitted_receiver(dynetcp::ReceiverLoss(train, shape, receiver, lambda),
                                     result.rate, {}, minimum_by_steps);
        const auto jittered =
            dynetcp::fitted_receiver(dynetcp::ReceiverLoss(twin, shape, receiver, lambda, &windows),
                                     result.rate, {}, minimum_by_steps);
        for (std::int64_t sender = 0; sender < shape.neurons; ++sender)
            for (std::int64_t lag = 0; lag < shape.lags; ++lag) {
                const auto from = at(sender * shape.lags + lag);
                const auto to = at((sender * shape.neurons + receiver) * shape.lags + lag);
                result.weight[to] = own.at[from];
                result.corrected[to] = own.at[from] - jittered.at[from];
            }
    }
    return result;
}

/// @param asked pairs that the rule is asked about; empty: all
std::vector<Pair> called(const StaticWeights& weights, std::int64_t units,
                         const std::function<bool(std::int64_t, std::int64_t)>& asked = {})
{
    auto pairs = std::vector<Pair>{};
    for (const auto& one :
         dynetcp::static_connections(weights.corrected, units, static_lags, {}, asked))
        pairs.emplace_back(one.sender, one.receiver);
    return pairs;
}

/// So many directed pairs of the largest weight over lags 1 to 10.
std::vector<Pair> largest(const std::vector<double>& weights, std::int64_t units, std::size_t count)
{
    auto by_weight = std::multimap<double, Pair, std::greater<>>{};
    for (std::int64_t sender = 0; sender < units; ++sender)
        for (std::int64_t receiver = 0; receiver < units; ++receiver) {
            const auto first = weights.begin() + (sender * units + receiver) * static_lags + 1;
            if (sender != receiver)
                by_weight.emplace(*std::max_element(first, first + searched),
                                  Pair{sender, receiver});
        }
    auto pairs = std::vector<Pair>{};
    for (const auto& [weight, pair] : by_weight)
        if (pairs.size() < count)
            pairs.push_back(pair);
    return pairs;
}

Findings measure_unconnected(const UnconnectedModel& model, std::uint64_t seed)
{
    const auto values = unconnected_spikes(model, seed);
    const auto weights = fitted_weights(values);
    const auto enough = [&](std::int64_t i, std::int64_t j) {
        return dynetcp::pair_spikes(1e3 * weights.rate[at(i)], 1e3 * weights.rate[at(j)],
                                    model.trials) >= 4800;
    };
    auto asked = 0.0;
    for (std::int64_t i = 0; i < model.units; ++i)
        for (auto j = i + 1; j < model.units; ++j)
            asked += enough(i, j) ? 1 : 0;
    const auto all = static_cast<double>(model.units * (model.units - 1) / 2);
    return {{"connection, any pair", Quantity::rate, no_level,
             static_cast<double>(called(weights, model.units).size()), all},
            {"connection, alpha_p 4800", Quantity::rate, no_level,
             static_cast<double>(called(weights, model.units, enough).size()), asked}};
}

/// What some calls are of, in a network of triplets.
struct CallsOfTriplets
{
    double planted = 0; ///< with their direction
    double reverse = 0;
    double indirect = 0;
    double unconnected = 0;

    double all() const { return planted + reverse + indirect + unconnected; }
};

enum class Between : std::uint8_t
{
    planted,
    reverse,
    indirect,
};

CallsOfTriplets calls_of(const std::vector<Pair>& pairs, const std::map<Pair, Between>& truth)
{
    auto calls = CallsOfTriplets{};
    for (const auto& pair : pairs) {
        const auto found = truth.find(pair);
        (found == truth.end()                ? calls.unconnected
         : found->second == Between::planted ? calls.planted
         : found->second == Between::reverse ? calls.reverse
                                             : calls.indirect) += 1;
    }
    return calls;
}

std::map<Pair, Between> truth_of(const simulate::TripletNetwork& network)
{
    auto truth = std::map<Pair, Between>{};
    for (const auto& triplet : network.triplets)
        for (const auto a : triplet.neuron)
            for (const auto b : triplet.neuron)
                if (a != b)
                    truth[{a, b}] = Between::indirect;
    for (const auto& connection : network.connections) {
        truth[{connection.pre, connection.post}] = Between::planted;
        truth[{connection.post, connection.pre}] = Between::reverse;
    }
    return truth;
}

TrialValues triplet_values(const simulate::TripletParameters& parameters,
                           const simulate::TripletNetwork& network)
{
    const auto spikes = simulate::triplet_spikes(parameters, network, 0);
    auto values = TrialValues{
        .trials = parameters.trials, .bins = parameters.bins, .neurons = parameters.neurons};
    auto next = std::vector<std::size_t>(spikes.size(), 0);
    for (std::int64_t trial = 0; trial < values.trials; ++trial)
        for (std::size_t unit = 0; unit < spikes.size(); ++unit) {
            const auto first = trial * values.bins;
            for (auto& k = next[unit];
                 k < spikes[unit].size() && spikes[unit][k] < first + values.bins; ++k)
                values.bin.push_back(static_cast<std::int32_t>(spikes[unit][k] - first));
            values.start.push_back(std::ssize(values.bin));
        }
    return values;
}

Findings measure_triplets(simulate::TripletParameters parameters, std::uint64_t seed)
{
    parameters.seed = seed;
    const auto network = simulate::triplet_network(parameters, 0);
    const auto weights = fitted_weights(triplet_values(parameters, network));
    const auto truth = truth_of(network);
    const auto planted = static_cast<double>(network.connections.size());
    // Of the three pairs of a triplet two are planted.
    const auto indirect = static_cast<double>(network.triplets.size());
    const auto pairs = static_cast<double>(parameters.neurons * (parameters.neurons - 1) / 2);
    auto findings = Findings{};
    const auto add = [&](const std::string& by, const std::vector<Pair>& some) {
        const auto calls = calls_of(some, truth);
        const auto wrong = calls.all() - calls.planted;
        findings.push_back(
            {by, Quantity::fdr, no_level, calls.all() > 0 ? wrong / calls.all() : 0, 1});
        findings.push_back({by, Quantity::power, no_level, calls.planted, planted});
        findings.push_back(
            {by + ", indirect pairs", Quantity::rate, no_level, calls.indirect, indirect});
        findings.push_back({by + ", unconnected pairs", Quantity::rate, no_level, calls.unconnected,
                            pairs - planted - indirect});
    };
    add("connection", called(weights, parameters.neurons));
    add("largest weights, as many as planted",
        largest(weights.weight, parameters.neurons, network.connections.size()));
    return findings;
}

} // namespace

std::vector<Scenario> static_scenarios()
{
    const auto unconnected = [](std::string name, std::string says, const UnconnectedModel& model,
                                std::int64_t checked, std::vector<Band> bands) {
        return Scenario{
            .family = "static",
            .name = std::move(name),
            .says = std::move(says),
            .seconds = 1.5,
            .data_sets = 200,
            .checked = checked,
            .measure = [=](std::uint64_t seed) { return measure_unconnected(model, seed); },
            .bands = std::move(bands),
            .write = {}};
    };
    const auto triplets = [](std::string name, std::string says,
                             const simulate::TripletParameters& parameters, std::int64_t checked,
                             std::vector<Band> bands) {
        return Scenario{
            .family = "static",
            .name = std::move(name),
            .says = std::move(says),
            .seconds = 4,
            .data_sets = 50,
            .checked = checked,
            .measure = [=](std::uint64_t seed) { return measure_triplets(parameters, seed); },
            .bands = std::move(bands),
            .write = {}};
    };
    return {
        unconnected("nothing", "8 units of 30 Hz that follow the trial alike, 120 trials of 0.25 s",
                    {}, 4, {{"connection, alpha_p 4800", Quantity::rate, no_level, 0, 0.01}}),
        unconnected("few spikes", "the same at 5 Hz: every pair is below alpha_p", {.rate = 0.005},
                    0, {}),
        triplets("triplets",
                 "12 units of 2 to 10 Hz, 4 triplets, 400 trials of 0.5 s; any pair is asked",
                 {.neurons = 12, .triplets = 4, .trials = 400}, 2, {}),
    };
}

} // namespace rewire::calibration
