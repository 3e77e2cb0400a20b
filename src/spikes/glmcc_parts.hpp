#pragma once

#include "near_differences.hpp"

#include <rewire/spikes/glmcc.hpp>

#include <span>

namespace rewire::spikes {

/// The same for trains that are paired with many others. The train of fewer spikes is gone through.
GlmccEvents glmcc_events(const TrainByTime& first, const TrainByTime& second, double tau_ms);

/// A fit to be made.
struct GlmccTask
{
    const GlmccEvents* events = nullptr;
    const GlmccFit* start = nullptr; ///< nullptr: flat background, J = 0.1
    int without = -1;                ///< side whose J is held at 0; -1: none
    GlmccFit* result = nullptr;      ///< may be `start`
};

/// Fits of one delay, eight side by side in the lanes of vectors: a recursion along the bins waits
/// for itself, those of other pairs fill the time. A lane that is done takes the next task. No
/// operation looks at another lane, so that a fit has the same bits alone and in any company.
/// @pre of every task, as for fit_glmcc
void fit_glmcc_lanes(std::span<const GlmccTask> tasks, int delay_ms, double stiffness,
                     double tau_ms);

} // namespace rewire::spikes
