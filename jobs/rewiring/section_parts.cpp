#include "section_parts.hpp"

#include <rewire/network/session_change.hpp>
#include <rewire/report/markup.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

std::vector<std::string> labels_of(const AnimalRewiring& animal)
{
    auto labels = std::vector<std::string>{};
    for (const auto number : animal.number)
        labels.push_back(report::number(number));
    return labels;
}

std::vector<double> scaled(std::vector<double> values)
{
    auto largest = 0.0;
    for (const auto value : values)
        largest = std::max(largest, std::isfinite(value) ? std::abs(value) : 0.0);
    for (auto& value : values)
        value = largest > 0 ? value / largest : value;
    return values;
}
std::string count_of(std::size_t animals)
{
    return report::counted(static_cast<std::int64_t>(animals), "animal");
}

std::size_t components_of(const Animals& data, const std::string& group)
{
    auto components = std::size_t{0};
    for (const auto& animal : data)
        if (animal.status.empty() && (group.empty() || animal.group == group))
            components = std::max(components, animal.components);
    return components;
}
std::set<std::string> groups_in(const Animals& data)
{
    auto groups = std::set<std::string>{};
    for (const auto& animal : data)
        if (animal.status.empty())
            groups.insert(animal.group);
    return groups;
}

std::vector<AnimalSeries> aligned(std::vector<AnimalSeries> animals)
{
    auto score = std::vector<std::vector<double>>{};
    auto number = std::vector<std::vector<double>>{};
    for (const auto& animal : animals) {
        score.push_back(animal.value);
        for (auto& value : score.back())
            value = std::isfinite(value) ? value : 0;
        number.push_back(animal.number);
    }
    const auto signs = network::aligned_signs(score, number);
    for (std::size_t i = 0; i < animals.size(); ++i)
        for (auto& value : animals[i].value)
            value *= signs[i];
    return animals;
}

} // namespace rewire::jobs
