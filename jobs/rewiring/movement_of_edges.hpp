#pragma once

#include "source.hpp"
#include "subject.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// Share of movement-related neurons among the ends of the top edges of the first component, by
/// learning period (methods page, calcium R8; the paper's 2.9).
namespace rewire::jobs {

/// Sessions of a learning period that were tested for movement.
struct MovementPeriod
{
    std::string name; ///< "1-2", "3-5", "6-9", "10-14"; "15+" where there are such sessions
    std::int64_t sessions = 0;
    std::vector<std::uint8_t> related; ///< [session, common neuron]
    std::vector<std::uint8_t> tested;  ///< [session, common neuron] 0: absent, or without p-value
};

/// Status where there is no movement.h5, which nobody has to have.
inline constexpr auto no_movement_file = "no movement.h5";

/// What movement.h5 says of a subject's common neurons.
struct SubjectMovement
{
    std::string status; ///< "ok", or why there is nothing to compare with
    double level = 0;   ///< of `movement_related`
    std::vector<MovementPeriod> periods;
    std::vector<std::string> left_out; ///< sessions, with the reason
};

/// @param level that asked for; without one 0.995 where the file has it, else its highest
/// @throws InputError: a session was computed from another file than its connectome, or its
/// movement-related neurons do not have this level
SubjectMovement movement_of(const std::filesystem::path& movement,
                            const SubjectConnectomes& subject, std::optional<double> level);

struct MovementFractions
{
    std::string status; ///< "ok", or why there are no values
    double level = 0;
    std::vector<std::string> period;    ///< names
    std::vector<std::int64_t> sessions; ///< [period]
    std::vector<double> fraction;       ///< [sign, period], positive first; NaN without sessions
    std::vector<double> percentile;     ///< [sign, period] among random draws of edges, 0 to 100
    std::vector<std::int64_t> edges;    ///< [sign] that are drawn
    std::vector<std::int64_t> pool;     ///< [sign] edges that they are drawn from
    std::vector<std::string> left_out;  ///< sessions, with the reason
};

/// Draws as many edges as there are top edges of the sign, present in as many sessions.
MovementFractions movement_fractions(const SubjectMovement& movement,
                                     const SubjectConnectomes& subject,
                                     const SubjectRewiring& result,
                                     const RewiringSettings& settings, std::uint64_t seed);

} // namespace rewire::jobs
