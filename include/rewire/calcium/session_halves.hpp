#pragma once

#include <rewire/activity/activity.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/calcium/covariance.hpp>
#include <rewire/calcium/event_jitter.hpp>
#include <rewire/calcium/partial_correlation.hpp>
#include <rewire/calcium/tick.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Two connectomes of one session, from halves of its frames that are taken in turns, block by
/// block: their noise is independent, what they have in common is signal (methods page, truth (k)).
namespace rewire::calcium {

/// Blocks are about as long: within 30 to 60 s, with an even number of them in the session.
inline constexpr auto half_block_s = 45.0;

/// Frames in two halves, each ascending.
struct FrameHalves
{
    std::vector<std::int32_t> a, b;
    std::int64_t blocks = 0; ///< of both halves together
};
/// @param frames that may be used, ascending: all of a session, or those of one behavioural state,
/// which are then cut as if they followed one another
FrameHalves interleaved_halves(std::span<const std::int32_t> frames, double rate_hz);
/// 0 .. count - 1
std::vector<std::int32_t> all_frames(std::int64_t count);

/// Ranges of consecutive frames, ascending.
std::vector<base::Range> runs_of_frames(std::span<const std::int32_t> frames);

/// The second half's frames but for part k of `parts` (contiguous, of nearly equal size).
std::vector<std::int32_t> without_part(std::span<const std::int32_t> frames, std::int64_t parts,
                                       std::int64_t part);

/// Some frames of a session and of its covariates, as a recording of their own.
struct ChosenFrames
{
    activity::Activity activity;
    std::vector<double> covariates; ///< [count, frames]
    std::int64_t covariate_count = 0;

    CovariateView covariate_view() const { return {covariate_count, covariates}; }
};
/// @param frames ascending
ChosenFrames chosen_frames(const activity::ActivityView& activity,
                           std::span<const std::int32_t> frames,
                           const CovariateView& covariates = {});

/// Partial correlations of some frames. A neuron that is silent in them has the value 0.
/// @param frames ascending
PartialCorrelation partial_correlation_of_frames(const activity::ActivityView& activity,
                                                 std::span<const std::int32_t> frames,
                                                 const PartialCorrelationOptions& options,
                                                 const CovariateView& covariates = {});

/// Coincidences of events beyond those of jittered events,
///     (D_ij - E_ij) / sqrt(sum s_i^2 sum s_j^2),
/// the mean of the two directions (event_jitter.hpp): slow common rates do not enter. [pairs of all
/// neurons] 0 where a neuron has no event in the segments. Nothing when `tick` stopped it, which is
/// called between tiles.
/// Cost as event_jitter_of and tile_jitter for all pairs.
std::optional<std::vector<double>>
jitter_corrected_coincidence(const activity::ActivityView& events,
                             std::span<const base::Range> segments,
                             const EventJitterOptions& options, const Tick& tick);

} // namespace rewire::calcium
