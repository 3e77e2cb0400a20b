#include "rewire/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace rewire::base {

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b)
{
    auto before = std::vector<std::size_t>(b.size() + 1);
    auto previous = std::vector<std::size_t>(b.size() + 1);
    auto current = std::vector<std::size_t>(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        previous[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto changed = a[i - 1] == b[j - 1] ? std::size_t{0} : std::size_t{1};
            current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + changed});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                current[j] = std::min(current[j], before[j - 2] + 1);
        }
        std::swap(before, previous);
        std::swap(previous, current);
    }
    return previous[b.size()];
}

} // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates)
{
    auto best = std::string{};
    auto best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const auto& candidate : candidates) {
        const auto distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string human_bytes(double bytes)
{
    constexpr auto names = std::array{"B", "kB", "MB", "GB", "TB", "PB"};
    auto unit = std::size_t{0};
    while (bytes >= 999.5 && unit + 1 < names.size()) {
        bytes /= 1000;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", bytes, bytes < 10 && unit > 0 ? 1 : 0, names[unit]);
}

std::string human_seconds(double seconds)
{
    if (seconds < 10)
        return fmt::format("{:.2f} s", seconds);
    if (seconds < 100)
        return fmt::format("{:.0f} s", seconds);
    const auto whole = static_cast<std::int64_t>(std::llround(seconds));
    if (whole < 3600)
        return fmt::format("{} min {:02} s", whole / 60, whole % 60);
    return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::vector<std::string> split(std::string_view text, char separator)
{
    auto parts = std::vector<std::string>{};
    while (true) {
        const auto end = text.find(separator);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos)
            return parts;
        text.remove_prefix(end + 1);
    }
}

std::string trimmed(std::string_view text)
{
    constexpr auto blanks = std::string_view(" \t\r\n");
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos)
        return {};
    return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator)
{
    auto text = std::string{};
    for (const auto& part : parts) {
        if (!text.empty())
            text += separator;
        text += part;
    }
    return text;
}

std::string lower_case(std::string_view text)
{
    auto result = std::string(text);
    for (auto& letter : result)
        if (letter >= 'A' && letter <= 'Z')
            letter = static_cast<char>(letter - 'A' + 'a');
    return result;
}

std::string grouped(std::int64_t value)
{
    auto text = std::to_string(value);
    const auto first = std::int64_t{value < 0 ? 1 : 0};
    for (auto at = static_cast<std::int64_t>(text.size()) - 3; at > first; at -= 3)
        text.insert(static_cast<std::size_t>(at), ",");
    return text;
}

std::string counted(std::int64_t count, std::string_view one)
{
    return grouped(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

namespace {

struct Character
{
    std::size_t bytes = 1;
    /// UTF-8, and does not move a cursor, end a line, separate cells or change direction.
    bool printable = false;
};

/// The one at the start of a text that is not empty.
Character first_character(std::string_view text)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto first = byte(0);
    if (first < 0x80)
        return {1, first >= 0x20 && first != 0x7f};
    const auto bytes = first >= 0xf0 ? std::size_t{4} : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < bytes)
        return {};
    for (std::size_t i = 1; i < bytes; ++i)
        if ((byte(i) & 0xc0U) != 0x80)
            return {};
    const auto is_control = first == 0xc2 && byte(1) < 0xa0; // U+0080 to U+009F
    const auto is_separator =
        first == 0xe2 && byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae;
    return {bytes, !is_control && !is_separator};
}

/// FNV-1a, as eight hexadecimal digits.
std::string short_hash(std::string_view text)
{
    auto hash = std::uint32_t{2166136261U};
    for (const auto character : text)
        hash = (hash ^ static_cast<unsigned char>(character)) * 16777619U;
    return fmt::format("{:08x}", hash);
}

} // namespace

std::string printable(std::string_view text)
{
    auto out = std::string{};
    while (!text.empty()) {
        const auto next = first_character(text);
        const auto keeps = next.printable || text.front() == '\n' || text.front() == '\t';
        out += keeps ? text.substr(0, next.bytes) : "?";
        text.remove_prefix(next.bytes);
    }
    return out;
}

std::string safe_name(std::string_view name)
{
    constexpr auto longest = std::size_t{100};
    const auto whole = name;
    auto out = std::string{};
    auto changed = false;
    while (!name.empty()) {
        const auto next = first_character(name);
        if (out.size() + next.bytes > longest)
            return out + "~" + short_hash(whole);
        changed = changed || !next.printable;
        out += !next.printable || name.front() == '/' ? "_" : name.substr(0, next.bytes);
        name.remove_prefix(next.bytes);
    }
    return changed ? out + "~" + short_hash(whole) : out;
}

std::string for_shell(const std::string& word)
{
    static constexpr auto plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "_-./,:=+@%";
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos)
        return word;
    auto quoted = std::string("'");
    for (const auto character : word)
        quoted += character == '\'' ? std::string("'\\''") : std::string(1, character);
    return quoted + "'";
}

} // namespace rewire::base
