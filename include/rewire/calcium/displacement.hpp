#pragma once

#include <rewire/calcium/edge_tests.hpp>
#include <rewire/calcium/tick.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

/// The displacement control: how often the tests of edges err on the user's own recording (methods:
/// truth, j).
///
/// A random half of the neurons is displaced in time by a few seconds, around each circle. A pair
/// of one displaced and one other neuron then still shares everything that is slow - rates that
/// drift, states, bursts longer than the displacement - and nothing that is fine: whatever a test
/// finds there is an error. The whole session is tested again after each displacement, and the
/// pairs across the halves are counted. A test whose share at p <= .05 is far above .05 rejects for
/// what the recording has in common, not for edges.
namespace rewire::calcium {

struct DisplacementOptions
{
    std::int64_t draws = 3;            ///< displacements, each with halves of its own
    std::int64_t shortest_frames = 56; ///< 2 s at 28 frames/s
    std::int64_t longest_frames = 280; ///< 10 s; draws lie evenly in between on a log scale
    double level = 0.05;               ///< of p and of q
    EdgeTestOptions tests{};           ///< two-sided: p of each test is twice its smaller tail
    ShiftLags lags{};                  ///< those of the session
};

/// Names the random stream of a draw: ("displaced half", subject, session, draw).
struct DisplacementKey
{
    std::uint64_t seed = 0;
    std::uint64_t subject = 0; ///< base::key_of
    std::uint64_t session = 0;
};

/// The session, as it was tested. `events` empty: no jitter, support must be `shift`.
struct DisplacementInput
{
    activity::ActivityView activity;
    const FrameCircles& circles;
    CovariateView covariates;
    activity::ActivityView events;
    std::span<const base::Range> segments; ///< of the events' frames
    EventJitterOptions jitter;
    std::span<const std::int64_t> active; ///< ShiftMoments::active of the session
};

/// Order of the tests in the arrays below.
enum class DisplacedTest : std::uint8_t
{
    partial,
    marginal,
    fine,
    both,
};
inline constexpr auto displaced_tests = std::size_t{4};

/// What draws have shown: whole numbers, which add up in any order.
struct DisplacementTally
{
    std::int64_t pairs = 0;                               ///< across the halves, over draws
    std::int64_t draws = 0;                               ///< that could be tested
    std::array<std::int64_t, displaced_tests> rejected{}; ///< p <= level
    /// q <= level, Benjamini-Hochberg over all pairs of the displaced session, as in the session
    /// itself; pairs within a half keep their edges.
    std::array<std::int64_t, displaced_tests> discovered{};
};

void add_to(DisplacementTally& sum, const DisplacementTally& part);

/// What a tile of a displaced session shows: of each test counts, and the p-values at or below the
/// level, the only ones that can be discoveries, with whether their pair lies across the halves.
struct DisplacedTile
{
    std::int64_t tested = 0; ///< all pairs of the tile
    std::int64_t pairs = 0;  ///< across the halves
    std::array<std::int64_t, displaced_tests> rejected{};
    std::array<std::vector<double>, displaced_tests> small_p;
    std::array<std::vector<std::uint8_t>, displaced_tests> across;
};

template <typename Tile, typename Field>
requires std::is_same_v<std::remove_const_t<Tile>, DisplacedTile>
void each_field(Tile& tile, Field field)
{
    field(tile.tested), field(tile.pairs), field(tile.rejected);
    for (std::size_t k = 0; k < displaced_tests; ++k)
        field(tile.small_p[k]), field(tile.across[k]);
}

/// How the tiles of a displaced session are tested: as those of the session, both sides in one p.
EdgeTestOptions displaced_test_options(const DisplacementOptions& options);

/// @param tile tested with displaced_test_options
/// @param displacement [neurons of the session], of displacement_of
/// @param active ShiftMoments::active of the displaced session
DisplacedTile displaced_tile(const EdgeTile& tile, std::span<const std::int64_t> displacement,
                             std::span<const std::int64_t> active,
                             const DisplacementOptions& options);

/// Of all tiles of a draw, in any order; no tiles: a session that could not be tested.
DisplacementTally tally_of(std::span<const DisplacedTile> tiles,
                           const DisplacementOptions& options);

/// How a displaced session is tested: ShiftMomentOptions of the draw.
ShiftMomentOptions displaced_moment_options(std::vector<std::int64_t> displacement,
                                            const DisplacementOptions& options);

/// Frames by which each neuron of the session is displaced: 0 or one number; inactive ones 0.
std::vector<std::int64_t> displacement_of(std::int64_t draw, std::int64_t neurons,
                                          std::span<const std::int64_t> active,
                                          const DisplacementOptions& options,
                                          const DisplacementKey& key);

/// How far displacements reach where stretches are so short that displaced_by cuts them: means over
/// frames, of the draw that moves least and of the one that moves most.
struct DisplacementReach
{
    double shortest_frames = 0;
    double longest_frames = 0;
    /// Of the frames, in stretches shorter than twice the shortest displacement: pairs there keep
    /// what is slower than they were moved, and may keep what is fine.
    double cut_share = 0;
};

/// @param length of the circles, or of the segments of the events; none: nothing is reached
DisplacementReach displacement_reach(std::span<const std::int64_t> length,
                                     const DisplacementOptions& options) noexcept;

/// One draw, in single precision: about half the time and memory of the session's own tests. By
/// tiles: displaced_moment_options, displaced_tile, tally_of. Nothing when `tick` stopped it.
/// @throws InputError as the tests themselves, or displacements out of range
std::optional<DisplacementTally> run_displacement(const DisplacementInput& input, std::int64_t draw,
                                                  const DisplacementOptions& options,
                                                  const DisplacementKey& key, const Tick& tick);

/// p_fine alone, with another window, on the pairs across the halves of one draw: `fine` of pairs
/// and rejected. Where p_fine exceeds its level the longest of shorter_windows that does not is the
/// one to be recommended. Nothing when `tick` stopped it.
std::optional<DisplacementTally> run_displaced_window(const DisplacementInput& input,
                                                      std::int64_t draw, std::int64_t window_frames,
                                                      const DisplacementOptions& options,
                                                      const DisplacementKey& key, const Tick& tick);

/// least_window_frames, twice, four times as many ... below `window_frames`, which was found to be
/// too long; none where it is the least.
std::vector<std::int64_t> shorter_windows(std::int64_t window_frames);

/// The share of so many pairs with p <= level that chance alone hardly exceeds: three standard
/// errors of independent pairs above the level. What lies above it is the test's doing. Infinite
/// for no pairs.
double highest_rate_by_chance(double level, std::int64_t pairs) noexcept;

/// Shares of pairs, NaN for no pairs.
struct DisplacementControl
{
    std::array<double, displaced_tests> rate{};        ///< p <= level
    std::array<double, displaced_tests> discoveries{}; ///< q <= level
};

DisplacementControl finish_displacement(const DisplacementTally& tally) noexcept;

} // namespace rewire::calcium
