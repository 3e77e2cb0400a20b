#pragma once

#include <string>

/// Values as tables for other programs have them.

namespace rewire::jobs {

/// All digits; empty for NaN.
std::string number_text(double value);
/// Quoted where a comma, a quote or a line break asks for it (RFC 4180).
std::string csv_field(const std::string& text);
std::string xml_text(const std::string& text);

} // namespace rewire::jobs
