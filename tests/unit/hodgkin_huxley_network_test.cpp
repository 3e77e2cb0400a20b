#include <rewire/base/error.hpp>
#include <rewire/simulate/hodgkin_huxley_network.hpp>
#include <rewire/simulate/network_activity.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

using namespace rewire;
using namespace rewire::simulate;

namespace {

constexpr auto exchanges_a_block = std::int64_t{100};

/// A network on as many ranges as are given, as ranks would share it.
class Network
{
  public:
    Network(const HodgkinHuxleyParameters& parameters, HodgkinHuxleyNetwork network, int ranges)
        : parameters_(parameters),
          network_(std::move(network)),
          cells_(CellRange::initial_cells(parameters, network_, 0))
    {
        for (int k = 0; k < ranges; ++k) {
            parts_.push_back(base::part_of(parameters.neurons(), ranges, k));
            range_.emplace_back(parameters_, network_, parts_.back(), 0);
        }
    }

    void run_block()
    {
        const auto steps = CellRange::steps_an_exchange(parameters_);
        for (auto& range : range_)
            range.begin_block(block_, now_, cells_, recent_);
        auto crossing = std::vector<double>(static_cast<std::size_t>(parameters_.neurons()));
        for (std::int64_t exchange = 0; exchange < exchanges_a_block; ++exchange) {
            for (std::size_t k = 0; k < range_.size(); ++k)
                range_[k].advance(
                    std::span(crossing).subspan(static_cast<std::size_t>(parts_[k].first),
                                                static_cast<std::size_t>(parts_[k].size())));
            for (std::size_t neuron = 0; neuron < crossing.size(); ++neuron) {
                if (crossing[neuron] == 0)
                    continue;
                const auto spike = NetworkSpike{static_cast<std::int64_t>(neuron),
                                                static_cast<double>(now_) + crossing[neuron]};
                for (auto& range : range_)
                    range.receive(spike);
                recent_.push_back(spike);
                spikes_.push_back(spike);
            }
            now_ += steps;
        }
        const auto oldest =
            static_cast<double>(now_) - CellRange::longest_effect_steps(parameters_);
        std::erase_if(recent_, [&](const NetworkSpike& spike) { return spike.step < oldest; });
        for (const auto& range : range_)
            range.save(cells_);
        ++block_;
    }

    void run(double seconds)
    {
        for (auto block = 0; block < std::lround(10 * seconds); ++block)
            run_block();
    }

    const std::vector<double>& cells() const { return cells_; }
    const std::vector<NetworkSpike>& spikes() const { return spikes_; }
    /// [neuron] ms
    std::vector<std::vector<double>> trains() const
    {
        auto trains =
            std::vector<std::vector<double>>(static_cast<std::size_t>(parameters_.neurons()));
        for (const auto& spike : spikes_)
            trains[static_cast<std::size_t>(spike.neuron)].push_back(spike.step *
                                                                     parameters_.step_ms);
        return trains;
    }

  private:
    HodgkinHuxleyParameters parameters_;
    HodgkinHuxleyNetwork network_;
    std::vector<base::Range> parts_;
    std::vector<CellRange> range_;
    std::vector<double> cells_;
    std::vector<NetworkSpike> recent_;
    std::vector<NetworkSpike> spikes_;
    std::int64_t block_ = 0;
    std::int64_t now_ = 0;
};

HodgkinHuxleyParameters small_network()
{
    return {.excitatory = 40, .inhibitory = 10, .excitatory_targets = 0.5, .coupling = 2};
}

/// Potential and gates, as the equations have it.
using State = std::array<double, 1 + gates>;

State slope(const CellModel& model, const State& state, Inputs inputs)
{
    const auto gate = Gates{state[1], state[2], state[3], state[4]};
    const auto sees = membrane(model, gate, inputs);
    const auto rates = model.rates(state[0]);
    auto result = State{};
    result[0] = (sees.current - sees.conductance * state[0]) / model.capacitance;
    for (std::size_t k = 0; k < gates; ++k)
        result[k + 1] = rates.opening[k] * (1 - gate[k]) - rates.closing[k] * gate[k];
    return result;
}

State moved(const State& state, double by, const State& slope)
{
    auto result = state;
    for (std::size_t k = 0; k < result.size(); ++k)
        result[k] += by * slope[k];
    return result;
}

/// Times of spikes of a cell with constant inputs, ms: classical Runge-Kutta in small steps.
std::vector<double> slow_spikes(const CellModel& model, double potential_mv, Inputs inputs,
                                double duration_ms)
{
    constexpr auto step_ms = 0.005;
    const auto rest = resting_gates(model, potential_mv);
    auto state = State{potential_mv, rest[0], rest[1], rest[2], rest[3]};
    auto spikes = std::vector<double>{};
    for (auto time_ms = 0.0; time_ms < duration_ms; time_ms += step_ms) {
        const auto k1 = slope(model, state, inputs);
        const auto k2 = slope(model, moved(state, step_ms / 2, k1), inputs);
        const auto k3 = slope(model, moved(state, step_ms / 2, k2), inputs);
        const auto k4 = slope(model, moved(state, step_ms, k3), inputs);
        auto next = state;
        for (std::size_t k = 0; k < next.size(); ++k)
            next[k] += step_ms / 6 * (k1[k] + 2 * k2[k] + 2 * k3[k] + k4[k]);
        if (state[0] < 0 && next[0] >= 0)
            spikes.push_back(time_ms);
        state = next;
    }
    return spikes;
}

double mean_of(const std::vector<double>& values)
{
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Of the intervals; NaN of fewer than 10 spikes.
double coefficient_of_variation(const std::vector<double>& train)
{
    auto interval = std::vector<double>{};
    for (std::size_t k = 1; k < train.size(); ++k)
        interval.push_back(train[k] - train[k - 1]);
    if (interval.size() < 9)
        return std::nan("");
    const auto mean = mean_of(interval);
    auto sum = 0.0;
    for (const auto one : interval)
        sum += (one - mean) * (one - mean);
    return std::sqrt(sum / static_cast<double>(interval.size())) / mean;
}

} // namespace

TEST(HodgkinHuxleyNetwork, HasTheConnectionsThatWereAskedFor)
{
    const auto parameters = HodgkinHuxleyParameters{};

    const auto network = hodgkin_huxley_network(parameters, 0);

    // 12.5 % and 25 % of the 999 others
    EXPECT_EQ(network.synapse.size(), 800 * 125 + 200 * 250);
    auto seen = std::set<std::pair<int, int>>{};
    auto logs = std::vector<double>{};
    for (const auto& synapse : network.synapse) {
        EXPECT_NE(synapse.pre, synapse.post);
        seen.emplace(synapse.pre, synapse.post);
        const auto excites = synapse.pre < parameters.excitatory;
        EXPECT_GE(synapse.delay_ms, excites ? shortest_excitatory_ms : shortest_inhibitory_ms);
        EXPECT_LT(synapse.delay_ms, excites ? longest_excitatory_ms : longest_inhibitory_ms);
        EXPECT_GE(synapse.delay_ms, exchange_ms);
        if (excites)
            logs.push_back(std::log(synapse.weight));
    }
    EXPECT_EQ(seen.size(), network.synapse.size());
    std::sort(logs.begin(), logs.end());
    const auto quartile = logs.size() / 4;
    EXPECT_NEAR(logs[3 * quartile] - logs[quartile], 1.349, 0.03); // of a normal of sd 1
    const auto other = hodgkin_huxley_network(parameters, 1);
    EXPECT_NE(other.synapse.front().weight, network.synapse.front().weight);
}

TEST(HodgkinHuxleyNetwork, NamesTheParameterThatMakesNone)
{
    const auto refused = [](auto change) {
        auto parameters = HodgkinHuxleyParameters{};
        change(parameters);
        EXPECT_THROW(check(parameters), base::InputError);
    };

    refused([](auto& p) { p.excitatory = 1, p.inhibitory = 0; });
    refused([](auto& p) { p.excitatory_targets = 1.1; });
    refused([](auto& p) { p.duration_s = 0; });
    refused([](auto& p) { p.step_ms = 0.03; });
    refused([](auto& p) { p.step_ms = 0.125; });
}

/// The table between its rows, against the exponential Euler step itself.
TEST(GateTable, IsTheStepOfTheGates)
{
    constexpr auto step_ms = 0.05;
    auto draw = base::Stream(3, {});
    for (const auto& model : {pyramidal_cell(), fast_spiking_cell()}) {
        const auto table = GateTable(model, step_ms);
        for (int trial = 0; trial < 2000; ++trial) {
            const auto potential_mv = -110 + 170 * draw.uniform();
            auto gate = Gates{};
            for (auto& one : gate)
                one = draw.uniform();
            const auto rates = model.rates(potential_mv);
            auto expected = Gates{};
            for (std::size_t k = 0; k < gates; ++k) {
                const auto sum = rates.opening[k] + rates.closing[k];
                const auto towards = rates.opening[k] / sum;
                expected[k] = towards + (gate[k] - towards) * std::exp(-sum * step_ms);
            }

            table.advance(potential_mv, gate);

            for (std::size_t k = 0; k < gates; ++k)
                EXPECT_NEAR(gate[k], expected[k], 2e-5) << potential_mv << " mV, gate " << k;
        }
    }
}

/// Without noise and synapses a cell is one of constant conductances.
TEST(CellRange, SpikesAsTheEquationsOfItsModel)
{
    for (const auto excitatory : {1, 0}) {
        auto parameters = HodgkinHuxleyParameters{
            .excitatory = 2 * excitatory,
            .inhibitory = 2 * (1 - excitatory),
            .excitatory_targets = 0,
            .inhibitory_targets = 0,
            .pyramidal = {.excitatory_mean = 0.15, .inhibitory_mean = 0.165},
            .interneurons = {.excitatory_mean = 0.6, .inhibitory_mean = 0.165}};
        const auto model = excitatory == 1 ? pyramidal_cell() : fast_spiking_cell();
        const auto network = hodgkin_huxley_network(parameters, 0);
        auto fast = Network(parameters, network, 1);
        const auto begin_mv = fast.cells().front();
        const auto expected = slow_spikes(model, begin_mv, network.outside[0], 2000);

        fast.run(2);

        const auto spikes = fast.trains()[0];
        ASSERT_GT(expected.size(), 50);
        EXPECT_NEAR(spikes[0], expected[0], 0.1);
        EXPECT_NEAR(static_cast<double>(spikes.size()), static_cast<double>(expected.size()),
                    0.02 * static_cast<double>(expected.size()) + 1);
    }
}

TEST(CellRange, HasTheSameBitsInAnyRange)
{
    const auto parameters = small_network();
    const auto network = hodgkin_huxley_network(parameters, 0);
    auto one = Network(parameters, network, 1);
    auto three = Network(parameters, network, 3);

    one.run(3);
    three.run(3);

    EXPECT_EQ(one.cells(), three.cells());
    ASSERT_GT(one.spikes().size(), 50);
    ASSERT_EQ(one.spikes().size(), three.spikes().size());
    for (std::size_t k = 0; k < one.spikes().size(); ++k) {
        EXPECT_EQ(one.spikes()[k].neuron, three.spikes()[k].neuron);
        EXPECT_EQ(one.spikes()[k].step, three.spikes()[k].step);
    }
}

/// A synapse of a strong cell on a silent one: the conductance opens after the delay, and decays.
TEST(CellRange, OpensASynapseAfterItsDelay)
{
    auto parameters = HodgkinHuxleyParameters{
        .excitatory = 2, .inhibitory = 0, .excitatory_targets = 0, .step_ms = 0.05};
    parameters.pyramidal = {.excitatory_mean = 0, .inhibitory_mean = 0.165};
    auto network = hodgkin_huxley_network(parameters, 0);
    network.outside[0].excitatory = 0.2;
    network.synapse = {{.pre = 0, .post = 1, .weight = 0.01, .delay_ms = 3}};
    auto cells = CellRange(parameters, network, {0, 2}, 0);
    const auto begin = CellRange::initial_cells(parameters, network, 0);
    auto crossing = std::vector<double>(2);
    auto saved = begin;
    cells.begin_block(0, 0, begin, {});
    auto spike_ms = -1.0;

    for (auto time_ms = 1; time_ms < 200; ++time_ms) {
        cells.advance(crossing);
        cells.save(saved);
        const auto open = saved[CellRange::values_a_cell + 5];
        if (crossing[0] > 0 && spike_ms < 0) { // the first alone
            const auto spike = NetworkSpike{0, 20.0 * (time_ms - 1) + crossing[0]};
            cells.receive(spike);
            spike_ms = 0.05 * spike.step;
        }
        if (spike_ms < 0 || time_ms < spike_ms + 3)
            EXPECT_EQ(open, 0) << time_ms;
        else
            EXPECT_NEAR(open, 0.01 * std::exp(-(time_ms - spike_ms - 3) / excitatory_decay_ms),
                        5e-4)
                << time_ms;
    }

    EXPECT_GT(spike_ms, 0);
}

/// What is known of the published network: rates and irregularity of both kinds, and that an
/// excitatory effect begins 3 ms after a spike.
TEST(HodgkinHuxleyNetwork, FiresAsThePublishedOne)
{
    const auto parameters =
        HodgkinHuxleyParameters{.excitatory = 200, .inhibitory = 50, .duration_s = 30};
    const auto network = hodgkin_huxley_network(parameters, 0);
    auto cells = Network(parameters, network, 1);

    cells.run(30);

    const auto trains = cells.trains();
    auto rate = std::array<std::vector<double>, 2>{};
    auto variation = std::array<std::vector<double>, 2>{};
    auto shortest = std::array<double, 2>{1e9, 1e9};
    for (std::size_t neuron = 0; neuron < trains.size(); ++neuron) {
        const auto kind = static_cast<std::int64_t>(neuron) < parameters.excitatory ? 0U : 1U;
        rate[kind].push_back(static_cast<double>(trains[neuron].size()) / 30);
        if (const auto cv = coefficient_of_variation(trains[neuron]); !std::isnan(cv))
            variation[kind].push_back(cv);
        for (std::size_t k = 1; k < trains[neuron].size(); ++k)
            shortest[kind] = std::min(shortest[kind], trains[neuron][k] - trains[neuron][k - 1]);
    }
    EXPECT_GT(mean_of(rate[0]), 0.7);
    EXPECT_LT(mean_of(rate[0]), 3.6);
    EXPECT_GT(mean_of(rate[1]), 2.8);
    EXPECT_LT(mean_of(rate[1]), 4.5);
    EXPECT_NEAR(mean_of(variation[0]), 1, 0.25);
    EXPECT_NEAR(mean_of(variation[1]), 0.8, 0.12);
    const auto recorded = std::vector<std::uint8_t>(trains.size(), 1);
    const auto activity = network_activity(parameters, network, cells.spikes(), recorded);
    for (const auto kind : {0U, 1U}) {
        const auto& own = kind == 0 ? activity.excitatory : activity.inhibitory;
        EXPECT_EQ(own.cells, std::ssize(rate[kind]));
        EXPECT_NEAR(own.mean_hz, mean_of(rate[kind]), 1e-9);
        EXPECT_NEAR(own.variation, mean_of(variation[kind]), 1e-9);
        EXPECT_LT(own.low_hz, own.mean_hz);
        EXPECT_GT(own.high_hz, own.mean_hz);
    }
    EXPECT_GT(shortest[0], 3);
    EXPECT_GT(shortest[1], 5);

    auto synapses = network.synapse;
    std::erase_if(synapses, [&](const Synapse& s) { return s.pre >= parameters.excitatory; });
    std::sort(synapses.begin(), synapses.end(),
              [](const Synapse& a, const Synapse& b) { return a.weight > b.weight; });
    auto histogram = std::vector<double>(40, 0.0); // of lags -20 .. 20 ms
    for (std::size_t k = 0; k < 100; ++k)
        for (const auto before : trains[static_cast<std::size_t>(synapses[k].pre)])
            for (const auto after : trains[static_cast<std::size_t>(synapses[k].post)])
                if (std::abs(after - before) < 20)
                    ++histogram[static_cast<std::size_t>(after - before + 20)];
    const auto chance = mean_of({histogram.begin(), histogram.begin() + 15});
    const auto early = mean_of({histogram.begin() + 20, histogram.begin() + 22});
    const auto peak = std::max_element(histogram.begin(), histogram.end()) - histogram.begin() - 20;
    EXPECT_LT(early, 2 * chance);
    EXPECT_EQ(activity.effect.synapses, 100);
    EXPECT_EQ(activity.effect.peak_ms, peak);
    EXPECT_NEAR(activity.effect.peak_ratio, histogram[static_cast<std::size_t>(peak + 20)] / chance,
                1e-9);
    EXPECT_GE(activity.effect.begins_ms, 2);
    EXPECT_LE(activity.effect.begins_ms, peak);
    EXPECT_GE(peak, 2);
    EXPECT_LE(peak, 5);
    EXPECT_GT(histogram[static_cast<std::size_t>(peak + 20)], 5 * chance);
}
