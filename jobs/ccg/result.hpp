#pragma once

#include "held_trains.hpp"
#include "jobs/frame/session_results.hpp"
#include "jobs/recording/areas.hpp"
#include "settings.hpp"
#include "surrogates.hpp"
#include "tile.hpp"

#include <rewire/io/result_file.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// ccg.h5: one group a session, /SUBJECT/SESSION/. Pairs are the strict upper triangle of the
/// units, row major; a direction is 0 (i to j, negative lags) or 1 (j to i, positive lags).
namespace rewire::jobs {

inline constexpr auto ccg_name = "ccg"; ///< of the job that writes it
inline constexpr auto ccg_level = 0.05; ///< false discovery rate of what is counted and exported
/// Limits of the paper for calls by the rule, which are said but not kept unless they are asked
/// for: the exact p holds at any rate, and the published cells fire at 0.7 Hz and more.
inline constexpr auto paper_rate_hz = 1.0;      ///< alpha_s: units fire at more than this
inline constexpr auto paper_pair_spikes = 10.0; ///< alpha_p: chance gives more coincidences

/// What a session's pairs gave, in numbers.
struct CcgCounts
{
    std::int64_t pairs = 0;
    std::int64_t tested = 0;
    std::int64_t near = 0;        ///< pairs on one peak channel or within 50 um
    std::int64_t clipped = 0;     ///< spikes in a bin that had one
    std::int64_t peaks = 0;       ///< pairs called by the rule
    std::int64_t troughs = 0;     ///< the same
    std::int64_t few = 0;         ///< of both, pairs with no more than paper_pair_spikes by chance
    std::int64_t slow = 0;        ///< of both, pairs with a unit of no more than paper_rate_hz
    std::int64_t peaks_fdr = 0;   ///< directions with q <= ccg_level
    std::int64_t troughs_fdr = 0; ///< the same of troughs
};

/// Writes the group of one session, tile after tile. Rank 0. Memory: the pairs of a row of tiles.
class CcgWriter
{
  public:
    CcgWriter(const io::ResultFile& file, const SessionHead& head, const SessionTrains& trains,
              const CcgSettings& settings);

    /// @pre tiles come in the order of spikes::pair_tiles
    /// @param surrogates of all pairs of the session; null without
    void add(const spikes::PairTile& tile, const TileResult& result,
             const SurrogateP* surrogates = nullptr);
    /// Writes what needs all pairs.
    CcgCounts finish();
    /// The tested pair whose peak stands out most, in SD of its flanks; nothing without any.
    struct Strongest
    {
        std::int64_t pair = 0;
        std::int64_t i = 0;
        std::int64_t j = 0;
    };
    std::optional<Strongest> strongest() const;
    /// Of that pair, after finish().
    void write_band(const spikes::DeviationBand& band, std::int64_t surrogates) const;

  private:
    void make_arrays();
    double chance_of(std::int64_t i, std::int64_t j) const;
    CcgCounts counted() const;
    void write_row();
    void write_units(const SessionHead& head);
    void write_calls() const;
    std::vector<spikes::PeakLag> peaks_between(const Areas& areas) const;
    void write_directions() const;
    void write_rule_of_directions() const;
    void write_halves() const;
    void write_tests(CcgCounts& counts) const;
    void write_surrogates() const;

    const SessionTrains& trains_;
    const CcgSettings& settings_;
    io::Handle group_;
    std::uint64_t session_key_;
    std::vector<double> overlap_;
    std::int64_t units_;
    base::Range row_;             ///< units i of the row of tiles that is being put together
    TileResult pairs_;            ///< of that row, in the order of pairs
    std::vector<double> drawn_p_; ///< the same: p of surrogates, [pairs, lags]
    std::vector<PairCall> calls_; ///< [pairs] of the session
};

/// Of the pair strongest_pair: z of the largest deviation that ccg_level of the surrogates pass.
struct SurrogateBand
{
    std::int64_t surrogates = 0;
    std::vector<double> peak; ///< [direction]; infinite with too few surrogates
    std::vector<double> trough;
};

/// Result of a session as tables and the page need it.
struct CcgSession
{
    SessionHead head;
    std::string jitter;
    double jitter_ms = 0;
    double bin_ms = 0;
    double threshold_sd = 0;
    double observed_s = 0;
    CcgCounts counts;
    std::vector<std::string> unit_id;
    std::vector<double> rate_hz;        ///< [unit]
    std::vector<std::string> cell_type; ///< [unit] E, I or empty
    std::vector<std::int32_t> pair_i;   ///< [pair]
    std::vector<std::int32_t> pair_j;
    std::vector<std::uint8_t> tested;
    std::vector<double> chance; ///< [pair] coincidences within 10 ms
    std::vector<std::int8_t> significant;
    std::vector<std::int32_t> pre;
    std::vector<std::int32_t> post;
    std::vector<double> flank_sd;
    std::vector<double> peak;
    std::vector<double> peak_lag_ms;
    std::vector<double> trough;
    std::vector<double> trough_lag_ms;
    std::vector<double> direction_peak; ///< [pair, 2]
    std::vector<double> direction_peak_lag_ms;
    std::vector<double> direction_trough;
    std::vector<double> direction_trough_lag_ms;
    std::vector<double> p_value;        ///< [pair, 2] under jitter; empty without a null
    std::vector<double> p_value_strict; ///< against the flanks, too
    std::vector<double> q_value;        ///< of the strict p: what is called
    std::vector<double> p_trough;
    std::vector<double> p_trough_strict;
    std::vector<double> q_trough;
    std::vector<double> half_peak; ///< [pair, 2, half]; NaN where it was not asked for
    std::vector<double> half_trough;
    std::int64_t strongest_pair = -1;
    std::optional<SurrogateBand> band; ///< with surrogates
    AreaDelays areas;                  ///< empty where no area is known
};
CcgSession read_ccg(const io::Handle& file, const SessionName& name);

/// Correlogram of one pair.
struct PairCorrelogram
{
    std::vector<double> lag_ms;
    std::vector<double> count;
    std::vector<double> expected; ///< empty without a null
};
PairCorrelogram read_correlogram(const io::Handle& file, const SessionName& name,
                                 std::int64_t pair);

} // namespace rewire::jobs
