#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rewire::calcium {

/// The strong partial correlations of one session (paper 2.3; FARCI, connectome_inf.m).
struct Connectome
{
    double threshold = 0;           ///< mean + alpha sd; NaN where there is no value
    std::vector<std::uint8_t> edge; ///< [pairs] 1: value >= threshold
    std::int64_t edges = 0;
    std::int64_t values = 0; ///< non-zero values that mean and sd were taken of
};

/// One threshold a session: mean + alpha * standard deviation (over n - 1) of the non-zero signed
/// values, which leaves out the pairs with an inactive neuron. One value: its own threshold (sd 0).
/// No value, or a NaN among them: threshold NaN and no edge. A zero is never an edge.
/// @pre alpha is finite
Connectome connectome_of(std::span<const double> partial_correlation, double alpha = 2);

} // namespace rewire::calcium
