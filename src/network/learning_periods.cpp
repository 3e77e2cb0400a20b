#include "rewire/network/learning_periods.hpp"

#include <array>
#include <limits>

namespace rewire::network {

std::span<const LearningPeriod> learning_periods()
{
    static const auto periods = std::array<LearningPeriod, paper_learning_periods + 1>{{
        {"1-2", 1, 2},
        {"3-5", 3, 5},
        {"6-9", 6, 9},
        {"10-14", 10, 14},
        {"15+", 15, std::numeric_limits<std::int64_t>::max()},
    }};
    return periods;
}

std::optional<std::size_t> learning_period_of(std::int64_t session_number)
{
    const auto periods = learning_periods();
    for (std::size_t i = 0; i < periods.size(); ++i)
        if (session_number >= periods[i].first && session_number <= periods[i].last)
            return i;
    return std::nullopt;
}

} // namespace rewire::network
