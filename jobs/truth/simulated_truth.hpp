#pragma once

#include <rewire/io/nwb_writer.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// What `simulate` plants, in the files that it writes: /scratch/truth.
namespace rewire::jobs {

/// Pairs of a smaller partial correlation in the population are left out of the file.
inline constexpr auto smallest_population_correlation = 0.005;

/// What was planted in a simulated session, as stored in its file under /scratch/truth.
struct Truth
{
    std::vector<std::int64_t> neuron_id;        ///< [neuron] ROI ids found in this session
    std::vector<std::string> group;             ///< [neuron] "Core", "NP", "EP", "Other"
    std::vector<std::uint8_t> movement_related; ///< [neuron] in this session
    std::vector<std::int64_t> edge_i;           ///< [edge] ROI id, smaller than edge_j
    std::vector<std::int64_t> edge_j;           ///< [edge]
    std::vector<std::string> edge_kind;         ///< [edge]
    std::vector<double> edge_strength;          ///< [edge] in this session; 0: not there

    /// What a session without end would show: partial correlations of smoothed events of all pairs
    /// that are not in magnitude below smallest_population_correlation.
    bool has_population = false;            ///< sessions simulated by older versions have none
    std::vector<std::int64_t> population_i; ///< [pair] ROI id, smaller than population_j
    std::vector<std::int64_t> population_j;
    std::vector<double> population; ///< [pair]
    /// What all traces were given alike by the recording, "common drift", "artefacts": pairs go
    /// together for it, and the population does not say so.
    std::vector<std::string> of_recording;
};

/// Directed connections that were planted between the units of a simulated recording, as stored in
/// its file under /scratch/truth/connections.
struct PlantedConnections
{
    std::vector<std::int64_t> pre;  ///< [connection] id of a unit
    std::vector<std::int64_t> post; ///< [connection]
    std::vector<std::int64_t> sign; ///< [connection] 1 excites, -1 inhibits
    std::vector<double> strength;   ///< [connection] in the model's own terms
    std::vector<double> delay_ms;   ///< [connection]

    /// Of trials in which connections come and go; empty: they are always there.
    std::vector<double> active_start_s; ///< [connection] from the start of a trial
    std::vector<double> active_stop_s;
    std::vector<std::uint8_t> active_inside; ///< 1: active within this window, 0: outside of it
    bool has_windows() const noexcept { return !active_start_s.empty(); }
};

/// A table of what was planted, next to those already there.
void add_truth(io::NwbWriter& writer, const std::string& name, const io::NwbTable& table);

bool has_truth(const std::filesystem::path& nwb_file);

/// @throws IoError: cannot be read; InputError: no truth in the file, or tables of unequal columns
Truth read_truth(const std::filesystem::path& nwb_file);

bool has_planted_connections(const std::filesystem::path& nwb_file);
/// @throws as read_truth
PlantedConnections read_planted_connections(const std::filesystem::path& nwb_file);

} // namespace rewire::jobs
