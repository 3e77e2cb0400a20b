#pragma once

#include "held_trains.hpp"
#include "settings.hpp"

#include <rewire/spikes/jitter.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace rewire::jobs {

/// Corrected correlograms of the wanted pairs of a tile, by half of the session.
struct HalfCorrelograms
{
    /// [half][pair of the tile]: [lags]; empty where a half has none, or the pair is not wanted
    std::array<std::vector<std::vector<double>>, 2> corrected;
};

/// Connections estimated again in the first and in the second half of a session: of its trials, or
/// of its observed time. For some pairs of a tile: what a unit needs is made once for all of them.
class Halves
{
  public:
    /// Where a half leaves nothing to jitter (two trials, pattern jitter) it is NaN.
    Halves(const SessionTrains& session, const CcgSettings& settings);

    /// Nothing when stopped.
    /// @param trains,tile those of the tile's units, and its pairs in their numbers
    /// @param wanted [pairs]
    std::optional<HalfCorrelograms> corrected(const spikes::BinnedTrains& trains,
                                              const spikes::PairTile& tile,
                                              std::span<const std::uint8_t> wanted,
                                              const spikes::Tick& tick) const;

  private:
    const CcgSettings& settings_;
    std::array<std::unique_ptr<spikes::JitterPlan>, 2> plan_;
    std::array<bool, 2> usable_{};
};

} // namespace rewire::jobs
