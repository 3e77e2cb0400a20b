#include "unit_choice.hpp"

#include <rewire/base/error.hpp>
#include <rewire/spikes/unit_filter.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace rewire::jobs {

namespace {

std::string text_of(const spikes::Condition& condition)
{
    using Relation = spikes::Condition::Relation;
    const auto sign = [&] {
        switch (condition.relation) {
        case Relation::equal:
            return "==";
        case Relation::unequal:
            return "!=";
        case Relation::less:
            return "<";
        case Relation::less_or_equal:
            return "<=";
        case Relation::greater:
            return ">";
        case Relation::greater_or_equal:
            return ">=";
        }
        return "";
    }();
    return condition.column + sign + condition.value;
}

std::string text_of(const spikes::QualityCriterion& criterion)
{
    return fmt::format("{} {} {:g}", criterion.column,
                       criterion.comparison == spikes::Comparison::below ? '<' : '>',
                       criterion.limit);
}

} // namespace

std::vector<runtime::Option> unit_options()
{
    return {
        {.name = "where",
         .help = "only units that meet the condition on a column of the units table, such as "
                 "quality==good or depth>=500; may be given several times",
         .repeatable = true},
        {.name = "all-units",
         .kind = runtime::OptionKind::flag,
         .help = "without the quality criteria: amplitude_cutoff < 0.1, isi_violations < 0.1, "
                 "presence_ratio > 0.95, isolation_distance > 30, snr > 1, of which those count "
                 "whose column the table has; NaN fails",
         .source = "Methods, Allen Institute data"},
        {.name = "min-rate-hz",
         .kind = runtime::OptionKind::real,
         .default_value = "0",
         .unit = "Hz",
         .help =
             "alpha_s: only units that fire at more than this over the observed time (the paper: "
             "1); 0: at any rate, silent ones included",
         .source = "Methods, static connectivity",
         .minimum = 0},
    };
}

UnitChoice unit_choice(const runtime::Options& options)
{
    auto choice = UnitChoice{.where = {},
                             .all_units = options.flag("all-units"),
                             .minimum_rate_hz = options.real("min-rate-hz")};
    for (const auto& text : options.texts("where"))
        choice.where.push_back(spikes::parse_condition(text));
    return choice;
}

std::vector<std::uint8_t> rows_meeting(const io::Table& table, const spikes::Condition& condition)
{
    if (condition.column == "id" && table.find("id") == nullptr) {
        const auto id = std::vector<double>(table.id.begin(), table.id.end());
        return spikes::matching(condition, std::span<const double>(id));
    }
    const auto& column = table.at(condition.column);
    if (column.ragged || column.width != 1)
        throw base::InputError(fmt::format("column {} has several values a row", condition.column),
                               table.path, "choose by a column with one value each");
    if (std::holds_alternative<std::vector<std::string>>(column.values))
        return spikes::matching(condition,
                                std::span(std::get<std::vector<std::string>>(column.values)));
    if (column.is_boolean() && (condition.value == "true" || condition.value == "false")) {
        const auto text = column.texts();
        return spikes::matching(condition, std::span(text));
    }
    const auto number = column.numbers();
    return spikes::matching(condition, std::span(number));
}

ChosenUnits chosen_units(const io::Table& table, const UnitChoice& choice)
{
    auto kept = std::vector<std::uint8_t>(static_cast<std::size_t>(table.rows), 1);
    auto chosen = ChosenUnits{};
    const auto apply = [&](const std::string& criterion, const std::vector<std::uint8_t>& mask) {
        chosen.criteria.push_back({criterion, std::count(mask.begin(), mask.end(), 0)});
        kept = spikes::both(kept, mask);
    };
    for (const auto& condition : choice.where)
        if (!choice.columns_elsewhere || condition.column == "id" ||
            table.find(condition.column) != nullptr)
            apply(text_of(condition), rows_meeting(table, condition));
    if (!choice.all_units)
        for (const auto& criterion : spikes::paper_criteria)
            if (const auto* column = table.find(std::string(criterion.column)))
                apply(text_of(criterion), spikes::passing(criterion, column->numbers()));
    for (std::size_t row = 0; row < kept.size(); ++row)
        if (kept[row] != 0)
            chosen.row.push_back(static_cast<std::int64_t>(row));
    return chosen;
}

} // namespace rewire::jobs
