#pragma once

#include <rewire/spikes/connection_rule.hpp>
#include <rewire/spikes/correlogram.hpp>
#include <rewire/spikes/jitter.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

/// Jittered surrogates of whole populations, for what has no closed form: the largest deviation
/// over the lags of a direction, and how often a rule fires on jittered data.
///
/// Every draw is named by (seed, subject, session, unit, surrogate): a surrogate is the same
/// whatever the tile, block, rank or order in which it is drawn. Spikes that meet in a bin count as
/// often as there are spikes (keeping one of them would bias counts low by 3 to 6 % at 20-30 Hz).
namespace rewire::spikes {

enum class JitteredTrain : std::uint8_t
{
    both,
    /// The postsynaptic candidate of each direction, the other held: the null of the exact p.
    postsynaptic,
};

struct JitterKey
{
    std::uint64_t seed = 0;
    std::uint64_t subject = 0; ///< base::key_of
    std::uint64_t session = 0;
};

/// Draws surrogates of units.
class Jitterer
{
  public:
    /// @throws UsageError for Jitter::none
    Jitterer(const JitterPlan& plan, const BinnedTrains& trains, const JitterKey& key);

    /// Positions of a surrogate of a unit, in no order, replacing what `spikes` held.
    void draw(std::int64_t unit, std::int64_t surrogate, std::vector<std::int32_t>& spikes) const;

  private:
    struct Choice
    {
        std::int32_t first; ///< of the window; for the pattern: of the trial
        std::int32_t bins;
    };
    struct PatternUnit
    {
        std::vector<std::int32_t> trial_first; ///< by window, then trial
        std::vector<std::int32_t> bin;
        std::vector<std::int32_t> group; ///< [windows + 1]
    };
    PatternUnit pattern_of(const JitterPlan& plan, std::span<const std::int32_t> train) const;

    const BinnedTrains& trains_;
    JitterSettings settings_;
    JitterKey key_;
    std::vector<std::vector<Choice>> choice_; ///< interval: [unit][spike]
    std::vector<PatternUnit> pattern_;
    std::vector<std::vector<std::uint32_t>> segment_; ///< dither: [unit][spike]
};

struct MonteCarloSettings
{
    JitteredTrain jittered = JitteredTrain::both;
    std::int64_t max_lag = 10;         ///< lags that are counted, at most those of the plan
    std::int64_t first_tested_lag = 1; ///< of a direction; the last is last_tested_lag
    std::int64_t last_tested_lag = 10;
    /// The rule applied to every surrogate, which needs max_lag to reach the rule's flanks.
    std::optional<ConnectionRule> rule;
    std::vector<double> overlap_s; ///< [lags] of overlap_s(), for the rule: it sees C / overlap
};

/// What surrogates of the pairs of a tile have shown. Whole numbers: any grouping of blocks gives
/// the same bits; over ranks, the sum.
struct MonteCarloTally
{
    std::int64_t surrogates = 0;
    std::vector<std::int64_t> sum;         ///< [pairs, lags] of counts
    std::vector<std::int64_t> sum_squares; ///< [pairs, lags]
    std::vector<std::int32_t> at_least;    ///< [pairs, lags] surrogates with count >= observed
    std::vector<std::int32_t> at_most;     ///< [pairs, lags]
    /// [pairs, 2] surrogates whose largest z over a direction's lags (0: first -> second, negative
    /// lags; 1: second -> first) is at least the observed; z = (count - expected) / sqrt(expected).
    std::vector<std::int32_t> peak_at_least;
    std::vector<std::int32_t> trough_at_least; ///< the same of -z
    std::vector<std::int32_t> rule_peak;   ///< [pairs] surrogates that the rule calls a peak ...
    std::vector<std::int32_t> rule_trough; ///< ... or a trough; empty without a rule
};

/// @pre both of the same tile and settings, no surrogate in both
void add_to(MonteCarloTally& sum, const MonteCarloTally& part);

/// Runs surrogates [block.first, block.last) of the pairs of a tile; nothing when stopped. Each
/// unit of the tile is jittered once a surrogate: the larger the tile, the less that costs.
/// 4 ns a spike to draw, then the cost of a correlogram a pair.
/// @param count observed counts [pairs, 2 * settings.max_lag + 1]
/// @param expected [the same] closed form, the scale of z
/// @throws UsageError: lags of the settings, counts, expectations and overlaps do not fit
std::optional<MonteCarloTally> run_jitter_block(const Jitterer& jitterer,
                                                const BinnedTrains& trains, const PairTile& tile,
                                                base::Range block,
                                                const MonteCarloSettings& settings,
                                                std::span<const std::int32_t> count,
                                                std::span<const double> expected, const Tick& tick);

/// How far counts may lie from the expectation over all tested lags of a direction: a count beyond
/// expected + peak sqrt(expected), or below expected - trough sqrt(expected), at any of them.
struct DeviationBand
{
    std::array<double, 2> peak{}; ///< 0: first -> second, 1: second -> first; infinite: no limit
    std::array<double, 2> trough{};
};
/// Of the largest z of surrogates 0 .. surrogates - 1 of units i < j, the limit that is passed
/// exactly where (b + 1) / (n + 1) <= level, for the draws of run_jitter_block. Infinite with fewer
/// surrogates than 1 / level - 1. Cost: that of these surrogates of one pair, and 32 bytes each.
/// @param expected [2 * settings.max_lag + 1]
/// @pre surrogates >= 0, 0 < level < 1
DeviationBand deviation_band(const Jitterer& jitterer, const BinnedTrains& trains, std::int64_t i,
                             std::int64_t j, std::int64_t surrogates,
                             const MonteCarloSettings& settings, std::span<const double> expected,
                             double level);

} // namespace rewire::spikes
