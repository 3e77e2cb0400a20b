#include <rewire/base/error.hpp>
#include <rewire/simulate/triplet_network.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

using namespace rewire;
using namespace rewire::simulate;

namespace {

/// Part of the spikes of `pre` in bins that transmit (or in those that do not) that are followed
/// by one of `post` after the lag.
double followed(const TripletParameters& parameters, const std::vector<std::int64_t>& pre,
                const std::vector<std::int64_t>& post, std::int64_t lag, bool middle)
{
    const auto border = active_bins(parameters);
    auto spikes = 0.0;
    auto hits = 0.0;
    for (const auto spike : pre) {
        const auto bin = spike % parameters.bins;
        if (bin + lag >= parameters.bins)
            continue;
        // Away from the borders, where the rule for both ends of a connection differs.
        const auto inside = bin >= border.first + 8 && bin < border.last - 8;
        const auto outside = bin < border.first - 8 || bin >= border.last + 8;
        if (!(middle ? inside : outside))
            continue;
        ++spikes;
        hits += std::binary_search(post.begin(), post.end(), spike + lag) ? 1 : 0;
    }
    return hits / spikes;
}

} // namespace

TEST(TripletNetwork, HasDistinctConnectionsOfTheThreeThirds)
{
    const auto parameters = TripletParameters{};

    const auto network = triplet_network(parameters, 0);

    ASSERT_EQ(network.triplets.size(), 50);
    ASSERT_EQ(network.connections.size(), 100);
    auto pairs = std::set<std::pair<std::int64_t, std::int64_t>>{};
    auto chains = 0;
    for (const auto& connection : network.connections)
        pairs.emplace(connection.pre, connection.post);
    EXPECT_EQ(pairs.size(), 100);
    for (std::size_t t = 0; t < network.triplets.size(); ++t) {
        const auto& [neuron, kind, middle] = network.triplets[t];
        for (std::size_t k = 0; k < 3; ++k)
            EXPECT_EQ(neuron[k] / 33, static_cast<std::int64_t>(k));
        const auto& first = network.connections[2 * t];
        const auto& second = network.connections[2 * t + 1];
        EXPECT_EQ(first.pre, neuron[0]);
        EXPECT_EQ(first.post, neuron[1]);
        EXPECT_EQ(first.lag, 2);
        EXPECT_EQ(second.pre, kind == TripletKind::chain ? neuron[1] : neuron[0]);
        EXPECT_EQ(second.post, neuron[2]);
        EXPECT_EQ(second.lag, 1);
        chains += kind == TripletKind::chain;
    }
    EXPECT_GT(chains, 10);
    EXPECT_LT(chains, 40);
}

TEST(TripletNetwork, TransmitsWhereItsLabelSaysAndNowhereElse)
{
    auto parameters = TripletParameters{};
    parameters.triplets = 12;
    const auto network = triplet_network(parameters, 0);

    const auto spikes = triplet_spikes(parameters, network, 0);

    auto incoming = std::vector<int>(network.rate.size(), 0);
    for (const auto& connection : network.connections)
        ++incoming[static_cast<std::size_t>(connection.post)];
    for (const auto& connection : network.connections) {
        const auto& pre = spikes[static_cast<std::size_t>(connection.pre)];
        const auto& post = spikes[static_cast<std::size_t>(connection.post)];
        const auto middle =
            network.triplets[static_cast<std::size_t>(connection.triplet)].active_in_middle;
        const auto active = followed(parameters, pre, post, connection.lag, middle);
        const auto silent = followed(parameters, pre, post, connection.lag, !middle);
        // Several hundred spikes: a standard error of about 0.02.
        EXPECT_NEAR(active, 0.6, 0.1);
        if (incoming[static_cast<std::size_t>(connection.post)] == 1)
            EXPECT_LT(silent, 0.06);
    }
}

TEST(TripletNetwork, BackgroundRatesAreAsDrawn)
{
    auto parameters = TripletParameters{};
    parameters.triplets = 0;
    const auto network = triplet_network(parameters, 3);

    const auto spikes = triplet_spikes(parameters, network, 3);

    const auto bins = static_cast<double>(parameters.trials * parameters.bins);
    for (std::size_t neuron = 0; neuron < spikes.size(); ++neuron) {
        EXPECT_GE(network.rate[neuron], parameters.slowest);
        EXPECT_LE(network.rate[neuron], parameters.fastest);
        const auto expected = network.rate[neuron] * bins;
        EXPECT_NEAR(static_cast<double>(spikes[neuron].size()), expected, 5 * std::sqrt(expected));
        EXPECT_TRUE(std::is_sorted(spikes[neuron].begin(), spikes[neuron].end()));
    }
}

TEST(TripletNetwork, RecordingsDifferAndAreTheSameAgain)
{
    auto parameters = TripletParameters{};
    parameters.trials = 20;

    const auto first = triplet_spikes(parameters, triplet_network(parameters, 0), 0);

    EXPECT_EQ(triplet_spikes(parameters, triplet_network(parameters, 0), 0), first);
    EXPECT_NE(triplet_spikes(parameters, triplet_network(parameters, 1), 1), first);
}

TEST(TripletNetwork, RefusesWhatMakesNoRecording)
{
    auto few = TripletParameters{};
    few.neurons = 9;
    EXPECT_THROW(check(few), base::InputError);
    auto loud = TripletParameters{};
    loud.transmission = 1.5;
    EXPECT_THROW(check(loud), base::InputError);
    auto late = TripletParameters{};
    late.first_lag = 125;
    EXPECT_THROW(check(late), base::InputError);
}
