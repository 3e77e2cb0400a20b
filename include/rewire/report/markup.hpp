#pragma once

#include <rewire/base/text.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace rewire::report {

/// Text that may stand anywhere in a page or figure: valid UTF-8 without control characters (line
/// breaks and tabs become spaces). Bytes that are not UTF-8 become U+FFFD, the replacement
/// character.
std::string printable(std::string_view text);

/// Printable text for HTML and SVG, between tags and inside quoted attributes alike.
std::string escaped(std::string_view text);

/// A number for a reader: four significant digits or `digits`, "–" for NaN.
std::string number(double value, int digits = 4);

using base::counted;
using base::grouped;

/// At most so many characters: where there are more, the middle gives way to "…", as names that
/// differ do so at an end.
std::string shortened(std::string_view text, std::size_t characters);

} // namespace rewire::report
