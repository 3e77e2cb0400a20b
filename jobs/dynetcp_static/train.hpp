#pragma once

#include "result.hpp"

#include <rewire/runtime/run_context.hpp>

#include <string>

namespace rewire::jobs {

/// Both models as published: see `trained`. Trials of a batch over ranks, the same bits on any
/// number of them. Collective; on all ranks. @throws NumericalError: as `trained`
StaticModel trained_static(runtime::RunContext& context, const std::string& phase,
                           const StaticData& data, const SessionName& name, bool twin);

} // namespace rewire::jobs
