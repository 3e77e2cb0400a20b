#pragma once

#include "jobs/dynetcp_static/stage.hpp"
#include "jobs/dynetcp_trials/training.hpp"
#include "settings.hpp"

#include <rewire/dynetcp/dynamic_model.hpp>
#include <rewire/runtime/run_context.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rewire::jobs {

/// The trained model of a session.
struct TrainedModel
{
    std::vector<float> parameters; ///< [layout.parameters()]
    TrainingCurve curve;
};

/// Trials of a session and the shape of its model.
struct DynamicWork
{
    const StaticData& data;
    const DynamicSettings& settings;
    const dynetcp::DynamicLayout& layout;
    SessionName name;

    dynetcp::DynamicTraining training() const noexcept
    {
        return settings.joint ? dynetcp::DynamicTraining::together
                              : dynetcp::DynamicTraining::encoder;
    }
    /// Trials that averages are of: those to test, or where there are none those to validate.
    const dynetcp::TrialValues& shown() const
    {
        return data.split().test.empty() ? data.validation(false) : data.test(false);
    }
};

/// Trains from the optima of the static stage, trials of a batch over ranks. Collective; on all
/// ranks. @param fits of all receivers, on rank 0 @throws as `trained`
TrainedModel trained_dynamic(runtime::RunContext& context, const std::string& phase,
                             const DynamicWork& work, const std::vector<ReceiverFit>& fits);

/// The same on one rank, for a model that is a unit of work. Nothing when `tick` said to stop.
std::optional<TrainedModel> trained_dynamic_alone(const mpi::Communicator& alone,
                                                  const DynamicWork& work,
                                                  const std::vector<ReceiverFit>& fits,
                                                  const runtime::Tick& tick);

/// Mean cross-entropy of the trials to test; 0 without any. Collective; on all ranks.
double test_likelihood(runtime::RunContext& context, const std::string& phase,
                       const DynamicWork& work, const TrainedModel& model);

/// Static weights of all edges, [edge, lag].
std::vector<float> static_weights(const DynamicWork& work, const TrainedModel& model);

} // namespace rewire::jobs
