#pragma once

#include "shift_traces.hpp"

#include <cstdint>
#include <vector>

namespace rewire::calcium {

/// K, the largest lag of third moments: `asked`, or where that is 0 what the autocorrelation asks
/// for of traces or residuals with these squared spectra, added up over neurons [frequencies];
/// never so many that lags meet on the other side of a circle.
std::int64_t moment_lags(std::int64_t asked, const FrameCircles& circles,
                         const SpectrumLayout& layout, const std::vector<double>& squares);

} // namespace rewire::calcium
