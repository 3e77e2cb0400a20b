#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

/// What the machine and its limits leave. Read from /proc and the control groups; infinite where
/// nothing limits, or nothing says so.
namespace rewire::base {

/// What the limit of this process (`ulimit -v`) leaves it, in bytes; infinite without one.
double address_space_left();

/// Memory that can be had on this machine within the control groups of this process (version 1 and
/// 2), in bytes. What only caches files counts as free.
double free_memory_bytes();

/// Peak resident memory of this process so far, in bytes.
double peak_resident_bytes();

/// Asks for large pages where what is written for the first time takes as long as what is computed
/// of it: nothing where the system has none. Only whole large pages within the range are meant.
void advise_large_pages(void* begin, std::size_t bytes) noexcept;

/// values.resize(count) of memory in large pages, where it has to be taken anew.
template <typename T>
void resize_large(std::vector<T>& values, std::int64_t count)
{
    values.reserve(static_cast<std::size_t>(count));
    advise_large_pages(values.data(), static_cast<std::size_t>(count) * sizeof(T));
    values.resize(static_cast<std::size_t>(count));
}

} // namespace rewire::base
