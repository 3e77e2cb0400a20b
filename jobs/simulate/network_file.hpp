#pragma once

#include <rewire/simulate/hodgkin_huxley_network.hpp>

#include <cstdint>
#include <filesystem>
#include <span>

namespace rewire::jobs {

/// Where a recording of a simulated network lies below the folder of its study.
std::filesystem::path network_file(std::int64_t session);

struct NetworkRecording
{
    simulate::HodgkinHuxleyParameters parameters;
    std::int64_t session = 0;
    std::int64_t recorded = 0; ///< neurons in the file, of both kinds in proportion
    int deflate = 0;

    /// Whether the neuron is in the file.
    bool holds(std::int64_t neuron) const;
};

/// Writes a recording (whole or absent), with the whole network in /scratch/truth.
/// @param spikes in steps since the recording began, by time of exchange
/// @throws IoError, InputError
void write_network(const NetworkRecording& recording, const simulate::HodgkinHuxleyNetwork& network,
                   std::span<const simulate::NetworkSpike> spikes,
                   const std::filesystem::path& path);

} // namespace rewire::jobs
