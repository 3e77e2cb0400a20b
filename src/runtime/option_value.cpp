#include "option_value.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

namespace rewire::runtime {

namespace {

template <typename T>
std::optional<T> parsed_as(const std::string& text)
{
    auto value = T{};
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && stopped == end ? std::optional(value) : std::nullopt;
}

/// Whole numbers also in the form 1e3 or 2.5e4.
template <>
std::optional<std::int64_t> parsed_as(const std::string& text)
{
    auto value = std::int64_t{0};
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc{} && stopped == end)
        return value;
    constexpr auto exact = 9007199254740992.0; // 2^53
    const auto number = parsed_as<double>(text);
    if (!number || !(std::abs(*number) <= exact) || std::trunc(*number) != *number)
        return {};
    return static_cast<std::int64_t>(*number);
}

/// "did you mean 0.7?" for 0,7; empty where no number is near.
std::string meant_number(const Option& option, std::string text)
{
    const auto comma = text.find(',');
    if (comma == std::string::npos)
        return {};
    if (option.kind == OptionKind::integer)
        std::erase(text, ',');
    else
        text[comma] = '.';
    const auto is_number = option.kind == OptionKind::integer
                               ? parsed_as<std::int64_t>(text).has_value()
                               : parsed_as<double>(text).has_value();
    return is_number ? "did you mean " + text + "? " : std::string{};
}

template <typename T>
T number_from(const Option& option, const std::string& text)
{
    if (const auto value = parsed_as<T>(text))
        return *value;
    throw base::UsageError(
        fmt::format("--{} {}: not {}", option.name, text,
                    option.kind == OptionKind::integer ? "a whole number" : "a number"),
        "", fmt::format("{}{}: {}", meant_number(option, text), option.name, option.help));
}

struct NumberRange
{
    double minimum;
    double maximum;
};

/// The declared range, within what is sane for the kind and the unit: beyond it sizes overflow,
/// and results are infinite or take for ever.
NumberRange range_of(const Option& option)
{
    static const auto largest_in_unit = std::map<std::string, double>{
        {"s", 1e8}, {"ms", 1e9}, {"Hz", 1e6}, {"GB", 1e6}, {"sd", 1e4}, {"frames", 1e9}};
    const auto known = largest_in_unit.find(option.unit);
    const auto largest = known != largest_in_unit.end()       ? known->second
                         : option.kind == OptionKind::integer ? 1e9
                                                              : 1e12;
    return {std::isinf(option.minimum) ? -largest : option.minimum,
            std::isinf(option.maximum) ? largest : option.maximum};
}

/// 0.5, 100000, 1e9.
std::string short_number(double value)
{
    auto text = std::abs(value) < 1e6 ? fmt::format("{}", value) : fmt::format("{:.17g}", value);
    const auto digits = text.find_last_not_of('0') + 1;
    if (std::abs(value) >= 1e6 && text.find_first_of(".e") == std::string::npos &&
        text.size() - digits >= 5)
        text = text.substr(0, digits) + fmt::format("e{}", text.size() - digits);
    return text;
}

std::string range_text(const Option& option)
{
    const auto range = range_of(option);
    return fmt::format("{} to {}{}{}", short_number(range.minimum), short_number(range.maximum),
                       option.unit.empty() ? "" : " ", option.unit);
}

} // namespace

std::int64_t whole_number(const Option& option, const std::string& text)
{
    return number_from<std::int64_t>(option, text);
}

double real_number(const Option& option, const std::string& text)
{
    return number_from<double>(option, text);
}

std::string normalised(const Option& option, const std::string& text)
{
    if (option.kind != OptionKind::integer)
        return text;
    const auto value = parsed_as<std::int64_t>(text);
    return value ? std::to_string(*value) : text;
}

void check_value(const Option& option, const std::string& text)
{
    if (option.kind == OptionKind::integer || option.kind == OptionKind::real) {
        const auto value = option.kind == OptionKind::integer
                               ? static_cast<double>(number_from<std::int64_t>(option, text))
                               : number_from<double>(option, text);
        const auto range = range_of(option);
        if (!(value >= range.minimum && value <= range.maximum)) // NaN is in no range
            throw base::UsageError(fmt::format("--{} {}: out of range", option.name, text), "",
                                   "it takes " + range_text(option));
    }
    if (!option.choices.empty() &&
        std::find(option.choices.begin(), option.choices.end(), text) == option.choices.end()) {
        const auto meant = base::nearest(text, option.choices);
        throw base::UsageError(
            fmt::format("--{} {}: no such choice", option.name, text), "",
            fmt::format("it takes {}{}", base::joined(option.choices, ", "),
                        meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
    }
    if (option.kind == OptionKind::path && text.empty())
        throw base::UsageError(fmt::format("--{}: empty path", option.name), "", option.help);
}

} // namespace rewire::runtime
