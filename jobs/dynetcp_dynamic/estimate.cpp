#include "estimate.hpp"

#include "jobs/dynetcp_static/estimate.hpp"
#include "jobs/dynetcp_trials/session_trials.hpp"
#include "null.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rewire::jobs {

namespace {

constexpr auto flops_per_s = 20e9;       ///< of the pair network, one core of a server of 2022
constexpr auto small_flops_per_s = 15e9; ///< of what is done once a neuron
constexpr auto pair_bin_flops = 27.3e3;  ///< forward and back, 384 x 11
constexpr auto neuron_bin_flops = 442e3; ///< LSTM, embeddings, halves of the pair layer
constexpr auto typical_rate_hz = 5.0;

/// Sizes of a session that the cost follows from.
struct Sizes
{
    double units = 0;
    double edges = 0;
    double trials = 0;
    double bins = 0; ///< of a trial
    double lstm_parameters = 0;
    double parameters = 0; ///< of the encoder
};

Sizes sizes_of(const io::UnitsInfo& units, const DynamicSettings& settings)
{
    const auto& trials = settings.trials();
    auto sizes = Sizes{.units = static_cast<double>(units.units)};
    sizes.edges =
        settings.edges == EdgeSource::all ? sizes.units * (sizes.units - 1) : 2 * sizes.units;
    const auto seconds =
        static_cast<double>(units.spikes) / std::max(1.0, typical_rate_hz * sizes.units);
    const auto trial_s =
        trials.align ? trials.align->stop_s - trials.align->start_s : trials.window_s;
    sizes.bins = trial_s * 1e3 / trials.bin_ms;
    sizes.trials = std::max(2.0, seconds / trial_s);
    const auto& network = settings.sizes();
    const auto gates = static_cast<double>(network.gates());
    sizes.lstm_parameters =
        sizes.units * gates * static_cast<double>(network.features() + network.hidden + 2);
    const auto pair = static_cast<double>(network.pair());
    sizes.parameters = sizes.lstm_parameters + pair * pair +
                       pair * static_cast<double>(network.lags + 1) +
                       2.0 * static_cast<double>(network.embedding * (network.hidden + 1));
    return sizes;
}

double trial_seconds(const Sizes& sizes)
{
    return sizes.bins * (sizes.edges * pair_bin_flops / flops_per_s +
                         sizes.units * neuron_bin_flops / small_flops_per_s);
}

/// Of the arrays of a trial, of the parameters with their moments, and of sums over ranks.
double rank_bytes(const Sizes& sizes, const DynamicSettings& settings)
{
    const auto& network = settings.sizes();
    const auto of_neuron_bin = 4.0 * static_cast<double>(network.pair()) +
                               7.0 * static_cast<double>(network.hidden) +
                               3.0 * static_cast<double>(network.embedding);
    const auto copies = 12.0; // parameters, moments, best, gradients, branches of the tree
    return 4 * (sizes.units * sizes.bins * of_neuron_bin + copies * sizes.parameters) + 60e6;
}

/// Null models, each of which takes `one_s` on one rank; nothing without them.
void add_null(runtime::Estimate& estimate, int session, const Sizes& sizes,
              const DynamicSettings& settings, double one_s)
{
    if (settings.null_models == 0)
        return;
    const auto models = static_cast<double>(settings.null_models);
    estimate.add_phase(fmt::format("null-{}", session), models * one_s, settings.null_models,
                       one_s);
    const auto bytes = 4 * models * sizes.edges * sizes.bins;
    estimate.result_bytes += bytes + 16 * sizes.edges * sizes.bins;
    estimate.checkpoint_bytes += bytes;
    estimate.spread_bytes = std::max(estimate.spread_bytes, bytes);
    estimate.notes.push_back(
        described_null(settings.null_models, static_cast<std::int64_t>(sizes.edges)));
}

} // namespace

runtime::Estimate dynamic_estimate(const io::Study& study, const std::vector<std::size_t>& sessions,
                                   const DynamicSettings& settings, const runtime::Options& options)
{
    auto estimate = static_estimate(study, sessions, settings.first_stage);
    estimate.notes.clear();
    auto number = 0;
    for (const auto session : sessions) {
        const auto sizes = sizes_of(*study.sessions[session].record.units, settings);
        const auto batch = std::min(static_cast<double>(settings.training.batch),
                                    std::max(1.0, 0.8 * sizes.trials));
        const auto steps_of_epoch = std::max(1.0, 0.8 * sizes.trials / batch);
        const auto seconds = trial_seconds(sizes);
        const auto validation = 0.3 * 0.2 * sizes.trials * seconds; // forward alone
        estimate.add_steps(fmt::format("train-{}", ++number),
                           static_cast<std::int64_t>(steps_of_epoch) * settings.training.epochs,
                           batch * seconds + validation / steps_of_epoch,
                           static_cast<std::int64_t>(batch), 4 * sizes.parameters);
        estimate.add_phase(fmt::format("average-{}", number), 0.3 * 0.2 * sizes.trials * seconds, 1,
                           0.3 * 0.2 * sizes.trials * seconds);
        add_null(estimate, number, sizes, settings,
                 static_cast<double>(settings.training.epochs) *
                     (0.8 * sizes.trials * seconds + validation));
        estimate.rank_bytes =
            std::max(estimate.rank_bytes, runtime::base_rank_bytes + rank_bytes(sizes, settings));
        estimate.checkpoint_bytes += 16 * sizes.parameters;
        estimate.result_bytes +=
            12 * sizes.edges * sizes.bins * static_cast<double>(settings.sizes().lags) +
            4 * (sizes.parameters +
                 sizes.units * sizes.units * static_cast<double>(settings.sizes().lags));
        const auto bytes = 4 * sizes.parameters;
        const auto ranks = std::min(static_cast<std::int64_t>(batch),
                                    options.declared("ranks") ? options.integer("ranks") : 1);
        estimate.notes.push_back(fmt::format(
            "{}: an epoch takes {:.3g} core hours; a step sums {:.3g} MB over ranks, of which the "
            "LSTMs of {:.0f} units are {:.3g} MB, {:.3g} s beside {:.3g} s of computing on {} "
            "ranks; "
            "more ranks than the {:.0f} trials of a batch are idle",
            study.sessions[session].record.file, (0.8 * sizes.trials * seconds + validation) / 3600,
            bytes / 1e6, sizes.units, 4 * sizes.lstm_parameters / 1e6,
            runtime::seconds_to_sum(bytes, ranks), batch * seconds / static_cast<double>(ranks),
            ranks, batch));
    }
    estimate.notes.emplace_back(
        "time for all epochs: training mostly stops earlier (--patience). As if all units took "
        "part, trials covered the recording and units fired at 5 Hz");
    return estimate;
}

} // namespace rewire::jobs
