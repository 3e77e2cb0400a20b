#pragma once

#include "rewiring_source.hpp"
#include "rewiring_subject.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace rewire::jobs {

/// Share of movement-related neurons among the ends of the top edges of the first component, by
/// learning period (the paper's 2.9).
struct MovementFractions
{
    std::vector<std::string> period; ///< names
    std::vector<double> fraction;    ///< [sign, period], positive first; NaN without sessions
    std::vector<double> percentile;  ///< [sign, period] among random draws of edges, 0 to 100
};

/// @param movement movement.h5
/// @return nothing where that file is not there, or the subject has fewer edges than are drawn
std::optional<MovementFractions> movement_fractions(const std::filesystem::path& movement,
                                                    const SubjectConnectomes& subject,
                                                    const SubjectRewiring& result,
                                                    const RewiringSettings& settings,
                                                    std::uint64_t seed);

} // namespace rewire::jobs
