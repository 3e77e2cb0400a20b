#pragma once

#include "counts.hpp"
#include "jobs/activity/movement_source.hpp"
#include "jobs/frame/session_job.hpp"
#include "result.hpp"

#include <cstdint>
#include <vector>

namespace rewire::jobs {

/// Shuffled scores of a session's most movement-related neuron that the result keeps.
inline constexpr auto kept_shuffles = std::int64_t{2000};

/// Movement-related neurons of the sessions of a wave, in units of (session x shuffles or neurons)
/// over all ranks. Collective.
/// @param inputs [session of the study] @param movements [session of the wave]
/// @return on rank 0 the sessions in the order of the wave
std::vector<SessionMovement> movement_of_wave(runtime::RunContext& context, const Wave& wave,
                                              const std::vector<SessionInput>& inputs,
                                              const std::vector<SessionMovements>& movements,
                                              const MovementSettings& settings);

} // namespace rewire::jobs
