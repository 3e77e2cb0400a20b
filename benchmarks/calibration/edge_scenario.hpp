#pragma once

#include "edge_session.hpp"
#include "scenario.hpp"

#include <functional>
#include <string>
#include <vector>

/// What the tables of edge scenarios are written with: generators and bands.
namespace rewire::calibration {

inline constexpr auto minutes_10 =
    std::int64_t{16'804}; ///< at 28 frames/s, 16,800 of them smoothed

using Make = std::function<EdgeSession(std::uint64_t seed)>;

Make simulated(const EventModel& model);

Scenario edge_scenario(std::string name, std::string says, const Make& make, double seconds,
                       std::int64_t data_sets, std::int64_t checked, std::vector<Band> bands,
                       EdgeMeasure measure = {});

using Bands = std::vector<Band>;
Bands operator+(Bands a, const Bands& b);

Band rate(const char* statistic, double level, double low, double high);
Band fdr_at_most(const char* statistic, double high);
Band power_at_least(const char* statistic, double low);
/// Share of the displaced pairs with p <= .05.
Band displaced(const char* statistic, double low, double high);

/// What holds wherever rates are stationary and everything is recorded.
Bands exact_partial();
Bands exact_marginal();
/// Not above the level; and not far below what is known of these, as a test of no power would be.
Bands valid_both();
/// What jitter holds under drive that all neurons share.
Bands valid_under_drive();

} // namespace rewire::calibration
