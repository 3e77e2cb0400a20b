#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::spikes {

/// Principal components of the courses of a population over the trial.
struct Dimensionality
{
    std::int64_t components = 0; ///< the fewest that hold the asked share of the variance
    double normalised = 0;       ///< components / rows that vary; NaN for none
    std::int64_t varying_rows = 0;
    std::vector<double> variance_ratio; ///< [components found], descending
};

/// Of trial-averaged rates (the paper: components for 95 % of the variance, by unit) or of any
/// other courses, such as weights by pair. Each row is centred over time; its scale is kept.
/// Rows or time, whichever is fewer, cubed.
/// @param course [rows, times] row major
/// @throws InputError: sizes disagree, or a value is not finite
Dimensionality dimensionality(std::span<const double> course, std::int64_t rows, std::int64_t times,
                              double share = 0.95);

/// Each row convolved with a Gaussian, cut at four standard deviations and normalised to what lies
/// within the row. 0: unchanged.
std::vector<double> smoothed(std::span<const double> course, std::int64_t rows, std::int64_t times,
                             double sd_bins);

} // namespace rewire::spikes
