#pragma once

#include <rewire/spikes/binned_trains.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// Jitter nulls of correlograms in closed form: what the counts would be, on average, had the
/// spikes kept their slow rates and lost their timing below the jitter (methods page, spikes b).
///
/// **What a count above it shows**: the two trains coincide, at that lag, more than trains do whose
/// spikes are free within the window. **What it does not show**: that one unit drives the other. A
/// common input faster than the window, or a stimulus whose response is (pattern jitter keeps what
/// is locked to the trial), rejects just as well.
namespace rewire::spikes {

enum class Jitter : std::uint8_t
{
    none,
    /// Inside each window of a trial, the times of all spikes of a unit are permuted across trials:
    /// keeps the PSTH and each trial's count a window. Needs two trials; with one it would return
    /// the data unchanged.
    pattern,
    /// Every spike uniform within its window (Amarasingham et al. 2012). Windows begin with each
    /// segment, the last of a segment may be shorter.
    interval,
    /// Every spike displaced uniformly by -reach .. reach bins; those that leave their segment are
    /// lost.
    dither,
};

std::string_view name_of(Jitter jitter) noexcept;

struct JitterSettings
{
    Jitter kind = Jitter::interval;
    /// Bins of a window; for the dither the reach to one side. The paper: 25 ms windows, +-5 ms.
    std::int64_t bins = 25;
};

/// Windows and what follows from their geometry alone; the same for all units of a session.
class JitterPlan
{
  public:
    /// @throws InputError: pattern jitter of a continuous recording or of fewer than two trials; a
    /// window of less than 1 or more than 255 bins; trials closer together than max_lag and jitter
    JitterPlan(const Timeline& timeline, const JitterSettings& settings, std::int64_t max_lag);

    struct Window
    {
        std::int64_t first = 0; ///< position
        std::int32_t bins = 0;
        std::int32_t coarse = -1;    ///< index among the full windows, with room between segments
        std::int32_t irregular = -1; ///< index among those in irregular classes
    };

    /// Two windows of which one is short, or that lie in different segments: all with the same
    /// geometry share one profile over lags.
    struct IrregularClass
    {
        std::vector<std::array<std::int32_t, 2>> windows; ///< [.][irregular index of each]
        std::vector<double> profile;                      ///< [lags]
    };

    /// Windows of a segment.
    struct SegmentWindows
    {
        std::int64_t first = 0; ///< index of its first window
        /// Windows from here to before there are full and in no irregular class.
        std::int64_t regular_first = 0;
        std::int64_t regular_last = 0;
    };

    const Timeline& timeline() const noexcept { return timeline_; }
    const std::vector<SegmentWindows>& segment_windows() const noexcept { return of_segment_; }
    const JitterSettings& settings() const noexcept { return settings_; }
    std::int64_t max_lag() const noexcept { return max_lag_; }
    /// Lags to each side that raw counts have to reach for `expected`.
    std::int64_t reach() const noexcept
    {
        return settings_.kind == Jitter::dither ? max_lag_ + 2 * settings_.bins : max_lag_;
    }
    const std::vector<Window>& windows() const noexcept { return windows_; }
    const std::vector<IrregularClass>& irregular() const noexcept { return irregular_; }
    std::int64_t coarse_extent() const noexcept { return coarse_extent_; }
    std::int64_t irregular_windows() const noexcept { return irregular_windows_; }
    /// Windows apart that a lag can span.
    std::int64_t coarse_reach() const noexcept { return coarse_reach_; }
    std::int64_t windows_of_a_trial() const noexcept { return windows_of_a_trial_; }

  private:
    void cut_windows();
    void find_irregular_classes();
    void find_regular_windows();

    Timeline timeline_;
    JitterSettings settings_;
    std::int64_t max_lag_;
    std::vector<Window> windows_; ///< in order; none for the dither
    std::vector<SegmentWindows> of_segment_;
    std::vector<IrregularClass> irregular_;
    std::int64_t coarse_extent_ = 0;
    std::int64_t coarse_reach_ = 0;
    std::int64_t irregular_windows_ = 0;
    std::int64_t windows_of_a_trial_ = 0;
};

/// What the closed form needs of one unit.
struct JitterUnit
{
    std::vector<std::uint8_t> coarse;       ///< interval: spikes by full window, padded
    std::vector<std::int32_t> coarse_spike; ///< interval: the full window of each spike in one
    std::uint8_t most = 0;                  ///< interval: largest of `coarse`
    std::vector<std::int32_t> irregular;    ///< interval: spikes by irregular window
    std::vector<std::int16_t> by_window;    ///< pattern: [window, trial]
    std::vector<double> share;              ///< pattern: [bin] PSTH over its sum in the window
    std::vector<std::int32_t> spike;        ///< dither: the train ...
    std::vector<std::int32_t> at_edge;      ///< ... and its spikes that may leave their segment
};

/// O(spikes). @pre train of the plan's timeline
JitterUnit jitter_unit(const JitterPlan& plan, std::span<const std::int32_t> train);

/// Expected counts [lags] of a pair under independent jitter of both trains, at the lags of the
/// plan. Interval: linear interpolation of the counts of whole windows, 0.4 ns a spike of the
/// second and 16 offsets, and irregular windows. Pattern: M W (2 D + 1) + T lags operations.
/// Dither: from raw counts, a convolution with the triangle and what is lost at edges.
/// @param raw counts [2 * plan.reach() + 1] of the pair; read by the dither only
/// @throws UsageError for Jitter::none
std::vector<double> expected_counts(const JitterPlan& plan, const JitterUnit& first,
                                    const JitterUnit& second, std::span<const std::int32_t> raw);

/// The expected train itself, [positions of the timeline's extent]: for looking at, and for tests.
std::vector<double> expected_train(const JitterPlan& plan, std::span<const std::int32_t> train);

/// Expected counts [pairs, lags] of a tile; nothing when stopped. The same bits whatever the
/// tiling.
/// @param raw [pairs, 2 * plan.reach() + 1] counts of the tile; read by the dither only
/// @param wanted [pairs]: 0 leaves a pair's expectation 0, at no cost; empty: all pairs
std::optional<std::vector<double>> expected_tile(const JitterPlan& plan, const BinnedTrains& trains,
                                                 const PairTile& tile,
                                                 std::span<const std::int32_t> raw,
                                                 const Tick& tick,
                                                 std::span<const std::uint8_t> wanted = {});

} // namespace rewire::spikes
