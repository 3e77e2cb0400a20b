#pragma once

#include "halves_result.hpp"
#include "jobs/activity/wave_activity.hpp"
#include "rates.hpp"
#include "settings.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace rewire::jobs {

/// Connectomes of the halves of the sessions of a wave for which they are wanted, in units of
/// (session x kind) over all ranks. Collective. @return on rank 0, [session of the wave]
std::vector<std::optional<SessionHalves>> halves_of(runtime::RunContext& context, const Wave& wave,
                                                    const std::vector<SessionInput>& inputs,
                                                    const WaveActivity& activity,
                                                    const ConnectomeSettings& settings);

/// Seconds of one core for the halves of a kind.
double halves_seconds(const io::ActivityInfo& activity, HalfKind kind,
                      const ConnectomeRates& rates = typical_connectome_rates);

/// Of a pair, in the result and on its way there: six numbers, and the parts of the jackknife.
inline constexpr auto half_bytes = 6 * 8.0 + 20 * 4.0;

/// Frames of the smoothed events without movement, ascending. `share` of movement among all of
/// them.
struct QuietFrames
{
    std::string status; ///< "ok", or why movements are not known
    std::vector<std::int32_t> frames;
    double movement_share = 0; ///< NaN where movements are not known
};
/// @throws InputError where --movement or --lever asked for something that the file does not have
QuietFrames quiet_frames_of(const io::StudySession& session, const SessionInput& input,
                            const ConnectomeSettings& settings);

} // namespace rewire::jobs
