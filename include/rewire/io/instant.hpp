#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rewire::io {

/// A moment, comparable over time zones.
struct Instant
{
    std::int64_t microseconds = 0; ///< since 1970-01-01T00:00:00 UTC
    bool zoned = true;             ///< false: the text named no zone and was taken as UTC

    friend bool operator==(const Instant&, const Instant&) = default;
};

/// Reads ISO 8601 as NWB files have it: "2024-03-01T12:00:00.5+01:00", with "Z", "+0100", "+01" or
/// no zone, with a blank for the T, or the date alone. Fractions beyond microseconds are cut off.
/// Empty where the text is not such a time (also for a 30th of February).
std::optional<Instant> parse_instant(std::string_view text);

/// "2024-03-01 11:00:00" in UTC.
std::string to_text(const Instant& instant);

} // namespace rewire::io
