#include "kind.hpp"
#include "network_file.hpp"
#include "recordings.hpp"

#include <rewire/base/error.hpp>
#include <rewire/simulate/network_activity.hpp>

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace rewire::jobs {

namespace {

namespace fs = std::filesystem;
using simulate::CellRange;
using simulate::NetworkSpike;

constexpr auto block_ms = 100.0; ///< of a step of the phase, after which the state can be saved
constexpr auto exchanges_a_block = static_cast<std::int64_t>(block_ms / simulate::exchange_ms);
constexpr auto blocks_a_second = static_cast<std::int64_t>(1e3 / block_ms);

simulate::HodgkinHuxleyParameters hodgkin_huxley_parameters(const runtime::Options& options)
{
    auto parameters = simulate::HodgkinHuxleyParameters{
        .excitatory = options.integer("excitatory"),
        .inhibitory = options.integer("inhibitory"),
        .excitatory_targets = options.real("excitatory-targets"),
        .inhibitory_targets = options.real("inhibitory-targets"),
        .duration_s = options.real("duration-s"),
        .coupling = options.real("weight-factor"),
        .step_ms = options.real("step-ms"),
        .seed = static_cast<std::uint64_t>(options.integer("seed")),
    };
    simulate::check(parameters);
    return parameters;
}

/// @throws InputError
NetworkRecording recording_of(const runtime::Options& options, std::int64_t session)
{
    auto recording = NetworkRecording{.parameters = hodgkin_huxley_parameters(options),
                                      .session = session,
                                      .recorded = options.integer("recorded"),
                                      .deflate = static_cast<int>(options.integer("gzip"))};
    const auto neurons = recording.parameters.neurons();
    if (recording.recorded > neurons)
        throw base::InputError(fmt::format("the network has {} neurons", neurons), "--recorded",
                               "give that many or fewer, or 0 for all");
    if (recording.recorded == 0)
        recording.recorded = neurons;
    return recording;
}

std::int64_t settling_blocks(const simulate::HodgkinHuxleyParameters& parameters)
{
    return std::llround(std::ceil(parameters.settle_s * blocks_a_second));
}

std::int64_t blocks_of(const simulate::HodgkinHuxleyParameters& parameters)
{
    return settling_blocks(parameters) +
           std::llround(std::ceil(parameters.duration_s * blocks_a_second - 1e-6));
}

/// What a checkpoint holds.
struct NetworkState
{
    std::vector<double> cells;
    std::vector<NetworkSpike> recent;   ///< whose effects are not all over
    std::vector<NetworkSpike> recorded; ///< rank 0: those of the file

    void pack(base::Packer& packer) const
    {
        packer.put_all(cells), packer.put_all(recent), packer.put_all(recorded);
    }
    void unpack(base::Unpacker& unpacker)
    {
        cells = unpacker.get_all<double>();
        recent = unpacker.get_all<NetworkSpike>();
        recorded = unpacker.get_all<NetworkSpike>();
    }
};

/// A network whose neurons are shared out over the ranks. All meet after every millisecond, as no
/// spike acts sooner.
class NetworkRun
{
  public:
    NetworkRun(const mpi::Communicator& comm, const NetworkRecording& recording,
               const simulate::HodgkinHuxleyNetwork& network)
        : recording_(recording),
          root_(comm.is_root()),
          rank_(comm.rank()),
          neurons_(base::part_of(recording.parameters.neurons(), comm.size(), comm.rank())),
          cells_(recording.parameters, network, neurons_, recording.session),
          steps_(CellRange::steps_an_exchange(recording.parameters)),
          begin_(static_cast<double>(settling_blocks(recording.parameters) * exchanges_a_block *
                                     steps_)),
          crossing_(static_cast<std::size_t>(recording.parameters.neurons()), 0.0),
          crossings_(comm.size(), crossing_.size()),
          states_(comm.size(), crossing_.size() * CellRange::values_a_cell)
    {
    }

    runtime::Advanced advance(runtime::Step& step, NetworkState& state)
    {
        auto now = step.number() * exchanges_a_block * steps_;
        if (!root_)
            state.recorded = {}; // of a checkpoint
        cells_.begin_block(step.number(), now, state.cells, state.recent);
        for (std::int64_t exchange = 0; exchange < exchanges_a_block; ++exchange, now += steps_)
            meet(step, now, state.recent, state.recorded);
        const auto oldest =
            static_cast<double>(now) - CellRange::longest_effect_steps(recording_.parameters);
        std::erase_if(state.recent, [&](const NetworkSpike& spike) { return spike.step < oldest; });
        std::fill(state.cells.begin(), state.cells.end(), 0.0);
        cells_.save(state.cells);
        states_.add(rank_, state.cells); // other ranks have zeros there
        step.sum(states_, std::span<double>(state.cells));
        return {};
    }

  private:
    void meet(runtime::Step& step, std::int64_t now, std::vector<NetworkSpike>& recent,
              std::vector<NetworkSpike>& recorded)
    {
        std::fill(crossing_.begin(), crossing_.end(), 0.0);
        cells_.advance(std::span(crossing_).subspan(static_cast<std::size_t>(neurons_.first),
                                                    static_cast<std::size_t>(neurons_.size())));
        crossings_.add(rank_, crossing_);
        step.sum(crossings_, std::span<double>(crossing_));
        for (std::size_t neuron = 0; neuron < crossing_.size(); ++neuron) {
            if (crossing_[neuron] == 0)
                continue;
            const auto spike = NetworkSpike{static_cast<std::int64_t>(neuron),
                                            static_cast<double>(now) + crossing_[neuron]};
            cells_.receive(spike);
            recent.push_back(spike);
            if (root_ && spike.step >= begin_ && recording_.holds(spike.neuron))
                recorded.push_back({spike.neuron, spike.step - begin_});
        }
    }

    const NetworkRecording& recording_;
    bool root_;
    std::int64_t rank_;
    base::Range neurons_;
    CellRange cells_;
    std::int64_t steps_; ///< of an exchange
    double begin_;       ///< of the recording, in steps
    std::vector<double> crossing_;
    mpi::TreeSum<double> crossings_;
    mpi::TreeSum<double> states_;
};

/// What the recorded cells did, beside what is known of the published ones.
void note_activity(runtime::RunContext& context, const NetworkRecording& recording,
                   const simulate::HodgkinHuxleyNetwork& network,
                   const std::vector<NetworkSpike>& spikes)
{
    auto recorded = std::vector<std::uint8_t>{};
    for (std::int64_t neuron = 0; neuron < recording.parameters.neurons(); ++neuron)
        recorded.push_back(recording.holds(neuron) ? 1 : 0);
    const auto activity =
        simulate::network_activity(recording.parameters, network, spikes, recorded);
    const auto note = [&](const char* cells, const simulate::CellActivity& of) {
        if (of.cells > 0)
            context.note(fmt::format(
                "    {} {}: {:.2g} Hz, 90 % of them {:.2g} to {:.2g} Hz, CV of intervals {:.2f}",
                of.cells, cells, of.mean_hz, of.low_hz, of.high_hz, of.variation));
    };
    note("pyramidal cells", activity.excitatory);
    note("fast-spiking interneurons", activity.inhibitory);
    const auto& effect = activity.effect;
    if (!std::isnan(effect.begins_ms) && !std::isnan(effect.peak_ratio))
        context.note(fmt::format("    {} strongest excitatory synapses: above chance from {:g} ms "
                                 "after a spike on, {:.2g} "
                                 "times chance at the peak, {:g} to {:g} ms after it",
                                 effect.synapses, effect.begins_ms, effect.peak_ratio,
                                 effect.peak_ms, effect.peak_ms + 1));
}

void simulate_network(runtime::RunContext& context, const NetworkRecording& recording,
                      const fs::path& path)
{
    const auto& parameters = recording.parameters;
    const auto session = recording.session;
    const auto network = mpi::collective(
        context.comm(), [&] { return simulate::hodgkin_huxley_network(parameters, session); });
    auto run = NetworkRun(context.comm(), recording, network);
    auto state = NetworkState{};
    state.cells = CellRange::initial_cells(parameters, network, session);
    context.each_step(
        {.phase = session == 0 ? "simulate" : fmt::format("simulate-{}", session + 1),
         .steps = blocks_of(parameters),
         .steps_per_epoch = blocks_a_second},
        state, [&](runtime::Step& step, NetworkState& now) { return run.advance(step, now); });
    context.collective("write", [&] {
        if (!context.comm().is_root())
            return;
        write_network(recording, network, state.recorded, path);
        note_activity(context, recording, network, state.recorded);
    });
}

/// Seconds that a neuron takes for a second of its own.
double neuron_seconds(const simulate::HodgkinHuxleyParameters& parameters)
{
    constexpr auto step_s = 40e-9;
    return step_s * 1e3 / parameters.step_ms;
}

runtime::Estimate plan_networks(const runtime::Options& options)
{
    constexpr auto expected_hz = 3.0;
    constexpr auto synapse_bytes = 2.0 * sizeof(simulate::Synapse); ///< and the rank's own
    constexpr auto cell_bytes = 3000.0;                             ///< and arrivals
    const auto recording = recording_of(options, 0);
    const auto& parameters = recording.parameters;
    const auto neurons = static_cast<double>(parameters.neurons());
    const auto others = neurons - 1;
    const auto synapses =
        others * (static_cast<double>(parameters.excitatory) * parameters.excitatory_targets +
                  static_cast<double>(parameters.inhibitory) * parameters.inhibitory_targets);
    const auto spikes =
        expected_hz * parameters.duration_s * static_cast<double>(recording.recorded);
    const auto sessions = options.integer("sessions");
    auto estimate = runtime::Estimate{};
    // Spikes are there twice while they are written, connections as columns, too.
    estimate.rank_bytes = runtime::base_rank_bytes + 40 * spikes + 2.5 * synapse_bytes * synapses +
                          cell_bytes * neurons;
    const auto block_s = 1e-3 * block_ms * neurons * neuron_seconds(parameters);
    const auto bytes = sizeof(double) * neurons *
                       static_cast<double>(exchanges_a_block + CellRange::values_a_cell);
    estimate.add_steps("simulate", sessions * blocks_of(parameters), block_s, parameters.neurons(),
                       bytes);
    estimate.checkpoint_bytes = sizeof(NetworkSpike) * spikes + 80 * neurons;
    estimate.result_bytes = static_cast<double>(sessions) * (8 * spikes + 48 * synapses);
    estimate.notes.push_back("all ranks meet after every simulated millisecond: few ranks on one "
                             "node are best");
    return estimate;
}

void simulate_networks(runtime::RunContext& context, const fs::path& folder,
                       const io::Fingerprint& made_with)
{
    const auto& comm = context.comm();
    context.refuse_unless_it_fits(plan_networks(context.options()));
    context.begin_checkpoint(folder, made_with);
    const auto sessions = context.options().integer("sessions");
    for (std::int64_t session = 0; session < sessions; ++session) {
        const auto path = folder / network_file(session);
        // Rank 0 alone looks: it may not be the same disk.
        const auto there = comm.largest(std::int64_t{comm.is_root() && fs::exists(path) ? 1 : 0});
        if (there == 0)
            simulate_network(context, recording_of(context.options(), session), path);
    }
    context.finish();
    context.note(fmt::format("{} recordings of {:g} s in {}", sessions,
                             context.options().real("duration-s"), folder.string()));
}

runtime::Option share_option(const char* name, double value, const char* help)
{
    return {.name = name,
            .kind = runtime::OptionKind::real,
            .default_value = fmt::format("{}", value),
            .help = help,
            .minimum = 0,
            .maximum = 1};
}

std::vector<runtime::Option> network_options()
{
    using Kind = runtime::OptionKind;
    const auto defaults = simulate::HodgkinHuxleyParameters{};
    return {
        sessions_option(),
        {.name = "excitatory",
         .kind = Kind::integer,
         .default_value = std::to_string(defaults.excitatory),
         .help = "pyramidal cells of the network",
         .minimum = 0,
         .maximum = 1e5},
        {.name = "inhibitory",
         .kind = Kind::integer,
         .default_value = std::to_string(defaults.inhibitory),
         .help = "fast-spiking interneurons of the network",
         .minimum = 0,
         .maximum = 1e5},
        share_option("excitatory-targets", defaults.excitatory_targets,
                     "share of the others on which a pyramidal cell has a synapse"),
        share_option("inhibitory-targets", defaults.inhibitory_targets,
                     "share of the others on which an interneuron has a synapse"),
        {.name = "weight-factor",
         .kind = Kind::real,
         .default_value = fmt::format("{}", defaults.coupling),
         .help = "of all synapses",
         .minimum = 0,
         .maximum = 100},
        {.name = "duration-s",
         .kind = Kind::real,
         .default_value = fmt::format("{}", defaults.duration_s),
         .unit = "s",
         .help = "length of the recording; the published network: 5400",
         .minimum = 0.1,
         .maximum = 1e6},
        {.name = "recorded",
         .kind = Kind::integer,
         .default_value = "0",
         .help = "neurons in the file, of both kinds in proportion; 0: all",
         .minimum = 0,
         .maximum = 2e5},
        {.name = "step-ms",
         .kind = Kind::real,
         .default_value = fmt::format("{}", defaults.step_ms),
         .unit = "ms",
         .help = "of the integration",
         .minimum = 0.001,
         .maximum = 0.1},
        gzip_option(),
        {.name = "checkpoint-s",
         .kind = Kind::real,
         .default_value = "120",
         .unit = "s",
         .help = "save the state this often; 0: after every 100 ms of the recording",
         .minimum = 0,
         .changes_result = false},
        {.name = "restart",
         .kind = Kind::flag,
         .help = "discard what an unfinished run has saved",
         .changes_result = false},
    };
}

} // namespace

SimulatedKind hodgkin_huxley_kind()
{
    return {.name = "hodgkin-huxley",
            .details =
                "A network of Hodgkin-Huxley cells, 800 pyramidal cells and 200 fast-spiking "
                "interneurons, in the kind of\n"
                "the network that GLMCC was tested on. All ranks advance it together, and the "
                "state is saved.",
            .options = network_options(),
            .check = [](const runtime::Options& options) { recording_of(options, 0); },
            .run = simulate_networks,
            .plan = plan_networks};
}

} // namespace rewire::jobs
