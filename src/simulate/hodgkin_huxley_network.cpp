#include "rewire/simulate/hodgkin_huxley_network.hpp"

#include "parameter_checks.hpp"

#include <rewire/base/error.hpp>

#include <algorithm>
#include <bit>
#include <cmath>

namespace rewire::simulate {

namespace {

using base::key_of;
using base::Stream;

constexpr auto noise_ms = 0.5 * exchange_ms; ///< between draws of the noise
constexpr auto noise_excitatory_ms = 2.7;    ///< Destexhe et al. 2001
constexpr auto noise_inhibitory_ms = 10.5;
constexpr auto spike_mv = 0.0;
constexpr auto shortest_interval_ms = 2.0; ///< of crossings that count as two spikes

// Chosen: median of the conductance that an excitatory synapse opens, sd of its logarithm, and the
// largest; mean and sd of an inhibitory one. mS/cm^2
constexpr auto excitatory_median = 0.005;
constexpr auto excitatory_log_sd = 1.0;
constexpr auto excitatory_most = 0.25;
constexpr auto inhibitory_mean = 0.025;
constexpr auto inhibitory_sd = 0.006;

std::int64_t targets_of(const HodgkinHuxleyParameters& parameters, std::int64_t neuron)
{
    const auto share = neuron < parameters.excitatory ? parameters.excitatory_targets
                                                      : parameters.inhibitory_targets;
    return std::llround(share * static_cast<double>(parameters.neurons() - 1));
}

/// Conductance that is open on average where spikes come at the rate.
double mean_open(double rate_hz, double weight, double decay_ms)
{
    return 1e-3 * rate_hz * weight * decay_ms;
}

std::vector<Synapse> synapses_of(const HodgkinHuxleyParameters& parameters, std::int64_t recording,
                                 std::int64_t pre)
{
    auto draw = Stream(parameters.seed, {key_of("network synapses"), name(recording), name(pre)});
    auto post = base::distinct_below(draw, parameters.neurons() - 1, targets_of(parameters, pre));
    for (auto& target : post)
        target += target >= pre ? 1 : 0; // not itself
    std::sort(post.begin(), post.end());
    auto synapses = std::vector<Synapse>{};
    const auto excites = pre < parameters.excitatory;
    for (const auto target : post) {
        const auto weight =
            excites ? std::min(excitatory_most,
                               excitatory_median * std::exp(excitatory_log_sd * draw.normal()))
                    : std::max(0.0, inhibitory_mean + inhibitory_sd * draw.normal());
        const auto shortest = excites ? shortest_excitatory_ms : shortest_inhibitory_ms;
        const auto longest = excites ? longest_excitatory_ms : longest_inhibitory_ms;
        synapses.push_back({static_cast<std::int32_t>(pre), static_cast<std::int32_t>(target),
                            parameters.coupling * weight,
                            shortest + (longest - shortest) * draw.uniform()});
    }
    return synapses;
}

const Background& background_of(const HodgkinHuxleyParameters& parameters, std::int64_t neuron)
{
    return neuron < parameters.excitatory ? parameters.pyramidal : parameters.interneurons;
}

/// Of the Ornstein-Uhlenbeck process from one draw to the next.
double renewed(double value, double decay_ms, double sd, Stream& draw)
{
    const auto keep = std::exp(-noise_ms / decay_ms);
    return keep * value + sd * std::sqrt(1 - keep * keep) * draw.normal();
}

} // namespace

void check(const HodgkinHuxleyParameters& parameters)
{
    require(parameters.excitatory >= 0 && parameters.inhibitory >= 0 && parameters.neurons() >= 2,
            "a network needs two neurons", "excitatory", "give 2 neurons or more");
    require(0 <= parameters.excitatory_targets && parameters.excitatory_targets <= 1 &&
                0 <= parameters.inhibitory_targets && parameters.inhibitory_targets <= 1,
            "a neuron has a share of the others as targets", "targets", "give a number of [0, 1]");
    require(parameters.duration_s > 0 && parameters.settle_s >= 0, "nothing to simulate",
            "duration", "give a duration above 0");
    require(parameters.coupling >= 0, "weights cannot be negative", "coupling", "give 0 or more");
    const auto steps = noise_ms / parameters.step_ms;
    require(parameters.step_ms > 0 && parameters.step_ms <= 0.1 &&
                std::abs(steps - std::round(steps)) < 1e-9,
            "a step of the integration does not fit", "step",
            "give 0.1 ms or less, of which a whole number makes 0.5 ms");
}

HodgkinHuxleyNetwork hodgkin_huxley_network(const HodgkinHuxleyParameters& parameters,
                                            std::int64_t recording)
{
    check(parameters);
    auto network = HodgkinHuxleyNetwork{};
    auto inside = std::vector<Inputs>(static_cast<std::size_t>(parameters.neurons()));
    for (std::int64_t pre = 0; pre < parameters.neurons(); ++pre) {
        const auto excites = pre < parameters.excitatory;
        for (const auto& synapse : synapses_of(parameters, recording, pre)) {
            network.synapse.push_back(synapse);
            auto& open = inside[static_cast<std::size_t>(synapse.post)];
            (excites ? open.excitatory : open.inhibitory) +=
                excites ? mean_open(expected_excitatory_hz, synapse.weight, excitatory_decay_ms)
                        : mean_open(expected_inhibitory_hz, synapse.weight, inhibitory_decay_ms);
        }
    }
    auto draw = Stream(parameters.seed, {key_of("network background"), name(recording)});
    for (std::int64_t neuron = 0; neuron < parameters.neurons(); ++neuron) {
        const auto& background = background_of(parameters, neuron);
        const auto& open = inside[static_cast<std::size_t>(neuron)];
        const auto mean = background.excitatory_mean * (1 + background.spread * draw.normal());
        network.outside.push_back({std::max(0.0, mean - open.excitatory),
                                   std::max(0.0, background.inhibitory_mean - open.inhibitory)});
    }
    return network;
}

CellRange::CellRange(const HodgkinHuxleyParameters& parameters, const HodgkinHuxleyNetwork& network,
                     base::Range neurons, std::int64_t recording)
    : excitatory_(parameters.excitatory),
      neurons_(neurons),
      recording_(recording),
      seed_(parameters.seed),
      step_ms_(parameters.step_ms),
      steps_(steps_an_exchange(parameters)),
      pyramidal_{pyramidal_cell(), GateTable(pyramidal_cell(), step_ms_), parameters.pyramidal},
      interneuron_{fast_spiking_cell(), GateTable(fast_spiking_cell(), step_ms_),
                   parameters.interneurons},
      targets_(static_cast<std::size_t>(parameters.neurons())),
      slots_(std::bit_ceil(static_cast<std::size_t>(longest_effect_steps(parameters)) +
                           static_cast<std::size_t>(steps_) + 1))
{
    for (const auto& synapse : network.synapse)
        if (synapse.post >= neurons.first && synapse.post < neurons.last)
            targets_[static_cast<std::size_t>(synapse.pre)].push_back(
                {static_cast<std::int32_t>(synapse.post - neurons.first),
                 synapse.delay_ms / step_ms_, synapse.weight});
    outside_.assign(network.outside.begin() + neurons.first,
                    network.outside.begin() + neurons.last);
    cells_.resize(outside_.size());
    arrivals_.resize(outside_.size() * slots_);
}

std::int64_t CellRange::steps_an_exchange(const HodgkinHuxleyParameters& parameters)
{
    return 2 * std::llround(noise_ms / parameters.step_ms);
}

double CellRange::longest_effect_steps(const HodgkinHuxleyParameters& parameters)
{
    return std::max(longest_excitatory_ms, longest_inhibitory_ms) / parameters.step_ms;
}

std::vector<double> CellRange::initial_cells(const HodgkinHuxleyParameters& parameters,
                                             const HodgkinHuxleyNetwork& network,
                                             std::int64_t recording)
{
    constexpr auto lowest_mv = -75.0;
    constexpr auto highest_mv = -65.0;
    auto values = std::vector<double>{};
    auto draw = Stream(parameters.seed, {key_of("network begin"), name(recording)});
    for (std::int64_t neuron = 0; neuron < std::ssize(network.outside); ++neuron) {
        const auto model = neuron < parameters.excitatory ? pyramidal_cell() : fast_spiking_cell();
        const auto& background = background_of(parameters, neuron);
        const auto potential_mv = lowest_mv + (highest_mv - lowest_mv) * draw.uniform();
        values.push_back(potential_mv);
        for (const auto gate : resting_gates(model, potential_mv))
            values.push_back(gate);
        values.insert(values.end(), {0.0, 0.0}); // synapses
        values.push_back(background.excitatory_sd * draw.normal());
        values.push_back(background.inhibitory_sd * draw.normal());
        values.push_back(-2 * shortest_interval_ms / parameters.step_ms);
    }
    return values;
}

void CellRange::begin_block(std::int64_t number, std::int64_t step, std::span<const double> cells,
                            std::span<const NetworkSpike> recent)
{
    now_ = step;
    draw_.clear();
    for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
        const auto neuron = neurons_.first + static_cast<std::int64_t>(cell);
        draw_.emplace_back(
            seed_, std::initializer_list<std::uint64_t>{key_of("network noise"), name(recording_),
                                                        (name(neuron) << 40) + name(number)});
        const auto v = cells.subspan(static_cast<std::size_t>(neuron) * values_a_cell);
        cells_[cell] = {v[0], {v[1], v[2], v[3], v[4]}, {v[5], v[6]}, {v[7], v[8]}, v[9]};
    }
    std::fill(arrivals_.begin(), arrivals_.end(), Inputs{});
    for (const auto& spike : recent)
        receive(spike);
}

void CellRange::save(std::span<double> cells) const
{
    for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
        const auto& from = cells_[cell];
        const auto to = cells.subspan(
            (static_cast<std::size_t>(neurons_.first) + cell) * values_a_cell, values_a_cell);
        to[0] = from.potential_mv;
        std::copy(from.gate.begin(), from.gate.end(), to.begin() + 1);
        to[5] = from.synapses.excitatory, to[6] = from.synapses.inhibitory;
        to[7] = from.noise.excitatory, to[8] = from.noise.inhibitory;
        to[9] = from.last_spike_step;
    }
}

Inputs& CellRange::arrival(std::size_t cell, std::int64_t step)
{
    return arrivals_[cell * slots_ + (static_cast<std::size_t>(step) & (slots_ - 1))];
}

void CellRange::receive(const NetworkSpike& spike)
{
    const auto excites = spike.neuron < excitatory_;
    for (const auto& target : targets_[static_cast<std::size_t>(spike.neuron)]) {
        const auto step = static_cast<std::int64_t>(spike.step + target.delay_steps);
        if (step < now_)
            continue; // was there before the block began
        auto& open = arrival(static_cast<std::size_t>(target.cell), step);
        (excites ? open.excitatory : open.inhibitory) += target.weight;
    }
}

void CellRange::advance(std::span<double> crossing)
{
    std::fill(crossing.begin(), crossing.end(), 0.0);
    for (std::size_t cell = 0; cell < cells_.size(); ++cell)
        advance_cell(cell, crossing[cell]);
    now_ += steps_;
}

void CellRange::advance_cell(std::size_t index, double& crossing)
{
    const auto& kind = kind_of(neurons_.first + static_cast<std::int64_t>(index));
    const auto excitatory_keep = std::exp(-step_ms_ / excitatory_decay_ms);
    const auto inhibitory_keep = std::exp(-step_ms_ / inhibitory_decay_ms);
    const auto shortest_steps = shortest_interval_ms / step_ms_;
    const auto by_capacitance = step_ms_ / kind.model.capacitance;
    const auto steps_a_draw = steps_ / 2;
    auto cell = cells_[index]; // in registers
    for (std::int64_t step = 0; step < steps_;) {
        const auto before = cell.noise;
        cell.noise = {renewed(before.excitatory, noise_excitatory_ms, kind.background.excitatory_sd,
                              draw_[index]),
                      renewed(before.inhibitory, noise_inhibitory_ms, kind.background.inhibitory_sd,
                              draw_[index])};
        for (std::int64_t k = 0; k < steps_a_draw; ++k, ++step) {
            auto& opens = arrival(index, now_ + step);
            auto& synapses = cell.synapses;
            synapses.excitatory = synapses.excitatory * excitatory_keep + opens.excitatory;
            synapses.inhibitory = synapses.inhibitory * inhibitory_keep + opens.inhibitory;
            opens = {};
            const auto share = static_cast<double>(k + 1) / static_cast<double>(steps_a_draw);
            const auto from_outside = [&](double mean, double first, double last) {
                return std::max(0.0, mean + first + share * (last - first));
            };
            const auto inputs = Inputs{
                synapses.excitatory + from_outside(outside_[index].excitatory, before.excitatory,
                                                   cell.noise.excitatory),
                synapses.inhibitory + from_outside(outside_[index].inhibitory, before.inhibitory,
                                                   cell.noise.inhibitory)};
            kind.table.advance(cell.potential_mv, cell.gate);
            const auto sees = membrane(kind.model, cell.gate, inputs);
            const auto towards_mv = sees.current / sees.conductance;
            const auto was_mv = cell.potential_mv;
            cell.potential_mv =
                towards_mv + (was_mv - towards_mv) * std::exp(-sees.conductance * by_capacitance);
            if (was_mv >= spike_mv || cell.potential_mv < spike_mv)
                continue;
            const auto at =
                static_cast<double>(step) + (spike_mv - was_mv) / (cell.potential_mv - was_mv);
            if (static_cast<double>(now_) + at - cell.last_spike_step < shortest_steps)
                continue;
            cell.last_spike_step = static_cast<double>(now_) + at;
            crossing = at;
        }
    }
    cells_[index] = cell;
}

} // namespace rewire::simulate
