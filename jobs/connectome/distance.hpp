#pragma once

#include "result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

/// Supported edges by the distance of the ROIs. Two ROIs of one neuron, and neuropil that both see,
/// act like unrecorded input: they support pairs that lie close.
namespace rewire::jobs {

/// Ends of the bins, shares of the tested pairs in the order of their distance.
inline constexpr auto distance_shares =
    std::array{0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0};
inline constexpr auto distance_bins = distance_shares.size() - 1;

struct DistanceBin
{
    std::int64_t pairs = 0;
    std::int64_t supported = 0;
    double distance = 0; ///< sum over the pairs
    double q = 0;        ///< median of q_both; NaN for none
};

struct DistanceSummary
{
    std::string unit;
    std::array<DistanceBin, distance_bins> bin;
};

/// Of the ROIs' centres, in their unit; NaN where one is not known. @pre positions
double distance_between(const SessionConnectome& session, std::size_t i, std::size_t j);

/// Pairs that were tested and whose distance is known, the closest first (equal distances by pair).
/// No unit and no pairs where positions are not known. @pre session.closed_form
DistanceSummary distances_of(const SessionConnectome& session);

} // namespace rewire::jobs
