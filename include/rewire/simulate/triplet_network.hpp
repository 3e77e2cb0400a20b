#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

/// Bernoulli neurons with planted triplets (the DyNetCP paper's test for false positives; methods
/// page, spikes e, and dynetcp 7): in a chain 1 -> 2 -> 3 and under a common input 1 -> 2, 1 -> 3,
/// one pair of the three is correlated without a connection. Connections are active in the middle
/// half of the trial or in the outer quarters. Unlike in the published generator, every triplet is
/// labelled with the bins that it is active in, and no connection belongs to two triplets.
namespace rewire::simulate {

/// Defaults are those of the published medium data set.
struct TripletParameters
{
    std::int64_t neurons = 100;
    std::int64_t triplets = 50;
    std::int64_t trials = 600;
    std::int64_t bins = 500; ///< of a trial
    double bin_s = 0.001;
    double slowest = 0.002;      ///< probability of a background spike in a bin, drawn uniformly
    double fastest = 0.01;       ///< for every neuron between these
    double transmission = 0.6;   ///< probability that a spike of pre makes one of post
    std::int64_t first_lag = 2;  ///< bins, of 1 -> 2
    std::int64_t second_lag = 1; ///< bins, of 2 -> 3 (chain) or 1 -> 3 (common input)
    std::uint64_t seed = 1;
};

/// @throws InputError naming the parameter that makes no recording
void check(const TripletParameters& parameters);

enum class TripletKind : std::uint8_t
{
    chain,
    common_input,
};
std::string_view name_of(TripletKind kind); ///< "chain of three", "common input"

struct Triplet
{
    std::array<std::int64_t, 3> neuron{}; ///< one of each third of the neurons
    TripletKind kind = TripletKind::chain;
    bool active_in_middle = true; ///< else in the outer quarters
};

struct TripletConnection
{
    std::int64_t pre = 0;
    std::int64_t post = 0;
    std::int64_t lag = 1;     ///< bins
    std::int64_t triplet = 0; ///< index
};

struct TripletNetwork
{
    std::vector<double> rate; ///< [neuron] background, probability in a bin
    std::vector<Triplet> triplets;
    std::vector<TripletConnection> connections; ///< two a triplet
};

/// Every recording has a network of its own.
/// @throws InputError as check()
TripletNetwork triplet_network(const TripletParameters& parameters, std::int64_t recording);

/// Bins in which the triplet is active: first .. last-1 of a trial, or all others.
struct ActiveBins
{
    std::int64_t first = 0;
    std::int64_t last = 0;
};
ActiveBins active_bins(const TripletParameters& parameters);

/// [neuron] bins with a spike, ascending, counted from the first bin of the first trial; trials lie
/// end to end. A bin holds one spike at most. Spikes that were transmitted are transmitted on. Each
/// trial has streams of its own. O(trials x bins x neurons).
std::vector<std::vector<std::int64_t>> triplet_spikes(const TripletParameters& parameters,
                                                      const TripletNetwork& network,
                                                      std::int64_t recording);

} // namespace rewire::simulate
