#pragma once

#include <functional>

/// How fast one core of a machine does what jobs spend their time on.
namespace rewire::jobs {

/// Work done a second of processor time, so that other users of a login node do not change what
/// comes out: the best of three runs, the first of which fills the caches.
double rate_of(double work, const std::function<void()>& run);

struct FileRates
{
    double checked_bytes_per_s;      ///< digest of a file, without reading it from the disk
    double file_bytes_per_s = 300e6; ///< one reader; assumed, since a look at a file says little
};

/// Typical rates are those of a server of 2022: good enough to order work units and to refuse what
/// will not fit.
inline constexpr auto typical_file_rates = FileRates{.checked_bytes_per_s = 1e9};

FileRates measured_file_rates();

/// The begin of a plan's note on measured rates, and its end.
inline constexpr auto rates_measured = "rates of one core of this machine, measured just now: ";
inline constexpr auto rates_differ = "; another machine will differ";

} // namespace rewire::jobs
