#pragma once

#include <vector>

namespace rewire::stats {

/// The middle value, or the mean of the two in the middle. NaN for no values. O(n). @pre no NaN
double median(std::vector<double> values);

/// The middle value, or the larger of the two in the middle, so that it is one of the values. NaN
/// for no values. O(n). @pre no NaN
double upper_median(std::vector<double> values);

} // namespace rewire::stats
