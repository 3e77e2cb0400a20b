#include "rewire/simulate/triplet_network.hpp"

#include "parameter_checks.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>

#include <set>
#include <utility>

namespace rewire::simulate {

namespace {

using base::key_of;
using base::Stream;

std::array<TripletConnection, 2> connections_of(const Triplet& triplet, std::int64_t index,
                                                const TripletParameters& parameters)
{
    const auto [first, second, third] = triplet.neuron;
    const auto from = triplet.kind == TripletKind::chain ? second : first;
    return {TripletConnection{first, second, parameters.first_lag, index},
            TripletConnection{from, third, parameters.second_lag, index}};
}

/// Whether a spike of `bin - lag` may be transmitted to `bin`.
bool transmits(const TripletParameters& parameters, const Triplet& triplet, std::int64_t bin,
               std::int64_t lag)
{
    const auto middle = active_bins(parameters);
    if (bin < lag)
        return false;
    if (triplet.active_in_middle)
        return bin - lag >= middle.first && bin + lag < middle.last;
    return bin + lag < middle.first || bin - lag >= middle.last;
}

/// u8 [neurons, bins] of one trial.
std::vector<std::uint8_t> trial_spikes(const TripletParameters& parameters,
                                       const TripletNetwork& network, std::int64_t recording,
                                       std::int64_t trial)
{
    const auto bins = parameters.bins;
    auto spikes = std::vector<std::uint8_t>(static_cast<std::size_t>(parameters.neurons * bins), 0);
    const auto at = [&](std::int64_t neuron, std::int64_t bin) -> std::uint8_t& {
        return spikes[static_cast<std::size_t>(neuron * bins + bin)];
    };
    auto background =
        Stream(parameters.seed, {key_of("triplets background"), name(recording), name(trial)});
    for (std::int64_t neuron = 0; neuron < parameters.neurons; ++neuron)
        for (std::int64_t bin = 0; bin < bins; ++bin)
            at(neuron, bin) =
                background.uniform() < network.rate[static_cast<std::size_t>(neuron)] ? 1 : 0;
    auto transmission =
        Stream(parameters.seed, {key_of("triplets transmission"), name(recording), name(trial)});
    for (std::int64_t bin = 0; bin < bins; ++bin)
        for (const auto& connection : network.connections) {
            const auto& triplet = network.triplets[static_cast<std::size_t>(connection.triplet)];
            if (transmits(parameters, triplet, bin, connection.lag) &&
                at(connection.pre, bin - connection.lag) != 0 &&
                transmission.uniform() < parameters.transmission)
                at(connection.post, bin) = 1;
        }
    return spikes;
}

} // namespace

std::string_view name_of(TripletKind kind)
{
    return kind == TripletKind::chain ? "chain of three" : "common input";
}

void check(const TripletParameters& parameters)
{
    const auto third = parameters.neurons / 3;
    require(parameters.neurons >= 3, "a triplet needs three neurons", "neurons",
            "give 3 neurons or more");
    // Connections are drawn until they are distinct, which takes long where few are left.
    require(parameters.triplets >= 0 && 4 * parameters.triplets <= third * third,
            "more triplets than distinct connections are easily found for", "triplets",
            "at most a quarter of (neurons / 3) squared");
    require(parameters.trials >= 1 && parameters.bins >= 8, "no trial to fill", "trials",
            "give one trial of 8 bins or more");
    require(parameters.bin_s > 0, "bins have no length", "bin", "give a length above 0");
    require(0 <= parameters.slowest && parameters.slowest <= parameters.fastest &&
                parameters.fastest <= 1,
            "probabilities of a spike lie between 0 and 1", "background", "give the slowest first");
    require(0 <= parameters.transmission && parameters.transmission <= 1,
            "a probability lies between 0 and 1", "transmission", "the published value: 0.6");
    require(parameters.first_lag >= 1 && parameters.second_lag >= 1 &&
                4 * parameters.first_lag < parameters.bins &&
                4 * parameters.second_lag < parameters.bins,
            "lags begin with one bin and fit into a quarter of the trial", "lag",
            "the published values: 2 and 1");
}

ActiveBins active_bins(const TripletParameters& parameters)
{
    return {parameters.bins / 4, parameters.bins - parameters.bins / 4};
}

TripletNetwork triplet_network(const TripletParameters& parameters, std::int64_t recording)
{
    check(parameters);
    auto network = TripletNetwork{};
    auto rates = Stream(parameters.seed, {key_of("triplets rates"), name(recording)});
    for (std::int64_t neuron = 0; neuron < parameters.neurons; ++neuron)
        network.rate.push_back(parameters.slowest +
                               (parameters.fastest - parameters.slowest) * rates.uniform());
    const auto third = parameters.neurons / 3;
    auto draw = Stream(parameters.seed, {key_of("triplets"), name(recording)});
    auto taken = std::set<std::pair<std::int64_t, std::int64_t>>{};
    while (std::ssize(network.triplets) < parameters.triplets) {
        auto triplet = Triplet{};
        for (std::size_t k = 0; k < triplet.neuron.size(); ++k)
            triplet.neuron[k] = static_cast<std::int64_t>(k) * third +
                                static_cast<std::int64_t>(draw.below(name(third)));
        triplet.kind = draw.uniform() < 0.5 ? TripletKind::chain : TripletKind::common_input;
        triplet.active_in_middle = draw.uniform() < 0.5;
        const auto connections = connections_of(triplet, std::ssize(network.triplets), parameters);
        if (taken.contains({connections[0].pre, connections[0].post}) ||
            taken.contains({connections[1].pre, connections[1].post}))
            continue;
        for (const auto& connection : connections) {
            taken.emplace(connection.pre, connection.post);
            network.connections.push_back(connection);
        }
        network.triplets.push_back(triplet);
    }
    return network;
}

std::vector<std::vector<std::int64_t>> triplet_spikes(const TripletParameters& parameters,
                                                      const TripletNetwork& network,
                                                      std::int64_t recording)
{
    auto result = std::vector<std::vector<std::int64_t>>(network.rate.size());
    for (std::int64_t trial = 0; trial < parameters.trials; ++trial) {
        const auto spikes = trial_spikes(parameters, network, recording, trial);
        auto next = spikes.begin();
        for (auto& train : result)
            for (std::int64_t bin = 0; bin < parameters.bins; ++bin, ++next)
                if (*next != 0)
                    train.push_back(trial * parameters.bins + bin);
    }
    return result;
}

} // namespace rewire::simulate
