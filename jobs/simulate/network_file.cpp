#include "network_file.hpp"

#include "jobs/truth/simulated_truth.hpp"
#include "kind.hpp"
#include "recordings.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace rewire::jobs {

namespace {

namespace fs = std::filesystem;

constexpr auto network_subject = "network";
constexpr auto trial_s = 1.0; ///< as DyNetCP cuts such recordings

std::string notes(const NetworkRecording& recording)
{
    const auto& p = recording.parameters;
    return fmt::format(
        "Simulated by rewire: Hodgkin-Huxley cells. seed {}, pyramidal cells {} with {} of the "
        "others as targets, fast-spiking interneurons {} with {}, factor of the weights {}, {} s "
        "after {} s of settling, steps of {} ms, {} neurons in the file. The network: "
        "/scratch/truth.",
        p.seed, p.excitatory, p.excitatory_targets, p.inhibitory, p.inhibitory_targets, p.coupling,
        p.duration_s, p.settle_s, p.step_ms, recording.recorded);
}

std::string cell_of(const NetworkRecording& recording, std::int64_t neuron)
{
    return neuron < recording.parameters.excitatory ? "pyramidal" : "fast-spiking";
}

/// Whole microseconds, as NWB files of recordings have them or coarser.
io::NwbUnits units_of(const NetworkRecording& recording,
                      std::span<const simulate::NetworkSpike> spikes)
{
    const auto& parameters = recording.parameters;
    auto train = std::vector<std::vector<double>>(static_cast<std::size_t>(parameters.neurons()));
    for (const auto& spike : spikes) {
        const auto time_s = 1e-6 * std::round(1e3 * parameters.step_ms * spike.step);
        if (time_s < parameters.duration_s) // the last block is longer
            train[static_cast<std::size_t>(spike.neuron)].push_back(time_s);
    }
    auto units = io::NwbUnits{.table = {"simulated units", {}, {}},
                              .spike_time_s = {},
                              .spike_end = {},
                              .observed_s = {0, parameters.duration_s},
                              .deflate = recording.deflate};
    auto cell = std::vector<std::string>{};
    for (std::int64_t neuron = 0; neuron < parameters.neurons(); ++neuron) {
        if (!recording.holds(neuron))
            continue;
        units.table.id.push_back(neuron);
        cell.push_back(cell_of(recording, neuron));
        const auto& times = train[static_cast<std::size_t>(neuron)];
        units.spike_time_s.insert(units.spike_time_s.end(), times.begin(), times.end());
        units.spike_end.push_back(std::ssize(units.spike_time_s));
    }
    units.table.columns = {{"cell", "model of the cell", std::move(cell)}};
    return units;
}

io::NwbTable planted_units(const NetworkRecording& recording,
                           const simulate::HodgkinHuxleyNetwork& network)
{
    auto cell = std::vector<std::string>{};
    auto excitatory = std::vector<double>{};
    auto inhibitory = std::vector<double>{};
    auto recorded = io::Booleans{};
    for (std::int64_t neuron = 0; neuron < std::ssize(network.outside); ++neuron) {
        const auto& outside = network.outside[static_cast<std::size_t>(neuron)];
        cell.push_back(cell_of(recording, neuron));
        excitatory.push_back(outside.excitatory);
        inhibitory.push_back(outside.inhibitory);
        recorded.values.push_back(recording.holds(neuron) ? 1 : 0);
    }
    return {"all neurons of the network",
            counting(std::ssize(network.outside)),
            {{"cell", "model of the cell", std::move(cell)},
             {"outside_excitatory", "mean conductance from outside of the network, mS/cm^2",
              std::move(excitatory)},
             {"outside_inhibitory", "mean conductance from outside of the network, mS/cm^2",
              std::move(inhibitory)},
             {"recorded", "is a unit of the file", std::move(recorded)}}};
}

io::NwbTable planted_connections(const NetworkRecording& recording,
                                 const simulate::HodgkinHuxleyNetwork& network)
{
    auto planted = PlantedConnections{};
    for (const auto& synapse : network.synapse) {
        planted.pre.push_back(synapse.pre);
        planted.post.push_back(synapse.post);
        planted.sign.push_back(synapse.pre < recording.parameters.excitatory ? 1 : -1);
        planted.strength.push_back(synapse.weight);
        planted.delay_ms.push_back(synapse.delay_ms);
    }
    return {"directed connections of all neurons of the network",
            {},
            connection_columns(std::move(planted), "conductance that a spike opens, mS/cm^2")};
}

} // namespace

bool NetworkRecording::holds(std::int64_t neuron) const
{
    const auto inhibitory = recorded * parameters.inhibitory / parameters.neurons();
    return neuron < parameters.excitatory ? neuron < recorded - inhibitory
                                          : neuron - parameters.excitatory < inhibitory;
}

fs::path network_file(std::int64_t session)
{
    return recording_file(network_subject, session);
}

void write_network(const NetworkRecording& recording, const simulate::HodgkinHuxleyNetwork& network,
                   std::span<const simulate::NetworkSpike> spikes, const fs::path& path)
{
    make_folder(path.parent_path());
    auto writer = io::NwbWriter(
        path, recording_description({network_subject, "a simulated network of Hodgkin-Huxley cells",
                                     notes(recording)},
                                    recording.session));
    writer.add_units(units_of(recording, spikes));
    const auto trials = static_cast<std::int64_t>(recording.parameters.duration_s / trial_s);
    if (trials > 0)
        writer.add_intervals("trials", trials_end_to_end(trials, trial_s));
    add_truth(writer, "units", planted_units(recording, network));
    add_truth(writer, "connections", planted_connections(recording, network));
    writer.finish();
}

} // namespace rewire::jobs
