#pragma once

#include "jobs/frame/rates.hpp"

#include <rewire/activity/activity.hpp>

#include <cstdint>

namespace rewire::jobs {

struct ActivityRates
{
    FileRates files;
    double oasis_samples_per_s; ///< dF/F to smoothed events
};

inline constexpr auto typical_activity_rates =
    ActivityRates{.files = typical_file_rates, .oasis_samples_per_s = 150e6};

/// Of this machine: runs the kernels on made-up data for a fraction of a second.
ActivityRates measured_activity_rates();

/// Smoothed events of five frames in about one sample of twenty: for measuring.
activity::Activity made_up_events(std::int64_t neurons, std::int64_t frames);

} // namespace rewire::jobs
