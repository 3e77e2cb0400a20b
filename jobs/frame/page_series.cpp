#include "page_series.hpp"

#include <rewire/base/text.hpp>
#include <rewire/report/markup.hpp>
#include <rewire/stats/tests.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace rewire::jobs {

GroupMean mean_over(const std::vector<AnimalSeries>& animals, const std::string& group)
{
    auto by_session = std::map<double, std::vector<double>>{};
    for (const auto& animal : animals) {
        if (animal.group != group)
            continue;
        for (std::size_t i = 0; i < animal.number.size(); ++i) {
            auto& values = by_session[animal.number[i]];
            if (std::isfinite(animal.value[i]))
                values.push_back(animal.value[i]);
        }
    }
    auto means = GroupMean{};
    for (const auto& [number, values] : by_session) {
        const auto mean = stats::mean_and_error(values);
        means.number.push_back(number);
        means.mean.push_back(mean.mean);
        means.error.push_back(mean.count < least_animals_of_band
                                  ? std::numeric_limits<double>::quiet_NaN()
                                  : mean.standard_error);
        means.animals.push_back(static_cast<int>(mean.count));
        means.most_animals = std::max(means.most_animals, means.animals.back());
    }
    return means;
}

std::vector<std::string> groups_of(const std::vector<AnimalSeries>& animals)
{
    auto groups = std::set<std::string>{};
    for (const auto& animal : animals)
        groups.insert(animal.group);
    return {groups.begin(), groups.end()};
}

std::string counts_of_groups(const std::vector<AnimalSeries>& animals)
{
    auto counts = std::map<std::string, std::set<std::string>>{};
    for (const auto& animal : animals)
        if (std::any_of(animal.value.begin(), animal.value.end(),
                        [](double value) { return std::isfinite(value); }))
            counts[animal.group].insert(animal.subject);
    auto parts = std::vector<std::string>{};
    for (const auto& [group, subjects] : counts) {
        const auto animals_there =
            report::counted(static_cast<std::int64_t>(subjects.size()), "animal");
        parts.push_back(group == "all animals" ? animals_there
                                               : fmt::format("{} ({})", animals_there, group));
    }
    return parts.empty() ? "0 animals" : base::joined(parts, ", ");
}

std::vector<AnimalSeries> over_maximum(std::vector<AnimalSeries> animals)
{
    auto largest = std::map<std::string, double>{};
    for (const auto& animal : animals)
        for (const auto value : animal.value)
            if (std::isfinite(value))
                largest[animal.group] = std::max(largest[animal.group], value);
    for (auto& animal : animals)
        for (auto& value : animal.value)
            if (largest[animal.group] > 0)
                value /= largest[animal.group];
    return animals;
}

std::vector<report::Line> lines_of_groups(const std::vector<AnimalSeries>& animals)
{
    const auto groups = groups_of(animals);
    auto lines = std::vector<report::Line>{};
    for (const auto& animal : animals) {
        const auto at = std::find(groups.begin(), groups.end(), animal.group);
        lines.push_back({.x = animal.number,
                         .y = animal.value,
                         .colour = static_cast<int>(at - groups.begin()),
                         .faint = true});
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
        lines.push_back(line_of(mean_over(animals, groups[i]), groups[i]));
        lines.back().colour = static_cast<int>(i);
    }
    return lines;
}

report::Line line_of(const GroupMean& mean, const std::string& name)
{
    return {.name = name, .x = mean.number, .y = mean.mean, .half_width = mean.error};
}

report::Table table_of_means()
{
    return {.head = {"quantity", "group", "session", "n animals", "mean", "s.e.m."}};
}

void add_rows(report::Table& table, const std::string& quantity,
              const std::vector<AnimalSeries>& animals)
{
    for (const auto& group : groups_of(animals)) {
        const auto mean = mean_over(animals, group);
        for (std::size_t i = 0; i < mean.number.size(); ++i)
            table.rows.push_back({quantity, group, report::number(mean.number[i]),
                                  std::to_string(mean.animals[i]), report::number(mean.mean[i]),
                                  report::number(mean.error[i])});
    }
}

} // namespace rewire::jobs
