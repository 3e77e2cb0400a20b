#pragma once

#include <limits>

namespace rewire::base {

/// What stands for a number that there is none of.
inline constexpr auto nan = std::numeric_limits<double>::quiet_NaN();

} // namespace rewire::base
