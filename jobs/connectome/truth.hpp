#pragma once

#include "jobs/truth/simulated_truth.hpp"

#include <rewire/io/result_file.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What is known of the pairs of a simulated session: what was planted, and what a session without
/// end would show. The two differ; see simulate/population.hpp.
namespace rewire::jobs {

struct ConnectomeTruth
{
    std::vector<double> planted_strength; ///< [pair] 0: not planted, or not there in this session
    std::vector<double> population;       ///< [pair] partial correlation; 0: below what is kept
    std::vector<std::uint8_t> steps; ///< [pair] along planted edges, also through neurons that were
                                     ///< not found: 1 planted, 2, 3; 0: more, or no way
    std::vector<std::uint8_t> moving; ///< [neuron] movement-related
    std::string
        of_recording; ///< what all traces were given alike, not in `population`: "artefacts"
};

/// From this size on a partial correlation of the population counts as an edge of its sign.
inline constexpr auto population_edge = 0.01;

/// Attribute of a session: ConnectomeTruth::of_recording.
inline constexpr auto of_recording_name = "population_without";

/// @param neuron_id of the session, in the order of its pairs
ConnectomeTruth truth_of_pairs(const Truth& truth, const std::vector<std::string>& neuron_id);

/// 1, -1: an edge of that sign in a session without end; 0: none.
int population_sign(const ConnectomeTruth& truth, std::size_t pair);

void write_truth(const io::Handle& group, const ConnectomeTruth& truth);
/// Nothing in results of recordings, and of simulations without a population.
std::optional<ConnectomeTruth> read_truth_of_pairs(const io::Handle& group);

/// What a pair is.
enum class PairClass : std::uint8_t
{
    planted,
    two_steps, ///< two neurons of a third: negative, given it
    three_steps,
    both_moving, ///< further apart or not joined at all, both movement-related
    unrelated,
};
inline constexpr auto pair_classes = std::size_t{5};
inline constexpr auto names_of_pair_classes = std::array<const char*, pair_classes>{
    "planted", "two steps apart", "three steps apart", "further, both moving", "all others"};

/// [pair] @param neurons of the session
std::vector<PairClass> classes_of(const ConnectomeTruth& truth, std::int64_t neurons);

} // namespace rewire::jobs
