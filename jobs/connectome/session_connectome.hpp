#pragma once

#include "result.hpp"
#include "settings.hpp"

#include <rewire/calcium/event_smoothing.hpp>

#include <vector>

namespace rewire::jobs {

/// The connectome of one session from its smoothed events.
/// @param activity and covariates: used frames only
SessionConnectome connectome_of(const io::StudySession& session, const SessionInput& input,
                                const activity::ActivityView& activity,
                                const std::vector<calcium::NeuronSummary>& summary,
                                const calcium::CovariateView& covariates,
                                const ConnectomeSettings& settings);

} // namespace rewire::jobs
