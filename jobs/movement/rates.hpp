#pragma once

#include "jobs/activity/rates.hpp"

#include <string>

namespace rewire::jobs {

struct MovementRates
{
    ActivityRates activity;
    double sums_per_s; ///< neurons x shuffles x edges of movements
};

inline constexpr auto typical_movement_rates =
    MovementRates{.activity = typical_activity_rates, .sums_per_s = 6e9};

MovementRates measured_movement_rates();
/// For the notes of a plan.
std::string described(const MovementRates& rates);

} // namespace rewire::jobs
