#pragma once

#include "jobs/frame/session_place.hpp"

#include <rewire/behaviour/movement_test.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// What the page shows of movement-related neurons.

namespace rewire::jobs {

/// /A/S/
struct MovementSummary
{
    SessionPlace place;
    std::string sha256; ///< of the session's file
    double tau_s = 0;
    std::string status;
    std::int64_t neurons = 0;
    std::int64_t untested = 0; ///< neurons without p
    std::int64_t ties = 0;     ///< fewest shuffles that a tested neuron ties with
    std::vector<double> level;
    std::vector<std::int64_t> related;   ///< [level] neurons
    std::vector<std::int64_t> quiescent; ///< [level] neurons; may be empty
    std::vector<double> p_rank;          ///< [neuron]
    std::int64_t shuffles = 0;
    std::int64_t epochs = 0;
    std::int64_t movement_frames = 0;
    std::int64_t frames = 0;
    std::string units;
    std::string activity; ///< "events" or "dff"
    std::string source;   ///< where the movements come from

    /// Why movement cannot be told from quiescence in this session; empty where it can.
    std::string untestable() const;
    /// That neurons can have in this session: what a level calls by chance follows from them.
    behaviour::RankSteps ranks() const;

    /// Related neurons of all that were tested; NaN where none was or could have been related.
    double fraction(std::size_t level_index) const;
    double quiescent_fraction(std::size_t level_index) const;
};

/// The score of one neuron under every shuffle of one session.
struct NeuronNull
{
    std::string subject;
    std::string session;
    std::string neuron;
    double score = 0;
    double p_rank = 0; ///< among all shuffles
    std::int64_t shuffles = 0;
    std::vector<double> null;  ///< the first of the shuffles
    std::string unit = "dF/F"; ///< of score and null
};

struct MovementsSummary
{
    std::vector<MovementSummary> sessions; ///< by animal, then number
    std::vector<NeuronNull> neuron_nulls;  ///< one an animal at most
    std::string null_session; ///< whose nulls these are; empty: the last of each animal
};

/// @param null_session the session whose null is shown of every animal that has it; empty: the last
/// @throws InputError: it does not hold what it should, or no such session
MovementsSummary summary_of_movements(const io::Handle& file, const std::string& null_session);

} // namespace rewire::jobs
