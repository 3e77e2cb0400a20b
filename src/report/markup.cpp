#include "rewire/report/markup.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace rewire::report {

namespace {

constexpr auto replacement = "\xEF\xBF\xBD";

bool is_continuation(char byte)
{
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Length of the UTF-8 character that the text begins with; 0 where it begins with none.
std::size_t character_length(std::string_view text)
{
    const auto lead = static_cast<unsigned char>(text[0]);
    const auto length = lead < 0x80   ? std::size_t{1}
                        : lead < 0xC2 ? std::size_t{0} // continuation, or longer than need be
                        : lead < 0xE0 ? std::size_t{2}
                        : lead < 0xF0 ? std::size_t{3}
                        : lead < 0xF5 ? std::size_t{4}
                                      : std::size_t{0};
    if (length == 0 || length > text.size())
        return 0;
    for (std::size_t i = 1; i < length; ++i)
        if (!is_continuation(text[i]))
            return 0;
    if (length < 3)
        return length;
    const auto second = static_cast<unsigned char>(text[1]);
    const auto overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const auto surrogate = lead == 0xED && second >= 0xA0;
    const auto beyond = lead == 0xF4 && second >= 0x90;
    return overlong || surrogate || beyond ? 0 : length;
}

} // namespace

std::string printable(std::string_view text)
{
    auto out = std::string{};
    out.reserve(text.size());
    while (!text.empty()) {
        const auto length = character_length(text);
        const auto byte = static_cast<unsigned char>(text[0]);
        // C1 controls (U+0080 to U+009F) are invisible, as are those below the space.
        const auto control =
            byte < 0x20 || byte == 0x7F ||
            (length == 2 && byte == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0);
        if (length == 0)
            out += replacement;
        else if (control)
            out += ' ';
        else
            out += text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

std::string escaped(std::string_view text)
{
    auto out = std::string{};
    for (const auto character : printable(text)) {
        switch (character) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += character;
        }
    }
    return out;
}

std::string number(double value, int digits)
{
    if (std::isnan(value))
        return "–";
    if (std::isinf(value))
        return value > 0 ? "∞" : "−∞";
    auto text = fmt::format("{:.{}g}", value, digits);
    if (text.starts_with('-'))
        text.replace(0, 1, "−");
    return text;
}

std::string shortened(std::string_view text, std::size_t characters)
{
    auto clean = printable(text);
    auto begins = std::vector<std::size_t>{}; // of every character
    for (std::size_t i = 0; i < clean.size(); ++i)
        if (!is_continuation(clean[i]))
            begins.push_back(i);
    if (begins.size() <= characters || characters < 3)
        return clean;
    const auto tail = (characters - 1) / 2;
    const auto head = characters - 1 - tail;
    return clean.substr(0, begins[head]) + "…" + clean.substr(begins[begins.size() - tail]);
}

} // namespace rewire::report
