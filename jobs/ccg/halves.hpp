#pragma once

#include "held_trains.hpp"
#include "settings.hpp"

#include <rewire/spikes/jitter.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace rewire::jobs {

/// Connections estimated again in the first and in the second half of a session: of its trials, or
/// of its observed time. For some pairs: each costs as much as a pair of the whole.
class Halves
{
  public:
    /// Where a half leaves nothing to jitter (two trials, pattern jitter) it is NaN.
    Halves(const SessionTrains& session, const CcgSettings& settings);

    /// Corrected correlograms [half] of a pair, [lags]; empty where a half has none.
    /// @param trains of the two units alone
    std::array<std::vector<double>, 2> corrected(const spikes::BinnedTrains& trains) const;

  private:
    const CcgSettings& settings_;
    std::array<std::unique_ptr<spikes::JitterPlan>, 2> plan_;
    std::array<bool, 2> usable_{};
};

} // namespace rewire::jobs
