#pragma once

#include <rewire/base/error.hpp>

#include <cstdint>

namespace rewire::simulate {

/// @throws InputError of a parameter that does not hold
inline void require(bool holds, const char* what, const char* where, const char* next)
{
    if (!holds)
        throw base::InputError(what, where, next);
}

/// A number in the name of a random stream.
inline std::uint64_t name(std::int64_t number)
{
    return static_cast<std::uint64_t>(number);
}

} // namespace rewire::simulate
