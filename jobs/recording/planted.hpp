#pragma once

#include "jobs/frame/connection_method.hpp"
#include "jobs/frame/entry.hpp"

#include <rewire/spikes/compare.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// Connections that were planted in a simulated recording, and those that a method calls.
namespace rewire::jobs {

/// i8 [pre, post] over the units of a result: 1 excites, -1 inhibits, 0 no connection.
struct PlantedMatrix
{
    std::vector<std::int8_t> sign;
    /// [pre, post] how the two lie in the whole planted network, units that the result does not
    /// have included.
    std::vector<spikes::Relation> relation;
    std::int64_t left_out = 0; ///< connections of units that the result does not have
};
/// @throws InputError: no planted connections in the file
PlantedMatrix planted_matrix(const std::filesystem::path& nwb_file,
                             const std::vector<std::string>& unit_id);

/// [pre, post] pairs that the method tested.
std::vector<std::uint8_t> tested_of(const ConnectionScores& scores);
/// A view of them.
spikes::Scores scores_view(const ConnectionScores& scores);
/// i8 [pre, post] what the method calls at its own threshold.
std::vector<std::int8_t> calls_of(const ConnectionScores& scores);

/// Rank 0: planted and found connections of each of the methods, and MCC by sign, directed and by
/// the paper's counting, and how the units of what was found lie in the network, of all sessions
/// together.
void print_planted_recovery(const RecoveryRequest& request,
                            const std::vector<ConnectionMethod>& methods);

} // namespace rewire::jobs
