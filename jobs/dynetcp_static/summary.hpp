#pragma once

#include "result.hpp"

#include <array>
#include <vector>

namespace rewire::jobs {

/// The receivers' optima as one model. @pre one of each receiver, in their order
StaticModel model_of(const std::vector<ReceiverFit>& fits, const dynetcp::StaticShape& shape);

/// The weights of all receivers, [receiver, parameters of a receiver], as a model without losses.
StaticModel model_of(std::span<const double> parameters, const dynetcp::StaticShape& shape);

/// What is written of a session. @param models of the trains and of jittered ones
StaticResult result_of(const SessionHead& head, const SessionTrials& trials, const StaticData& data,
                       double lambda, const LambdaPath& path, std::array<StaticModel, 2> models);

/// Of a session that cannot be modelled.
StaticResult empty_result(const SessionHead& head, const SessionTrials& trials,
                          const StaticSettings& settings);

} // namespace rewire::jobs
