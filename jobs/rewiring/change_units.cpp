#include "change_units.hpp"

#include <algorithm>

namespace rewire::jobs {

std::int64_t pairs_of_change_unit(std::int64_t pairs, std::int64_t sessions)
{
    constexpr auto most_units_of_subject = std::int64_t{64};
    return std::max(unit_pairs(sessions), pairs / most_units_of_subject + 1);
}

std::vector<ChangeUnit> change_units_of(const std::vector<SubjectConnectomes>& subjects,
                                        const HalvesOfSubjects& sessions, std::size_t kinds)
{
    auto units = std::vector<ChangeUnit>{};
    for (std::size_t subject = 0; subject < subjects.size(); ++subject)
        for (std::size_t kind = 0; kind < kinds; ++kind) {
            const auto& halves = sessions[subject][kind];
            if (!halves.ok())
                continue;
            const auto pairs = subjects[subject].pairs();
            for (const auto& range :
                 base::blocks_of(pairs, pairs_of_change_unit(pairs, halves.count())))
                units.push_back({subject, kind, range});
        }
    return units;
}

std::vector<double> change_costs_of(const std::vector<ChangeUnit>& units,
                                    const HalvesOfSubjects& sessions)
{
    auto costs = std::vector<double>{};
    for (const auto& unit : units) {
        const auto count = static_cast<double>(sessions[unit.subject][unit.kind].count());
        costs.push_back(static_cast<double>(unit.pairs.size()) * count * (30e-9 + count * 2e-9));
    }
    return costs;
}

std::vector<std::int64_t> places_among(const HalfSessions& found,
                                       const std::vector<std::int64_t>& sessions)
{
    auto places = std::vector<std::int64_t>{};
    for (const auto session : sessions)
        places.push_back(std::find(found.sessions.begin(), found.sessions.end(), session) -
                         found.sessions.begin());
    return places;
}

} // namespace rewire::jobs
