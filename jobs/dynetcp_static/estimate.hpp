#pragma once

#include "settings.hpp"

#include <rewire/io/study.hpp>
#include <rewire/runtime/plan.hpp>

#include <cstdint>
#include <vector>

namespace rewire::jobs {

/// What the cost of a receiver follows from.
struct StaticWork
{
    double events = 0; ///< spikes of the trials to train on
    double bins = 0;   ///< of these trials
    double lags = 0;
    double twin_factor = 1; ///< a fit of the jittered twin takes so much longer
};

/// Seconds of one evaluation of a receiver's loss and gradient.
double evaluation_seconds(const StaticWork& work);
/// Seconds of a receiver: a fit, the path of lambdas.
double fit_seconds(const StaticWork& work, bool twin);
double path_seconds(const StaticWork& work);

/// As if all units of the files took part and trials covered the recording.
runtime::Estimate static_estimate(const io::Study& study, const std::vector<std::size_t>& sessions,
                                  const StaticSettings& settings);

} // namespace rewire::jobs
