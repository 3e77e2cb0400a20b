#pragma once

#include <cstdint>
#include <functional>

namespace rewire::calcium {

/// Called every few milliseconds to seconds with the number of steps finished since the last call
/// (0 where only time has passed); false stops.
using Tick = std::function<bool(std::int64_t)>;

} // namespace rewire::calcium
