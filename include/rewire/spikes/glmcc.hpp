#pragma once

#include <rewire/spikes/binned_trains.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

/// Monosynaptic couplings from cross-correlograms by a generalised linear model with a slowly
/// varying background (GLMCC; Kobayashi et al. 2019; methods page, spikes a):
///
///     c(t) = exp(a(t) + J_+ f(t) + J_- f(-t)),   f(t) = exp(-(t - delay) / tau) for t >= delay
///
/// with t = time of the first - time of the second. J_+ (second -> first) acts at positive lags,
/// J_- (first -> second) at negative ones. `a` is constant in each 1-ms bin of -50 .. 50 ms, and
/// its steps are penalised.
namespace rewire::spikes {

inline constexpr auto glmcc_bins = std::int64_t{100};
inline constexpr auto glmcc_half = glmcc_bins / 2; ///< ms and bins to each side

/// What a pair of trains gives to the model, in one pass.
struct GlmccEvents
{
    /// Differences by bin, [k - 50, k - 49) ms. One on the edge of two counts half in both.
    std::array<double, glmcc_bins> count{};
    std::int64_t events = 0;
    /// [side][m] sum of exp(-|t| / tau) over m < |t| <= m + 1 ms; side 0: t < 0, 1: t > 0.
    std::array<std::array<double, glmcc_half>, 2> kernel_sum{};
};

/// Differences of exactly 50 ms are left out, on both sides. O(spikes + events). Where a train is
/// in many pairs glmcc_tile is quicker, which prepares each once.
/// @pre trains ascending
GlmccEvents glmcc_events(std::span<const std::int64_t> first, std::span<const std::int64_t> second,
                         double tau_ms = 4);

enum class GlmccMode : std::uint8_t
{
    glm,              ///< significant beyond a threshold of J (2019)
    likelihood_ratio, ///< significant by the likelihood with and without J (the later version)
};

struct GlmccSettings
{
    GlmccMode mode = GlmccMode::glm;
    /// Weight of the background's steps, 2 / gamma: 4000 (glm), 10000 (likelihood ratio).
    double stiffness = 4000;
    double tau_ms = 4;
    int first_delay_ms = 3; ///< delays tried, both directions alike; equal: fixed
    int last_delay_ms = 3;
    /// The published code takes the chance level of the negative side from a window one bin off.
    bool window_of_published_code = false;
    /// D of both directions in the mode glm, too: two fits more, from where the first ended.
    bool with_likelihood_ratio = false;

    static GlmccSettings with(GlmccMode mode, bool search_delay);
};

/// A maximum of the log posterior, which is concave: it does not depend on the way there.
struct GlmccFit
{
    int delay_ms = 0;
    std::array<double, glmcc_bins> log_background{}; ///< a, log of events per ms
    std::array<double, 2> coupling{}; ///< J; 0: first -> second (t < 0), 1: second -> first
    std::array<double, glmcc_bins> expected{}; ///< events of each bin, couplings included
    double log_posterior = 0;
    double log_likelihood = 0;
    int iterations = 0;
    bool converged = false;
};

/// Damped Newton with the Hessian as it is: tridiagonal in the background and two more columns,
/// some 3,000 operations an iteration. J is kept within [-3, 5]. Takes as long as eight fits in
/// glmcc_pairs, which fills the lanes of vectors with them.
/// @param start where to begin; nullptr: flat background, J = 0.1
/// @param without side whose J is held at 0; -1: none
/// @pre events.events > 0, 1 <= delay < 46
GlmccFit fit_glmcc(const GlmccEvents& events, int delay_ms, double stiffness, double tau_ms = 4,
                   const GlmccFit* start = nullptr, int without = -1);

struct GlmccDirection
{
    double fitted_coupling = 0;  ///< J as fitted
    double coupling = 0;         ///< 0 where chance coincidences are too few
    double threshold = 0;        ///< J_th; infinite where too few
    double chance = 0;           ///< coincidences that the background gives in tau
    double likelihood_ratio = 0; ///< D = LL - LL without it; 0 where not asked for
    double weight_mv = 0;        ///< 0 where not significant
    bool significant = false;
};

struct GlmccPair
{
    GlmccFit fit;
    GlmccDirection forward;  ///< first -> second
    GlmccDirection backward; ///< second -> first
    std::int64_t events = 0;
    /// Largest over smallest background rate: slow changes that both units share. 1: none.
    double background_ratio = 1;
};

/// Coupling, threshold and weight: J_th = 1.277 sqrt(16.3 / chance); weight 2.532 J mV or 0.612 J
/// mV by sign; chance <= 10: no statement, J = 0. Without any event J and weight are 0 and the
/// background is -infinity.
GlmccPair glmcc_pair(const GlmccEvents& events, const GlmccSettings& settings);

/// The same for many pairs, whose fits share vectors: a pair has the same bits as alone.
std::vector<GlmccPair> glmcc_pairs(std::span<const GlmccEvents> events,
                                   const GlmccSettings& settings);

/// All pairs (i, j) of a tile in its order, the later unit j as the first train, as in the
/// published program, whose windows are not symmetric: `forward` is j -> i. Nothing when stopped.
/// 0.03 to 0.3 ms a pair.
/// @pre trains ascending
std::optional<std::vector<GlmccPair>> glmcc_tile(const SpikeTrainsView& trains,
                                                 const PairTile& tile,
                                                 const GlmccSettings& settings, const Tick& tick);

} // namespace rewire::spikes
