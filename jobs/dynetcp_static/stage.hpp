#pragma once

#include "fit.hpp"
#include "jobs/frame/session_job.hpp"
#include "result.hpp"
#include "settings.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

/// The optima of the sessions of a wave, receivers over ranks.
namespace rewire::jobs {

/// A session of a wave on its way to the result.
struct SessionWork
{
    SessionTrials trials;
    std::unique_ptr<StaticData> data; ///< null: too few units
    double lambda = 0;
    LambdaPath path;
};

/// Collective: on all ranks.
std::vector<SessionWork> read_wave(runtime::RunContext& context, const Wave& wave,
                                   const StaticSettings& settings);

/// Collective: sets the lambda of every session to the one of the best held-out likelihood.
void choose_lambda(runtime::RunContext& context, const std::string& suffix,
                   std::vector<SessionWork>& work);

/// Optima of the model and of its twin, of each receiver; empty: there is none.
using SessionFits = std::array<std::vector<ReceiverFit>, 2>;

/// Collective: [session], on rank 0.
std::vector<SessionFits> optima(runtime::RunContext& context, const std::string& suffix,
                                const std::vector<SessionWork>& work, bool twins);

} // namespace rewire::jobs
