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

/// For the screen and log files: what a terminal would obey (escape sequences, carriage returns,
/// changes of direction) and what is not UTF-8 becomes "?"; newline and tab stay.
std::string printable(std::string_view text);

/// The one way of making a name from elsewhere fit for file names, groups of HDF5 files, lines and
/// cells of lists: '/' becomes '_'; what is not printable or not UTF-8 becomes '_', too, and more
/// than 100 bytes are cut, in both cases with '~' and eight digits of a hash of the whole, so that
/// different names stay different. Most names stay as they are.
std::string safe_name(std::string_view name);

/// A word of a command line as a POSIX shell has to be given it: quoted unless plain.
std::string for_shell(const std::string& word);

} // namespace rewire::base
