#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rewire::base {

/// The candidate closest to `word` (Damerau-Levenshtein), or empty where none is close enough to be
/// meant.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// "1.4 GB": decimal units, two significant digits or more.
std::string human_bytes(double bytes);

/// "3 h 05 min", "42 s", "0.12 s".
std::string human_seconds(double seconds);

std::vector<std::string> split(std::string_view text, char separator);
std::string trimmed(std::string_view text);
std::string joined(const std::vector<std::string>& parts, std::string_view separator);
std::string lower_case(std::string_view text); ///< ASCII letters

/// "1,234,567"
std::string grouped(std::int64_t value);

/// "1 animal", "2 animals", "10,000 shuffles"
std::string counted(std::int64_t count, std::string_view one);

/// A word of a command line, quoted for a POSIX shell where it needs to be.
std::string for_shell(const std::string& word);

} // namespace rewire::base
