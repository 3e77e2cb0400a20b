#pragma once

#include "held_trains.hpp"
#include "jobs/recording/pair_tiles.hpp"
#include "settings.hpp"

#include <rewire/runtime/run_context.hpp>
#include <rewire/spikes/jitter_monte_carlo.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace rewire::jobs {

/// What jittered surrogates say of the pairs of a session, row major: (b + 1) / (n + 1).
struct SurrogateP
{
    std::vector<double> lag;        ///< [pairs, lags within 10 ms] count at least the observed
    std::vector<double> max_peak;   ///< [pairs, 2] largest z of a direction's lags, peaks
    std::vector<double> max_trough; ///< [pairs, 2] the same of troughs
};

/// A tile of the pairs of a session of the wave.
struct SurrogateTile
{
    std::size_t position = 0;
    spikes::PairTile tile;
    double seconds = 0; ///< of a surrogate
};

/// Most of which a band is made, of one pair of a session: a second of rank 0.
inline constexpr auto band_surrogates = std::int64_t{2000};

/// Surrogates of all pairs of the sessions of a wave, in blocks, over the ranks.
class SurrogateRun
{
  public:
    SurrogateRun(const HeldTrains& held, const Wave& wave, const CcgSettings& settings);

    /// Collective. @return on rank 0: of each of the sessions; empty elsewhere
    std::vector<SurrogateP> run(runtime::RunContext& context);
    /// How far the first `surrogates` of a pair i < j of a session lie from the expectation, over
    /// all lags of a direction: what the p of its largest deviation is made of. On one rank.
    spikes::DeviationBand band(std::size_t position, std::int64_t i, std::int64_t j,
                               std::int64_t surrogates, double level) const;

  private:
    std::vector<SurrogateTile> tiles() const;
    spikes::JitterKey key_of(const SurrogateTile& tile) const;

    const HeldTrains& held_;
    const Wave& wave_;
    const CcgSettings& settings_;
};

/// Units a side of the tiles of surrogates. Every unit of a tile is drawn once a surrogate, so that
/// tiles are large; work is divided by surrogates, too.
std::int64_t surrogate_tile_side(std::int64_t units);

/// Seconds of the surrogates that a rank takes at a time, of those of a wave: so few that no rank
/// waits for long at the end, not so few that the bits of trains are made anew all the time.
double surrogate_block_seconds(double wave_s);

/// Seconds of one surrogate of a tile.
double surrogate_seconds(double spikes_of_pair, const spikes::PairTile& tile,
                         const CcgSettings& settings);

} // namespace rewire::jobs
