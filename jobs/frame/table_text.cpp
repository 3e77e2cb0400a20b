#include "table_text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace rewire::jobs {

std::string number_text(double value)
{
    return std::isnan(value) ? "" : fmt::format("{:.17g}", value);
}

std::string csv_field(const std::string& text)
{
    if (text.find_first_of(",\"\n\r") == std::string::npos)
        return text;
    auto quoted = std::string("\"");
    for (const auto character : text)
        quoted += character == '"' ? std::string("\"\"") : std::string(1, character);
    return quoted + "\"";
}

std::string xml_text(const std::string& text)
{
    auto escaped = std::string{};
    for (const auto character : text) {
        switch (character) {
        case '&':
            escaped += "&amp;";
            break;
        case '<':
            escaped += "&lt;";
            break;
        case '>':
            escaped += "&gt;";
            break;
        case '"':
            escaped += "&quot;";
            break;
        default:
            escaped += character;
        }
    }
    return escaped;
}

} // namespace rewire::jobs
