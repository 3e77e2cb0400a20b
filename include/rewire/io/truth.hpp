#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace rewire::io {

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
};

bool has_truth(const std::filesystem::path& nwb_file);

/// @throws IoError: cannot be read; InputError: no truth in the file, or tables of unequal columns
Truth read_truth(const std::filesystem::path& nwb_file);

} // namespace rewire::io
