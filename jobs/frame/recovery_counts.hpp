#pragma once

#include <cstdint>
#include <string>

namespace rewire::jobs {

/// Things planted against things found.
struct RecoveryCounts
{
    std::int64_t planted = 0;
    std::int64_t found = 0;
    std::int64_t both = 0;

    void add(const RecoveryCounts& other);
    /// Columns planted, found, both, precision, recall.
    std::string text() const;
};

/// The heads of these columns, after one of names.
inline constexpr auto recovery_columns = "{:<26} {:>8} {:>8} {:>8} {:>10} {:>8}\n";

} // namespace rewire::jobs
