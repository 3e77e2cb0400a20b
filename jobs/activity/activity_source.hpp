#pragma once

#include "machine_rates.hpp"

#include <rewire/activity/activity.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/calcium/deconvolution.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/io/study.hpp>
#include <rewire/mpi/shared_array.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// From NWB files to the smoothed events of every neuron: what every calcium job begins with.
namespace rewire::jobs {

/// The activity options, the same in every calcium job: --tau-s --oasis --nan.
std::vector<runtime::Option> activity_options();

/// Takes activity options that were not given from an earlier calcium result in the same folder.
/// Collective.
/// @throws UsageError when a given one differs from it
void adopt_activity_options(runtime::RunContext& context);

/// @throws InputError naming a session without dF/F
void require_activity(const io::Study& study);
/// @throws UsageError naming a session without decay time, InputError naming one without dF/F or
/// with a decay time that is too short for its frame rate
void require_tau(const io::Study& study, const runtime::Options& options);

/// What was found in the file of a session before anything is computed.
struct SessionInput
{
    std::string sha256;
    double tau_s = 0;
    std::int64_t missing = 0; ///< samples
    io::UsedSamples used;
};

/// Hashes every file and looks for missing samples, sessions over ranks; known on all ranks.
/// Collective.
/// @throws InputError listing the sessions with missing samples (under --nan error), without decay
/// time, ...
/// @param deconvolves whether the decay time of the indicator is needed
std::vector<SessionInput> check_inputs(runtime::RunContext& context, const io::Study& study,
                                       bool deconvolves = true);

/// What a calcium result depends on besides the options: every input's SHA-256 and decay time.
io::Fingerprint input_fingerprint(const io::Study& study, const std::vector<SessionInput>& inputs);
/// SHA-256 by file, for the record.
io::Fingerprint input_hashes(const io::Study& study, const std::vector<SessionInput>& inputs);

/// Sessions that are worked on at the same time: as many as fit into --node-memory-gb, one at
/// least. The same for any number of ranks.
std::vector<std::vector<std::size_t>>
waves_of(const io::Study& study, const std::vector<std::size_t>& sessions, double node_bytes);

/// Blocks of neurons that a session is deconvolved in.
std::vector<base::Range> neuron_blocks(const io::ActivityInfo& activity);

/// dF/F of some neurons, frame after frame, without the frames that the NaN policy cuts out; 0
/// throughout for neurons that it leaves out.
template <typename T>
std::vector<T> read_block(const io::NwbSession& file, base::Range neurons,
                          const SessionInput& input);

/// Of the largest session with dF/F.
std::int64_t most_neurons(const io::Study& study);

/// Memory and work from files to smoothed events.
runtime::Estimate deconvolution_estimate(const io::Study& study,
                                         const std::vector<std::size_t>& sessions,
                                         const runtime::Options& options,
                                         const MachineRates& rates);

/// Estimated bytes of a session's smoothed events, and of one block while it is deconvolved.
double activity_bytes(const io::ActivityInfo& activity);
double block_bytes(const io::ActivityInfo& activity);

/// The smoothed events of the sessions of a wave, deconvolved in blocks of neurons over all ranks
/// and then held once in the memory of every node.
class WaveActivity
{
  public:
    /// Collective. @param phase name of the phase, different for every wave
    WaveActivity(runtime::RunContext& context, const io::Study& study,
                 const std::vector<SessionInput>& inputs, const std::vector<std::size_t>& sessions,
                 const std::string& phase);

    /// @param position in the wave
    activity::ActivityView activity(std::size_t position) const;
    const std::vector<calcium::NeuronSummary>& summary(std::size_t position) const
    {
        return parts_[position].summary;
    }
    std::int64_t shared_bytes() const { return frame_->total_bytes() + value_->total_bytes(); }

  private:
    struct Part
    {
        std::int64_t first_item = 0;
        std::int64_t last_item = 0;
        std::int64_t frames = 0;
        std::vector<std::int64_t> start{0};
        std::vector<calcium::NeuronSummary> summary;
    };

    std::vector<Part> parts_;
    std::unique_ptr<mpi::NodeShared> frame_;
    std::unique_ptr<mpi::NodeShared> value_;
};

} // namespace rewire::jobs
