#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace rewire::jobs {

/// Tables in shared memory begin at multiples of so many bytes.
inline constexpr auto table_alignment = std::int64_t{64};

inline std::int64_t aligned(std::int64_t bytes)
{
    return (bytes + table_alignment - 1) / table_alignment * table_alignment;
}

/// What lies there as values. @pre it begins at a multiple of alignof(T)
template <typename T>
std::span<const T> values_of(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

template <typename T>
std::span<T> values_in(std::span<std::byte> bytes)
{
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
}

} // namespace rewire::jobs
