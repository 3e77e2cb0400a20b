#pragma once

#include <rewire/report/page.hpp>

#include <functional>
#include <string>
#include <vector>

/// Values over the sessions of animals, and their means over animals.
namespace rewire::jobs {

/// One quantity of one animal by session.
struct AnimalSeries
{
    std::string subject;
    std::string group;
    std::vector<double> number; ///< [session]
    std::vector<double> value;  ///< [session]; NaN: none
};

/// One value a session. @param sessions of `ReportData`: those of an animal stand together
template <typename Sessions, typename Value>
std::vector<AnimalSeries> series_by_session(const Sessions& sessions, Value value)
{
    auto all = std::vector<AnimalSeries>{};
    for (const auto& session : sessions) {
        if (all.empty() || all.back().subject != session.place.subject)
            all.push_back({session.place.subject, session.place.group, {}, {}});
        all.back().number.push_back(static_cast<double>(session.place.number));
        all.back().value.push_back(std::invoke(value, session));
    }
    return all;
}

/// The standard error of two says next to nothing.
inline constexpr auto least_animals_of_band = std::size_t{3};

/// Mean over the animals that have a value in a session.
struct GroupMean
{
    std::vector<double> number; ///< sessions, ascending
    std::vector<double> mean;   ///< NaN where no animal has a value
    std::vector<double> error;  ///< s.e.m. (sd with n - 1, over sqrt(n)); NaN below three animals
    std::vector<int> animals;
    int most_animals = 0; ///< largest of `animals`
};
GroupMean mean_over(const std::vector<AnimalSeries>& animals, const std::string& group);

/// Groups of the animals in alphabetical order.
std::vector<std::string> groups_of(const std::vector<AnimalSeries>& animals);

/// "6 animals (L2/3), 1 animal (L5)": those with a value, by group.
std::string counts_of_groups(const std::vector<AnimalSeries>& animals);

/// Every value divided by the largest over sessions and animals of the same group (the paper's
/// normalisation); unchanged where that is 0 or NaN.
std::vector<AnimalSeries> over_maximum(std::vector<AnimalSeries> animals);

/// Means with their bands in the colour of each group, and every animal as a thin line behind.
std::vector<report::Line> lines_of_groups(const std::vector<AnimalSeries>& animals);

/// One line with its band, for plots of several quantities of one group.
report::Line line_of(const GroupMean& mean, const std::string& name);

/// Rows of `quantity, group, session, n, mean, s.e.m.`
void add_rows(report::Table& table, const std::string& quantity,
              const std::vector<AnimalSeries>& animals);
report::Table table_of_means();

inline constexpr auto band_note = "Lines: mean over animals; bands: ± s.e.m. over animals (none "
                                  "where there are fewer than three). "
                                  "Thin lines: single animals.";

} // namespace rewire::jobs
