#pragma once

#include "nwb_find.hpp"

#include <rewire/io/nwb_session.hpp>

namespace rewire::io {

/// Reads what is known of a RoiResponseSeries without its data, and appends what is wrong with it.
/// Empty where it cannot be used: the last problem says why.
std::optional<ActivityInfo> read_activity_info(hid_t file, const FoundObject& series,
                                               const NwbOptions& options,
                                               std::vector<Problem>& problems);

/// When the samples of a series were taken, judged by its timestamps.
struct Clock
{
    double rate_hz = 0; ///< NaN for fewer than two samples
    double start_s = 0;
    std::int64_t dropped = 0;    ///< samples missing from a regular grid
    std::int64_t gaps = 0;       ///< places where they are missing
    std::int64_t first_gap = -1; ///< sample before the first of them
    double first_gap_s = 0;      ///< its time
    std::int64_t irregular = 0;  ///< other intervals more than 1 % off the period
    double largest = 0;          ///< the largest such deviation, in periods
    std::int64_t unsorted = -1;  ///< first sample that is not later than the one before, or NaN
};
/// The period is the median interval, then refined to the mean over the grid it spans.
Clock clock_of(std::span<const double> timestamps);

} // namespace rewire::io
