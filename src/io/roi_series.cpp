#include "rewire/io/roi_series.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/nwb_table.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace rewire::io {

namespace {

bool mentions(const std::string& name, std::initializer_list<std::string_view> words)
{
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

SignalKind kind_by_name(const std::string& name)
{
    if (mentions(name, {"neuropil", "fneu", "background", "surround"}))
        return SignalKind::neuropil;
    if (mentions(name, {"deconv", "spike", "spks", "event", "inferred"}))
        return SignalKind::deconvolved;
    if (mentions(name, {"dff", "df_f", "dfoverf", "df_over_f", "deltaf", "delta_f"}))
        return SignalKind::dff;
    if (name == "f" || mentions(name, {"fluorescence", "raw"}))
        return SignalKind::fluorescence;
    return SignalKind::unknown;
}

/// "1", "0.5", and "true" or "no" as 1 or 0.
std::optional<double> as_number(const std::string& text)
{
    const auto word = base::lower_case(text);
    if (word == "true" || word == "yes")
        return 1;
    if (word == "false" || word == "no")
        return 0;
    auto value = 0.0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && stop == end ? std::optional(value) : std::nullopt;
}

} // namespace

SignalKind kind_of_signal(const std::string& path, const std::string& container)
{
    // The series' own name counts for more than those of groups around it.
    auto parts = base::split(path, '/');
    std::reverse(parts.begin(), parts.end());
    parts.resize(std::min<std::size_t>(parts.size(), 2));
    for (const auto& part : parts)
        if (const auto kind = kind_by_name(base::lower_case(part)); kind != SignalKind::unknown)
            // Names such as Fluorescence/traces are often those of a DfOverF container's parent.
            return kind == SignalKind::fluorescence && container == "DfOverF" ? SignalKind::dff
                                                                              : kind;
    if (container == "DfOverF")
        return SignalKind::dff;
    return container == "Fluorescence" ? SignalKind::fluorescence : SignalKind::unknown;
}

std::string name_of(SignalKind kind)
{
    switch (kind) {
    case SignalKind::dff:
        return "dF/F";
    case SignalKind::fluorescence:
        return "raw fluorescence";
    case SignalKind::neuropil:
        return "neuropil";
    case SignalKind::deconvolved:
        return "deconvolved activity";
    case SignalKind::unknown:
        break;
    }
    return "unknown";
}

RoiCondition parse_roi_condition(const std::string& text)
{
    const auto at = text.find("==");
    auto condition =
        RoiCondition{base::trimmed(text.substr(0, at)),
                     at == std::string::npos ? "" : base::trimmed(text.substr(at + 2))};
    if (at == std::string::npos || condition.column.empty() || condition.value.empty())
        throw base::UsageError("--where " + text + ": not COLUMN==VALUE", "",
                               "give a column of the ROI table and the value of the ROIs to use, "
                               "such as --where iscell==1");
    return condition;
}

std::vector<std::string> quality_columns(const std::vector<std::string>& columns)
{
    auto found = std::vector<std::string>{};
    for (const auto& column : columns) {
        const auto name = base::lower_case(column);
        if (name == "iscell" || name == "is_cell" || name == "accepted" || name == "is_accepted" ||
            name == "rejected" || name == "keep" || name == "good" || name == "is_good" ||
            name == "valid" || name == "is_valid" || name == "valid_roi" || name == "is_soma" ||
            name == "quality" || name == "manual_curation")
            found.push_back(column);
    }
    return found;
}

std::vector<std::string> identifying_columns(hid_t table)
{
    auto found = std::vector<std::string>{};
    for (const auto& column : column_names(table)) {
        if (column == "id" || !is_dataset(table, column))
            continue;
        const auto dataset = open_dataset(table, column);
        if (shape_of(dataset).size() != 1 || exists(table, column + "_index"))
            continue;
        auto distinct = true;
        if (holds_text(dataset)) {
            auto texts = read_texts(table, column);
            std::sort(texts.begin(), texts.end());
            distinct = std::adjacent_find(texts.begin(), texts.end()) == texts.end();
        } else if (holds_numbers(dataset)) {
            auto numbers = read_all<double>(table, column);
            std::sort(numbers.begin(), numbers.end());
            distinct = std::all_of(numbers.begin(), numbers.end(),
                                   [](double value) { return std::nearbyint(value) == value; }) &&
                       std::adjacent_find(numbers.begin(), numbers.end()) == numbers.end();
        } else {
            distinct = false;
        }
        if (distinct)
            found.push_back(column);
    }
    return found;
}

std::string advice_on_columns(const std::vector<std::vector<std::string>>& candidates)
{
    auto shared = candidates.empty() ? std::vector<std::string>{} : candidates.front();
    for (const auto& others : candidates)
        std::erase_if(shared, [&](const std::string& column) {
            return std::find(others.begin(), others.end(), column) == others.end();
        });
    if (shared.empty())
        return "no other column of the ROI tables has a value of its own for every ROI: write one "
               "that names neurons, and choose it with --roi-column";
    return "columns of the ROI tables with a value of its own for every ROI, for --roi-column: " +
           base::joined(shared, ", ");
}

std::vector<std::uint8_t> rows_where(hid_t table, const RoiCondition& condition)
{
    if (!is_dataset(table, condition.column))
        throw base::InputError("the ROI table has no column " + condition.column, name_of(table),
                               "--where can use: " + base::joined(column_names(table), ", "));
    const auto dataset = open_dataset(table, condition.column);
    const auto shape = shape_of(dataset);
    auto meets = std::vector<std::uint8_t>{};
    if (holds_text(dataset)) {
        for (const auto& text : read_texts(table, condition.column))
            meets.push_back(text == condition.value ? 1 : 0);
        return meets;
    }
    if (!holds_numbers(dataset) || shape.empty() || shape.size() > 2)
        throw base::InputError("column " + condition.column + " holds neither text nor numbers",
                               name_of(table),
                               "--where can use: " + base::joined(column_names(table), ", "));
    const auto wanted = as_number(condition.value);
    if (!wanted)
        throw base::InputError(fmt::format("column {} holds numbers, and {} is none",
                                           condition.column, condition.value),
                               name_of(table),
                               "give a number: --where " + condition.column + "==1");
    const auto values = read_all<double>(table, condition.column);
    const auto width = shape.size() == 2 ? static_cast<std::size_t>(shape[1]) : std::size_t{1};
    for (std::size_t at = 0; width > 0 && at < values.size(); at += width)
        meets.push_back(values[at] == *wanted ? 1 : 0);
    return meets;
}

} // namespace rewire::io
