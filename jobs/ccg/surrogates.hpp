#pragma once

#include "held_trains.hpp"
#include "jobs/recording/pair_tiles.hpp"
#include "settings.hpp"

#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace rewire::jobs {

/// What jittered surrogates say of the pairs of a tile, in its order: (b + 1) / (n + 1).
struct SurrogateP
{
    std::vector<double> lag;        ///< [pairs, lags within 10 ms] count at least the observed
    std::vector<double> max_peak;   ///< [pairs, 2] largest z of a direction's lags, peaks
    std::vector<double> max_trough; ///< [pairs, 2] the same of troughs
};

/// Surrogates of the pairs of some tiles, in blocks, over the ranks.
class SurrogateRun
{
  public:
    SurrogateRun(const HeldTrains& held, const Wave& wave, const CcgSettings& settings);

    /// Collective. @return on rank 0: of each of the tiles; empty elsewhere
    std::vector<SurrogateP> run(runtime::RunContext& context, const std::vector<TileWork>& tiles);

  private:
    const HeldTrains& held_;
    const Wave& wave_;
    const CcgSettings& settings_;
};

/// Seconds of one surrogate of a tile.
double surrogate_seconds(double spikes_of_pair, std::int64_t pairs, std::int64_t units,
                         const CcgSettings& settings);

} // namespace rewire::jobs
