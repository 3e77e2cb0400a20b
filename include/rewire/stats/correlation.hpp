#pragma once

#include <span>

namespace rewire::stats {

/// Pearson correlation, within [-1, 1]. NaN where either series is constant (all values equal,
/// decided exactly), has fewer than two values, or holds a NaN.
/// @throws InputError: series of different length
double pearson(std::span<const double> first, std::span<const double> second);

/// Fisher's z = atanh(r), for averaging and comparing correlations: +-infinity for r = +-1.
/// @throws InputError: |r| above 1
double fisher_z(double r);

} // namespace rewire::stats
