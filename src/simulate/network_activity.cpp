#include "rewire/simulate/network_activity.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace rewire::simulate {

namespace {

using Train = std::vector<double>; ///< ms

constexpr auto none = std::numeric_limits<double>::quiet_NaN();
constexpr auto most_synapses = std::size_t{100};
constexpr auto reach_ms = 20;
constexpr auto chance_until_ms = -5; ///< before it nothing of the pair acts

double mean_of(std::span<const double> values)
{
    if (values.empty())
        return none;
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Of the intervals; NaN of fewer than 10 spikes.
double variation_of(const Train& train)
{
    if (train.size() < 10)
        return none;
    auto interval = std::vector<double>{};
    for (std::size_t k = 1; k < train.size(); ++k)
        interval.push_back(train[k] - train[k - 1]);
    const auto mean = mean_of(interval);
    auto squares = 0.0;
    for (const auto one : interval)
        squares += (one - mean) * (one - mean);
    return std::sqrt(squares / static_cast<double>(interval.size())) / mean;
}

CellActivity activity_of(std::span<const Train> trains, std::span<const std::uint8_t> recorded,
                         double duration_s)
{
    auto rate = std::vector<double>{};
    auto variation = std::vector<double>{};
    for (std::size_t cell = 0; cell < trains.size(); ++cell) {
        if (recorded[cell] == 0)
            continue;
        rate.push_back(static_cast<double>(trains[cell].size()) / duration_s);
        if (const auto own = variation_of(trains[cell]); !std::isnan(own))
            variation.push_back(own);
    }
    std::sort(rate.begin(), rate.end());
    const auto quantile = [&](double share) {
        return rate.empty() ? none
                            : rate[static_cast<std::size_t>(
                                  std::lround(share * static_cast<double>(rate.size() - 1)))];
    };
    return {.cells = std::ssize(rate),
            .mean_hz = mean_of(rate),
            .low_hz = quantile(0.05),
            .high_hz = quantile(0.95),
            .variation = mean_of(variation)};
}

std::vector<Synapse> strongest_synapses(const HodgkinHuxleyParameters& parameters,
                                        const HodgkinHuxleyNetwork& network,
                                        std::span<const std::uint8_t> recorded)
{
    auto synapses = std::vector<Synapse>{};
    for (const auto& synapse : network.synapse)
        if (synapse.pre < parameters.excitatory &&
            recorded[static_cast<std::size_t>(synapse.pre)] != 0 &&
            recorded[static_cast<std::size_t>(synapse.post)] != 0)
            synapses.push_back(synapse);
    const auto kept = std::min(most_synapses, synapses.size());
    std::partial_sort(synapses.begin(), synapses.begin() + static_cast<std::ptrdiff_t>(kept),
                      synapses.end(),
                      [](const Synapse& a, const Synapse& b) { return a.weight > b.weight; });
    synapses.resize(kept);
    return synapses;
}

SynapticEffect effect_of(std::span<const Synapse> synapses, std::span<const Train> trains)
{
    auto count = std::array<double, 2 * reach_ms>{}; // of lags -20 .. 20 ms
    for (const auto& synapse : synapses) {
        const auto& after = trains[static_cast<std::size_t>(synapse.post)];
        for (const auto before : trains[static_cast<std::size_t>(synapse.pre)])
            for (auto spike = std::upper_bound(after.begin(), after.end(), before - reach_ms);
                 spike != after.end() && *spike < before + reach_ms; ++spike)
                ++count[std::min(static_cast<std::size_t>(*spike - before + reach_ms),
                                 count.size() - 1)];
    }
    const auto chance = mean_of(std::span<const double>(count).first(reach_ms + chance_until_ms));
    const auto zero = count.begin() + reach_ms;
    const auto begin = std::find_if(
        zero, count.end(), [&](double bin) { return bin > chance + 4 * std::sqrt(chance); });
    const auto peak = std::max_element(zero, count.end());
    return {.synapses = std::ssize(synapses),
            .begins_ms = begin == count.end() ? none : static_cast<double>(begin - zero),
            .peak_ms = static_cast<double>(peak - zero),
            .peak_ratio = chance > 0 ? *peak / chance : none};
}

} // namespace

NetworkActivity network_activity(const HodgkinHuxleyParameters& parameters,
                                 const HodgkinHuxleyNetwork& network,
                                 std::span<const NetworkSpike> spikes,
                                 std::span<const std::uint8_t> recorded)
{
    auto trains = std::vector<Train>(recorded.size());
    for (const auto& spike : spikes)
        trains[static_cast<std::size_t>(spike.neuron)].push_back(spike.step * parameters.step_ms);
    const auto all = std::span<const Train>(trains);
    const auto excitatory = static_cast<std::size_t>(parameters.excitatory);
    return {.excitatory = activity_of(all.first(excitatory), recorded, parameters.duration_s),
            .inhibitory = activity_of(all.subspan(excitatory), recorded.subspan(excitatory),
                                      parameters.duration_s),
            .effect = effect_of(strongest_synapses(parameters, network, recorded), all)};
}

} // namespace rewire::simulate
