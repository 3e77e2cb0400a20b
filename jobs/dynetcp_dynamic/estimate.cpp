#include "estimate.hpp"

#include "averages.hpp"
#include "jobs/dynetcp_static/estimate.hpp"
#include "jobs/dynetcp_trials/session_trials.hpp"
#include "model.hpp"
#include "null.hpp"

#include <rewire/dynetcp/dynamic_model.hpp>
#include <rewire/io/nwb_session.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

constexpr auto typical_rate_hz = 5.0;

/// Sizes of a session that the cost follows from.
struct Sizes
{
    double units = 0;
    double edges = 0;
    double train = 0; ///< trials
    double validation = 0;
    double shown = 0; ///< trials that averages are of
    double bins = 0;  ///< of a trial
    double lstm_parameters = 0;
    double parameters = 0; ///< of the encoder
};

/// Rows of the table that trials are aligned to, or pieces of the recording.
double trials_of(const io::StudySession& session, const TrialSettings& settings, double trial_s)
{
    if (settings.align)
        for (const auto& table : session.record.intervals)
            if (io::is_named(table.path, settings.align->table))
                return static_cast<double>(table.rows);
    const auto& units = *session.record.units;
    const auto seconds = static_cast<double>(units.spikes) /
                         std::max(1.0, typical_rate_hz * static_cast<double>(units.units));
    return seconds / trial_s;
}

Sizes sizes_of(const io::StudySession& session, const DynamicSettings& settings)
{
    const auto& trials = settings.trials();
    auto sizes = Sizes{.units = static_cast<double>(session.record.units->units)};
    sizes.edges =
        settings.edges == EdgeSource::all ? sizes.units * (sizes.units - 1) : 2 * sizes.units;
    const auto trial_s =
        trials.align ? trials.align->stop_s - trials.align->start_s : trials.window_s;
    sizes.bins = std::round(trial_s * 1e3 / trials.bin_ms);
    const auto all = std::max(2.0, trials_of(session, trials, trial_s));
    sizes.validation = std::max(1.0, std::round(trials.split.validation * all));
    const auto test = std::round(trials.split.test * all);
    sizes.shown = test > 0 ? test : sizes.validation;
    sizes.train = std::max(1.0, all - sizes.validation - test);
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

double trial_seconds(const Sizes& sizes, const DynamicRates& rates)
{
    return sizes.bins * (sizes.edges * rates.pair_bin_s + sizes.units * rates.neuron_bin_s);
}

/// Bytes of a result: averages, smoothed ones, counts.
double average_bytes(const Sizes& sizes, const DynamicSettings& settings)
{
    return 12 * sizes.edges * sizes.bins * static_cast<double>(settings.sizes().lags);
}

/// Of the arrays of a trial, and beside them of what training or averaging holds.
double rank_bytes(const Sizes& sizes, const DynamicSettings& settings)
{
    const auto& network = settings.sizes();
    const auto pair_rows = 2.0 * static_cast<double>(network.pair() + 16);
    const auto forward = pair_rows + 7.0 * static_cast<double>(network.hidden) +
                         3.0 * static_cast<double>(network.embedding);
    const auto of_neuron_bins = 4 * sizes.units * sizes.bins;
    // Parameters, moments, best, gradients, branches of the tree.
    const auto training = of_neuron_bins * (forward + pair_rows) + 12.0 * 4 * sizes.parameters;
    // Averages go without a backward pass; while sums are joined and packed a part is there twice.
    const auto averaging = of_neuron_bins * forward + 3.0 * 4 * sizes.parameters +
                           1.5 * std::min(average_sum_bytes, average_bytes(sizes, settings));
    return std::max(training, averaging) + 15e6;
}

/// What a step sends from rank to rank, and what it would send were neurons owned by ranks.
std::string note_on(const std::string& file, const Sizes& sizes, const DynamicSettings& settings,
                    double trial_s, double batch, std::int64_t ranks, std::int64_t parts)
{
    const auto bytes = 4 * sizes.parameters;
    const auto embeddings =
        2 * 4 * batch * sizes.bins * sizes.units * static_cast<double>(settings.sizes().embedding);
    const auto busy = std::min(static_cast<double>(ranks), batch * static_cast<double>(parts));
    auto note = fmt::format(
        "{}: an epoch takes {:.3g} core hours; a step sums {:.3g} MB over ranks, of which the "
        "LSTMs of {:.0f} units are {:.3g} MB, {:.3g} s beside {:.3g} s of computing on {} ranks",
        file, sizes.train * trial_s / 3600, bytes / 1e6, sizes.units,
        4 * sizes.lstm_parameters / 1e6, runtime::seconds_to_sum(bytes, ranks),
        batch * trial_s / busy, ranks);
    if (parts > 1)
        note += fmt::format("; {} ranks share the {:.0f} trials of a batch, each trial in {} parts "
                            "of its receivers",
                            ranks, batch, parts);
    note += fmt::format("; LSTMs owned by ranks would exchange {:.3g} MB of embeddings a step "
                        "instead, which is {}",
                        embeddings / 1e6,
                        embeddings < 2 * 4 * sizes.lstm_parameters
                            ? "less: more --batch on fewer ranks is the better way here"
                            : "more");
    return note;
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
    estimate.notes.push_back(described_null(
        settings.null_models, static_cast<std::int64_t>(sizes.edges), settings.edges));
}

} // namespace

TrialSharing sharing_of(double units, double edges)
{
    const auto& rates = typical_dynamic_rates;
    const auto neurons = units * rates.neuron_bin_s;
    return {static_cast<std::int64_t>(units), neurons / (neurons + edges * rates.pair_bin_s)};
}

runtime::Estimate dynamic_estimate(const io::Study& study, const std::vector<std::size_t>& sessions,
                                   const DynamicSettings& settings, const runtime::Options& options,
                                   const DynamicRates& rates)
{
    auto estimate = static_estimate(study, sessions, settings.first_stage);
    estimate.notes.clear();
    auto number = 0;
    const auto ranks = options.declared("ranks") ? options.integer("ranks") : 1;
    auto held = 0.0; // spikes of the wave, which every rank has
    for (const auto session : sessions)
        held += trial_bytes(study.sessions[session]);
    for (const auto session : sessions) {
        const auto sizes = sizes_of(study.sessions[session], settings);
        const auto batch = std::min(static_cast<double>(settings.training.batch), sizes.train);
        const auto steps_of_epoch = std::max(1.0, std::floor(sizes.train / batch));
        const auto sharing = sharing_of(sizes.units, sizes.edges);
        const auto parts = parts_of_trial(static_cast<std::int64_t>(batch), ranks, sharing);
        const auto leaf = rates.leaf_parameter_s * sizes.parameters * static_cast<double>(parts);
        const auto repeated = 1 + sharing.repeated * static_cast<double>(parts - 1);
        const auto seconds = trial_seconds(sizes, rates) * repeated + leaf;
        const auto forward = rates.forward_share * trial_seconds(sizes, rates);
        const auto steps = static_cast<std::int64_t>(steps_of_epoch) * settings.training.epochs;
        const auto step = batch * seconds + sizes.validation * forward / steps_of_epoch;
        estimate.add_steps(fmt::format("train-{}", ++number), steps, step,
                           static_cast<std::int64_t>(batch) * parts, 4 * sizes.parameters);
        // What every rank does for itself.
        const auto own = static_cast<double>(steps) * rates.parameter_s * sizes.parameters;
        estimate.add_phase(fmt::format("parameters-{}", number), own, 1, own);
        // LSTMs once a group of receivers, the pair network where the sender fired lately.
        const auto groups =
            average_groups(sizes.edges, sizes.bins, static_cast<double>(settings.sizes().lags));
        const auto lately = std::min(1.0, typical_rate_hz * 1e-3 * settings.trials().bin_ms *
                                              static_cast<double>(settings.sizes().lags));
        const auto once =
            rates.forward_share * sizes.bins *
            (groups * sizes.units * rates.neuron_bin_s + lately * sizes.edges * rates.pair_bin_s);
        estimate.add_phase(fmt::format("average-{}", number), sizes.shown * once,
                           static_cast<std::int64_t>(sizes.shown * groups), once / groups);
        // A null model is trained by one rank, each trial whole.
        const auto alone = trial_seconds(sizes, rates) + rates.leaf_parameter_s * sizes.parameters;
        add_null(estimate, number, sizes, settings,
                 static_cast<double>(settings.training.epochs) *
                         (sizes.train * alone + sizes.validation * forward) +
                     own);
        estimate.rank_bytes =
            std::max(estimate.rank_bytes,
                     runtime::base_rank_bytes + held + 2 * trial_bytes(study.sessions[session]) +
                         rank_bytes(sizes, settings)); // and those by what they are for
        estimate.checkpoint_bytes += 16 * sizes.parameters;
        estimate.result_bytes +=
            average_bytes(sizes, settings) +
            4 * (sizes.parameters +
                 sizes.units * sizes.units * static_cast<double>(settings.sizes().lags));
        estimate.notes.push_back(note_on(study.sessions[session].record.file, sizes, settings,
                                         seconds, batch, ranks, parts));
    }
    estimate.notes.emplace_back(
        "time for all epochs: training mostly stops earlier (--patience). As if all units took "
        "part, and every row of the table was a trial, or trials covered a recording of 5 Hz");
    return estimate;
}

} // namespace rewire::jobs
