#pragma once

#include "jobs/activity/wave_activity.hpp"
#include "result.hpp"
#include "settings.hpp"

#include <optional>
#include <string>
#include <vector>

namespace rewire::jobs {

/// Circular-shift surrogates of the sessions of a wave, in units of (session x block of surrogates)
/// over all ranks. Collective. @return on rank 0 the p-values of each session (nothing for one
/// without a connectome)
std::vector<std::optional<ConnectomeNull>> surrogates_of(runtime::RunContext& context,
                                                         const Wave& wave,
                                                         const std::vector<SessionInput>& inputs,
                                                         const WaveActivity& activity,
                                                         const ConnectomeSettings& settings);

} // namespace rewire::jobs
