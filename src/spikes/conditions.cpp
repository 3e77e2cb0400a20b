#include <rewire/base/error.hpp>
#include <rewire/spikes/trials.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

namespace rewire::spikes {

namespace {

using Operator = Condition::Relation;

std::string_view trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> number_of(std::string_view text)
{
    text = trimmed(text);
    auto value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

bool holds(Operator relation, double value, double limit)
{
    if (std::isnan(value))
        return false;
    const auto equal = std::abs(value - limit) <= 1e-6 * std::max(std::abs(value), std::abs(limit));
    switch (relation) {
    case Operator::equal:
        return equal;
    case Operator::unequal:
        return !equal;
    case Operator::less:
        return !equal && value < limit;
    case Operator::less_or_equal:
        return equal || value < limit;
    case Operator::greater:
        return !equal && value > limit;
    case Operator::greater_or_equal:
        return equal || value > limit;
    }
    return false;
}

base::UsageError not_a_number(const Condition& condition)
{
    return {fmt::format("'{}' is not a number", condition.value),
            fmt::format("condition on {}", condition.column),
            "the column holds numbers, or the relation needs them: give a number"};
}

} // namespace

Condition parse_condition(std::string_view text)
{
    // The longer ones first: "<=" begins with "<".
    constexpr auto relations = std::array{
        std::pair{std::string_view("=="), Operator::equal},
        std::pair{std::string_view("!="), Operator::unequal},
        std::pair{std::string_view("<="), Operator::less_or_equal},
        std::pair{std::string_view(">="), Operator::greater_or_equal},
        std::pair{std::string_view("<"), Operator::less},
        std::pair{std::string_view(">"), Operator::greater},
    };
    const auto first = text.find_first_of("=!<>");
    for (const auto& [sign, relation] : relations) {
        if (first == std::string_view::npos || !text.substr(first).starts_with(sign))
            continue;
        const auto column = trimmed(text.substr(0, first));
        const auto value = trimmed(text.substr(first + sign.size()));
        if (!column.empty() && !value.empty())
            return {std::string(column), relation, std::string(value)};
    }
    throw base::UsageError(fmt::format("'{}' is not a condition", text), "condition",
                           "write COLUMN==VALUE, or with != < <= > >=, e.g. contrast==0.8");
}

std::vector<std::uint8_t> matching(const Condition& condition, std::span<const double> column)
{
    const auto limit = number_of(condition.value);
    if (!limit)
        throw not_a_number(condition);
    auto result = std::vector<std::uint8_t>{};
    for (const auto value : column)
        result.push_back(holds(condition.relation, value, *limit));
    return result;
}

std::vector<std::uint8_t> matching(const Condition& condition, std::span<const std::string> column)
{
    const auto limit = number_of(condition.value);
    const auto of_order =
        condition.relation != Operator::equal && condition.relation != Operator::unequal;
    auto result = std::vector<std::uint8_t>{};
    for (const auto& text : column) {
        const auto value = number_of(text);
        if (limit && value)
            result.push_back(holds(condition.relation, *value, *limit));
        else if (of_order && !limit)
            throw not_a_number(condition);
        else if (of_order)
            result.push_back(0); // "null" among the orientations stands in no order
        else
            result.push_back((text == condition.value) == (condition.relation == Operator::equal));
    }
    return result;
}

std::vector<std::uint8_t> both(std::span<const std::uint8_t> first,
                               std::span<const std::uint8_t> second)
{
    if (first.size() != second.size())
        throw base::InputError(
            fmt::format("masks of {} and {} trials", first.size(), second.size()), "trials",
            "both have to speak of the same trials");
    auto result = std::vector<std::uint8_t>{};
    for (std::size_t k = 0; k < first.size(); ++k)
        result.push_back(first[k] != 0 && second[k] != 0);
    return result;
}

} // namespace rewire::spikes
