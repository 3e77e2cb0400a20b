#pragma once

#include <cstddef>
#include <cstdint>

namespace rewire::base {

/// A place that is counted with a sign, as all of ours are, for the containers of the standard
/// library, which count without.
/// @pre index >= 0
constexpr std::size_t at(std::int64_t index) noexcept
{
    return static_cast<std::size_t>(index);
}

} // namespace rewire::base
