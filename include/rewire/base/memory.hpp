#pragma once

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

} // namespace rewire::base
