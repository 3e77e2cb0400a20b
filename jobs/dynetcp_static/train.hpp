#pragma once

#include "result.hpp"

#include <rewire/runtime/run_context.hpp>

#include <string>

namespace rewire::jobs {

/// Trains as published: Adam on batches of trials in random order, the gradient's norm clipped at
/// 5, a tenth of the learning rate after 1000 epochs, stopped when the loss of the validation
/// trials was not better for --patience epochs; the best parameters count. Trials of a batch over
/// ranks, the same bits on any number of them. Collective; on all ranks.
/// @throws NumericalError: the gradient is not finite
StaticModel trained(runtime::RunContext& context, const std::string& phase, const StaticData& data,
                    const SessionName& name, bool twin);

} // namespace rewire::jobs
