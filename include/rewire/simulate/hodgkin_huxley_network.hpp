#pragma once

#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/simulate/cell_models.hpp>

#include <cstdint>
#include <span>
#include <vector>

/// A network of Hodgkin-Huxley cells with known connections, in the kind of the network that GLMCC
/// and DyNetCP were tested on (Kobayashi et al. 2019; methods page, spikes e and 8): 800 pyramidal
/// cells, each with synapses on 12.5 % of the others, and 200 fast-spiking interneurons on 25 %;
/// conductances of exponential decay, log-normal excitatory and normal inhibitory weights; what
/// comes from outside is a pair of Ornstein-Uhlenbeck conductances a cell (Destexhe et al. 2001).
///
/// The published parameters of the synapses are not available. Those here are chosen so that rates
/// and irregularity are those of the published cells: excitatory 0.7 to 3.6 Hz and CV 1, inhibitory
/// 3 to 4.3 Hz and CV 0.8; excitatory effects begin 3 ms after a spike.
namespace rewire::simulate {

/// Of the inputs of one kind of cell; mS/cm^2. `mean` counts those of the network, too: what comes
/// from outside is what is left of it when the cells of the network fire at their expected rates,
/// so a small network works at the same point as a large one.
struct Background
{
    double excitatory_mean = 0;
    double excitatory_sd = 0;
    double inhibitory_mean = 0;
    double inhibitory_sd = 0;
    double spread = 0; ///< sd over cells of the excitatory mean, relative
};

struct HodgkinHuxleyParameters
{
    std::int64_t excitatory = 800;
    std::int64_t inhibitory = 200;
    double excitatory_targets = 0.125; ///< share of the other neurons
    double inhibitory_targets = 0.25;
    double duration_s = 60;
    double settle_s = 1;   ///< simulated before, and left out
    double coupling = 1;   ///< factor of all weights
    double step_ms = 0.05; ///< of the integration; divides exchange_ms / 2
    Background pyramidal = {0.07, 0.022, 0.165, 0.019, 0.07};
    Background interneurons = {0.092, 0.055, 0.165, 0.03, 0.03};
    std::uint64_t seed = 1;

    std::int64_t neurons() const { return excitatory + inhibitory; }
};

/// @throws InputError naming the parameter that makes no network
void check(const HodgkinHuxleyParameters& parameters);

/// Chosen, as said above.
inline constexpr auto exchange_ms = 1.0; ///< no spike acts sooner: the cells meet this often
inline constexpr auto excitatory_decay_ms = 1.5;
inline constexpr auto inhibitory_decay_ms = 8.0;
inline constexpr auto shortest_excitatory_ms = 2.2; ///< delays are uniform between these
inline constexpr auto longest_excitatory_ms = 3.4;
inline constexpr auto shortest_inhibitory_ms = 1.0;
inline constexpr auto longest_inhibitory_ms = 2.5;
inline constexpr auto expected_excitatory_hz = 1.8;
inline constexpr auto expected_inhibitory_hz = 3.6;

struct Synapse
{
    std::int32_t pre = 0;
    std::int32_t post = 0;
    double weight = 0; ///< conductance that a spike opens, mS/cm^2
    double delay_ms = 0;
};

struct HodgkinHuxleyNetwork
{
    std::vector<Synapse> synapse; ///< by pre, then post; neurons of index < excitatory excite
    /// [neuron] mean of what comes from outside, mS/cm^2
    std::vector<Inputs> outside;
};

/// Every recording has a network of its own. O(neurons^2).
/// @throws InputError as check()
HodgkinHuxleyNetwork hodgkin_huxley_network(const HodgkinHuxleyParameters& parameters,
                                            std::int64_t recording);

/// A spike: the neuron, and the time in steps of the integration, with the fraction at which the
/// potential crosses 0 mV.
struct NetworkSpike
{
    std::int64_t neuron = 0;
    double step = 0;
};

/// A range of the network's neurons, which advance from one exchange of spikes to the next. What a
/// neuron does follows from the network, the seed and the spikes alone: not from the range that it
/// is in.
class CellRange
{
  public:
    static constexpr auto values_a_cell = std::size_t{10};

    CellRange(const HodgkinHuxleyParameters& parameters, const HodgkinHuxleyNetwork& network,
              base::Range neurons, std::int64_t recording);

    /// As it is at the beginning: [all neurons, values_a_cell].
    static std::vector<double> initial_cells(const HodgkinHuxleyParameters& parameters,
                                             const HodgkinHuxleyNetwork& network,
                                             std::int64_t recording);

    /// Begins a block of exchanges: the noise of block `number` has streams of its own.
    /// @param cells [all neurons, values_a_cell] as save() left them
    /// @param recent the spikes whose effects are not all over, in their order
    void begin_block(std::int64_t number, std::int64_t step, std::span<const double> cells,
                     std::span<const NetworkSpike> recent);
    /// To the next exchange.
    /// @param crossing [neurons of the range] steps since the last exchange at which the neuron
    /// spikes, above 0; 0: it does not. Once at most
    void advance(std::span<double> crossing);
    /// Effects of a spike of any neuron. Spikes are taken in the order of time of exchange, then of
    /// neurons.
    void receive(const NetworkSpike& spike);
    /// [all neurons, values_a_cell]: fills in those of the range.
    void save(std::span<double> cells) const;

    static std::int64_t steps_an_exchange(const HodgkinHuxleyParameters& parameters);
    /// A spike older than this has no effect that is still to come.
    static double longest_effect_steps(const HodgkinHuxleyParameters& parameters);

  private:
    struct Cell
    {
        double potential_mv;
        Gates gate;
        Inputs synapses;
        Inputs noise; ///< Ornstein-Uhlenbeck, about 0
        double last_spike_step;
    };
    struct Target
    {
        std::int32_t cell;
        double delay_steps;
        double weight;
    };
    struct Kind
    {
        CellModel model;
        GateTable table;
        Background background;
    };

    Kind& kind_of(std::int64_t neuron) { return neuron < excitatory_ ? pyramidal_ : interneuron_; }
    Inputs& arrival(std::size_t cell, std::int64_t step);
    void advance_cell(std::size_t cell, double& crossing);

    std::int64_t excitatory_;
    base::Range neurons_;
    std::int64_t recording_;
    std::uint64_t seed_;
    double step_ms_;
    std::int64_t steps_; ///< of an exchange
    Kind pyramidal_;
    Kind interneuron_;
    std::vector<std::vector<Target>> targets_; ///< [all neurons] in the range
    std::vector<Inputs> outside_;              ///< [range]
    std::vector<Cell> cells_;                  ///< [range]
    std::vector<base::Stream> draw_;           ///< [range]
    std::size_t slots_;                        ///< of arrivals, a power of two
    std::vector<Inputs> arrivals_;             ///< [range, slot] conductances that open
    std::int64_t now_ = 0;                     ///< step
};

} // namespace rewire::simulate
