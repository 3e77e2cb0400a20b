#pragma once

#include <rewire/calcium/event_jitter.hpp>
#include <rewire/calcium/shift_moments.hpp>

#include <cstdint>
#include <span>
#include <vector>

/// Which edges of a connectome are real: two tests of every pair, and edges supported by both
/// (methods: truth, j).
///
/// p_partial asks whether the partial correlation is larger than shifted traces would give, and
/// p_fine (jitter) or p_marginal (shift) whether the two neurons are active together at all, on a
/// fine time scale or on any. p_both is the larger: valid for "at least one of the two is not
/// positive". **What it does not show**: a direct connection. Delays longer than a frame, missed
/// events and unrecorded common input make both reject where there is none.
///
/// A job: shift_moments_of and event_jitter_of once, test_tile for each of pair_tiles on whichever
/// rank, finish_edge_tests with all of them. Every number belongs to one tile and tiles are the
/// same whoever computes them, so the result is the same bits however they are handed out.
namespace rewire::calcium {

enum class Support : std::uint8_t
{
    jitter, ///< p_both = max(p_partial, p_fine)
    shift,  ///< p_both = max(p_partial, p_marginal)
};

struct EdgeTestOptions
{
    Support support = Support::jitter;
    bool two_sided = false; ///< lower tails, too
    /// Two-sided, and every p of a tile is min(1, 2 min(upper, lower)): of tiles that are counted,
    /// not put together.
    bool folded = false;
    double level = 0.05; ///< of q_both, for `supported`
};

/// What one tile's pairs show: vectors over the tile's pairs, row by row (on the diagonal j > i).
struct EdgeTile
{
    PairTile tile;
    double variance_sum = 0;      ///< of the pairs' V
    std::vector<double> null_sd;  ///< sqrt(V) [(1 - R2_i)(1 - R2_j)]^(-1/4): p_ij / null_sd = score
    std::vector<double> skewness; ///< g'
    std::vector<double> drive;    ///< score_marginal + g_marginal / 6
    std::vector<double> p_partial;
    std::vector<double> p_marginal;
    std::vector<double> p_fine; ///< NaN without a jitter table
    std::vector<double> p_both;
    std::vector<double> log10_p_both;
    std::vector<double> p_both_negative;       ///< from the lower tails; empty unless two-sided
    std::vector<double> log10_p_both_negative; ///< likewise
};

/// @param jitter rows = moments.active; null where there are no events: p_fine is then NaN, and
/// support must be `shift`
/// @throws InputError for support by jitter without a table, or one of other rows
EdgeTile test_tile(const ShiftMoments& moments, const EventJitter* jitter, const PairTile& tile,
                   const EdgeTestOptions& options);

/// p_fine alone, of the pairs of a tile in the order of EdgeTile. @pre a tile of pair_tiles(rows)
/// @param folded as EdgeTestOptions::folded
std::vector<double> fine_tails(const EventJitter& jitter, const PairTile& tile,
                               bool folded = false);

enum class EffectiveFrames : std::uint8_t
{
    enough,
    few,     ///< N / T_eff above warn_neurons_per_frame
    too_few, ///< above most_neurons_per_frame: no claim, the session does not enter `rewiring`
};
inline constexpr auto warn_neurons_per_frame = 0.3;
inline constexpr auto most_neurons_per_frame = 0.5;
/// Drive above this: something moves most pairs together, and the shift tests reject for it.
inline constexpr auto warn_drive = 0.1;

/// All pairs of a session: vectors over the strict upper triangle of ALL neurons, row major, NaN
/// for a pair with an inactive neuron.
struct EdgeTests
{
    std::vector<double> partial_correlation; ///< that was tested: of the used frames
    std::vector<double> p_partial;
    std::vector<double> p_marginal;
    std::vector<double> p_fine;
    std::vector<double> p_both; ///< two-sided: min(1, 2 min(p_both, p_both_negative))
    std::vector<double> log10_p_both;
    std::vector<double> q_both;          ///< Benjamini-Hochberg over the session's pairs
    std::vector<double> p_holm;          ///< Holm over the same: the family-wise claim
    std::vector<double> p_both_negative; ///< empty unless two-sided
    std::vector<std::int8_t> sign;       ///< of the smaller tail: +1 or -1, 0 inactive; likewise
    std::vector<std::uint8_t> supported; ///< 1: q_both <= level
    std::int64_t tested = 0;             ///< pairs of active neurons: the family
    std::int64_t supported_count = 0;
    double effective_frames = 0;  ///< T_eff = 1 / mean V
    double neurons_per_frame = 0; ///< active neurons / T_eff
    EffectiveFrames enough = EffectiveFrames::enough;
    double drive = 0; ///< median over pairs

    // What noise_edges needs, pairs of active neurons.
    std::vector<double> null_sd;
    std::vector<double> skewness;
};

/// Puts the tiles together, in any order. Moments that are not ok: NaN throughout.
/// @pre each tile of pair_tiles(moments.active_count()) once, all with the same options, not folded
EdgeTests finish_edge_tests(const ShiftMoments& moments, std::span<const EdgeTile> tiles,
                            const EdgeTestOptions& options);

/// Number of edges that noise alone puts above a threshold on partial correlations: the sum of the
/// pairs' upper tails there. NaN for a threshold that is NaN. 2 / N^2 times it is the density.
double noise_edges(const EdgeTests& tests, double threshold);

/// What a session says about common drive without any test: the largest share of the neurons that
/// have an event in one frame of the segments, 0 for none.
/// @param events before smoothing, which would count what lies a few frames apart
/// @param neurons of `events`, active ones: silent ones say nothing
double largest_active_share(const activity::ActivityView& events,
                            std::span<const std::int64_t> neurons,
                            std::span<const base::Range> segments);

} // namespace rewire::calcium
