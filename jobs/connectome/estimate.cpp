#include "estimate.hpp"

#include "animal_shrinkage.hpp"
#include "closed_form.hpp"
#include "edge_tables.hpp"
#include "halves.hpp"
#include "jobs/activity/estimate.hpp"
#include "jobs/frame/session_job.hpp"
#include "study_family.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/calcium/displacement.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

std::int64_t entries_of(const io::ActivityInfo& activity)
{
    return static_cast<std::int64_t>(activity_bytes(activity) / 12);
}

/// Events before smoothing beside the smoothed ones, five frames each where they do not overlap.
constexpr auto event_share = 0.3;
std::int64_t events_of(const io::ActivityInfo& activity)
{
    return static_cast<std::int64_t>(event_share * activity_bytes(activity) /
                                     (sizeof(std::int32_t) + sizeof(double)));
}

/// Of a pair, on rank 0 and in the checkpoint: what tiles hand over.
constexpr auto test_bytes = 72.0;
/// Of a pair in the result.
constexpr auto written_test_bytes = 57.0;

double cubed(double n)
{
    return n * n * n;
}

/// What the tables of edges take, and what they are made from, of each version in its order.
struct VersionMemory
{
    std::vector<double> tables;
    std::vector<double> preparation;

    void add_to(runtime::Estimate& estimate) const
    {
        const auto in_group = sums_of(preparation, edge_groups(preparation, tables));
        const auto largest_group = *std::max_element(in_group.begin(), in_group.end());
        const auto in_batch = sums_of(tables, edge_batches(tables));
        estimate.node_bytes += *std::max_element(in_batch.begin(), in_batch.end()) + largest_group;
        // What ranks prepared lies beside the shared for a moment.
        estimate.spread_bytes = std::max(estimate.spread_bytes, largest_group);
    }

  private:
    /// [batches], one at least
    static std::vector<double> sums_of(const std::vector<double>& bytes,
                                       const std::vector<std::size_t>& batch)
    {
        auto sums = std::vector<double>(batch.empty() ? 1 : batch.back() + 1);
        for (std::size_t v = 0; v < batch.size(); ++v)
            sums[batch[v]] += bytes[v];
        return sums;
    }
};

/// What the halves of sessions take.
struct HalvesWork
{
    double seconds = 0;
    double longest_s = 0;
    std::int64_t units = 0;

    void add(const io::ActivityInfo& activity, const ConnectomeRates& rates,
             runtime::Estimate& estimate)
    {
        for (const auto kind : half_kinds) {
            const auto of_unit = halves_seconds(activity, kind, rates);
            seconds += of_unit;
            longest_s = std::max(longest_s, of_unit);
            ++units;
        }
        const auto neurons = static_cast<double>(activity.neurons);
        const auto pairs = static_cast<double>(base::pair_count(activity.neurons));
        estimate.rank_bytes =
            std::max(estimate.rank_bytes, runtime::base_rank_bytes + 1.5 * neurons * neurons * 8 +
                                              activity_bytes(activity) + 2 * pairs * half_bytes);
        estimate.result_bytes += pairs * half_bytes;
        estimate.checkpoint_bytes += pairs * half_bytes;
    }
};

/// What the intensities of animals take, of the sessions that are chosen.
struct ShrinkageWork
{
    double seconds = 0;
    double longest_s = 0;
    std::int64_t sessions = 0;

    void add(const io::ActivityInfo& activity, runtime::Estimate& estimate)
    {
        const auto of_session = shrinkage_seconds(activity);
        seconds += of_session;
        longest_s = std::max(longest_s, of_session);
        ++sessions;
        const auto neurons = static_cast<double>(activity.neurons);
        estimate.rank_bytes = std::max(
            estimate.rank_bytes, runtime::base_rank_bytes + 2 * neurons * neurons * 8 +
                                     3 * activity_bytes(activity) + 1.9 * block_bytes(activity));
    }
};

/// What shorter windows take where those of the jitter are too long, which is known only then.
struct WindowsWork
{
    double seconds = 0;
    double longest_s = 0;
    std::int64_t trials = 0;

    void add(const io::ActivityInfo& activity, const ConnectomeSettings& settings,
             const ConnectomeRates& rates)
    {
        for (const auto window : calcium::shorter_windows(window_frames_of(activity, settings))) {
            const auto of_trial = window_trial_seconds(activity, window, rates);
            seconds += of_trial * static_cast<double>(settings.displacements);
            longest_s = std::max(longest_s, of_trial);
            trials += settings.displacements;
        }
    }
};

/// Of all sessions of the study, also of those that are there already.
double study_pairs(const io::Study& study)
{
    auto pairs = 0.0;
    for (const auto& session : study.sessions)
        pairs += static_cast<double>(base::pair_count(session.record.activity->neurons));
    return pairs;
}

} // namespace

double connectome_seconds(const io::ActivityInfo& activity, const ConnectomeRates& rates)
{
    const auto neurons = static_cast<double>(activity.neurons);
    const auto frames = static_cast<double>(activity.frames);
    const auto active_per_frame = neurons * 0.06;
    return frames * active_per_frame * active_per_frame / 2 * 1.2e-9 +
           cubed(neurons) / rates.inverse_flops_per_s + 1e-3;
}

double null_block_seconds(const io::ActivityInfo& activity, const ConnectomeSettings& settings,
                          const ConnectomeRates& rates)
{
    const auto options = null_options(activity, settings);
    const auto work = calcium::null_work(activity.neurons, activity.frames, entries_of(activity),
                                         options.block_size, options.engine);
    return work.inverse_flops / rates.inverse_flops_per_s +
           work.table_flops / rates.table_flops_per_s + work.pairs / rates.pairs_per_s;
}

namespace {

/// Shares of the whole closed form of a session, measured at 500 neurons x 42,000 frames.
constexpr auto share_of_preparation = 0.05;
constexpr auto share_of_tables = 0.6; ///< both rounds
constexpr auto share_of_jitter = 0.05;
constexpr auto share_of_displaced = 0.6;

double edge_seconds(const io::ActivityInfo& activity, bool displaced, const ConnectomeRates& rates)
{
    return (displaced ? share_of_displaced : 1) *
           (edge_flops(activity.neurons, activity.frames, base::pair_count(activity.neurons)) /
                rates.edge_flops_per_s +
            1e-3);
}

} // namespace

double edge_preparation_seconds(const io::ActivityInfo& activity, const ConnectomeRates& rates)
{
    return share_of_preparation * edge_seconds(activity, false, rates);
}

double edge_part_seconds(const io::ActivityInfo& activity, bool displaced,
                         const ConnectomeRates& rates)
{
    const auto parts = calcium::MomentParts::count(activity.neurons);
    return share_of_tables / 2 * edge_seconds(activity, displaced, rates) /
           static_cast<double>(std::max<std::int64_t>(parts, 1));
}

double edge_jitter_seconds(const io::ActivityInfo& activity, const ConnectomeRates& rates)
{
    return share_of_jitter * edge_seconds(activity, false, rates);
}

double edge_tiles_seconds(const io::ActivityInfo& activity, std::int64_t tiles, bool displaced,
                          const ConnectomeRates& rates)
{
    const auto all = static_cast<std::int64_t>(calcium::pair_tiles(activity.neurons).size());
    return (1 - share_of_tables - share_of_preparation - share_of_jitter) *
           edge_seconds(activity, displaced, rates) * static_cast<double>(tiles) /
           static_cast<double>(std::max<std::int64_t>(all, 1));
}

double window_trial_seconds(const io::ActivityInfo& activity, std::int64_t window_frames,
                            const ConnectomeRates& rates)
{
    return window_flops(activity.neurons, activity.frames, window_frames) / rates.edge_flops_per_s +
           1e-3;
}

double edge_version_bytes(const io::ActivityInfo& activity, const ConnectomeSettings& settings,
                          bool displaced)
{
    return edge_table_bytes(activity.neurons, activity.frames,
                            calcium::event_jitter_bytes(activity.neurons, activity.frames,
                                                        events_of(activity),
                                                        window_frames_of(activity, settings)),
                            displaced);
}

double edge_prepared_bytes(const io::ActivityInfo& activity, const ConnectomeSettings& settings,
                           bool displaced)
{
    const auto prepared = edge_preparation_bytes(activity.neurons, activity.frames,
                                                 static_cast<double>(entries_of(activity)));
    // Traces that something was taken out of are prepared with their tables.
    return settings.covariates.empty() && settings.highpass_s == 0
               ? prepared
               : prepared + edge_table_bytes(activity.neurons, activity.frames, 0, displaced);
}

namespace {

std::vector<std::size_t> batches_within(double most_bytes, const std::vector<double>& bytes)
{
    auto batches = std::vector<std::size_t>{};
    auto sum = 0.0;
    for (const auto more : bytes) {
        const auto begins = batches.empty() || sum + more > most_bytes;
        sum = begins ? more : sum + more;
        batches.push_back(batches.empty() ? 0 : batches.back() + (begins ? 1 : 0));
    }
    return batches;
}

} // namespace

std::vector<std::size_t> edge_batches(const std::vector<double>& version_bytes)
{
    return batches_within(1.5e9, version_bytes);
}

std::vector<std::size_t> edge_groups(const std::vector<double>& prepared_bytes,
                                     const std::vector<double>& version_bytes)
{
    const auto batch = edge_batches(version_bytes);
    auto of_batch = std::vector<double>(batch.empty() ? 0 : batch.back() + 1);
    for (std::size_t v = 0; v < batch.size(); ++v)
        of_batch[batch[v]] += prepared_bytes[v];
    const auto group_of_batch = batches_within(1e9, of_batch);
    auto groups = std::vector<std::size_t>{};
    for (const auto of_version : batch)
        groups.push_back(group_of_batch[of_version]);
    return groups;
}

std::function<double(const io::StudySession& session)>
connectome_session_bytes(const ConnectomeSettings& settings)
{
    const auto of_pair = (settings.support == SupportBy::none ? 0 : test_bytes) +
                         (settings.halves == HalvesOf::none ? 0 : half_bytes);
    if (of_pair == 0)
        return session_bytes;
    return [of_pair](const io::StudySession& session) {
        const auto& activity = *session.record.activity;
        return session_bytes(session) + event_share * activity_bytes(activity) +
               of_pair * static_cast<double>(base::pair_count(activity.neurons));
    };
}

runtime::Estimate connectome_estimate(const io::Study& study,
                                      const std::vector<std::size_t>& sessions,
                                      const ConnectomeSettings& settings,
                                      const runtime::Options& options, const ConnectomeRates& rates)
{
    auto estimate = deconvolution_estimate(study, sessions, options, rates.activity);
    // Partial correlations and edges of a wave, packed for the writer and the checkpoint.
    const auto most_pairs = largest_wave(
        study, sessions, connectome_session_bytes(settings), node_limit_bytes(options),
        [](const io::StudySession& session) {
            return static_cast<double>(base::pair_count(session.record.activity->neurons));
        });
    const auto with_tests = settings.support != SupportBy::none;
    const auto any_halves = std::any_of(sessions.begin(), sessions.end(), [&](std::size_t session) {
        return with_halves(study, session, settings);
    });
    estimate.spread_bytes =
        std::max(estimate.spread_bytes,
                 (3 * 9 + (with_tests ? 2 * test_bytes : 0) + (any_halves ? 2 * half_bytes : 0)) *
                     most_pairs);
    if (with_tests || settings.halves != HalvesOf::none)
        estimate.node_bytes *= 1 + event_share;
    auto test_seconds = 0.0;
    auto longest_test = 0.0;
    auto tests = std::int64_t{0};
    auto versions = VersionMemory{};
    auto seconds = 0.0;
    auto longest = 0.0;
    auto null_seconds = 0.0;
    auto longest_block = 0.0;
    auto blocks = std::int64_t{0};
    auto ordering = 0.0;
    auto halves = HalvesWork{};
    auto shrinkage = ShrinkageWork{};
    auto windows = WindowsWork{};
    for (const auto session : sessions) {
        const auto& activity = *study.sessions[session].record.activity;
        const auto neurons = static_cast<double>(activity.neurons);
        const auto pairs = static_cast<double>(base::pair_count(activity.neurons));
        const auto work = connectome_seconds(activity, rates);
        seconds += work;
        longest = std::max(longest, work);
        if (settings.shrinks_animals_alike)
            shrinkage.add(activity, estimate);
        estimate.rank_bytes =
            std::max(estimate.rank_bytes,
                     runtime::base_rank_bytes + 1.5 * neurons * neurons * 8 + pairs * 9);
        estimate.result_bytes += pairs * 9;
        estimate.checkpoint_bytes += pairs * 9;
        if (with_tests) {
            for (std::int64_t draw = -1; draw < settings.displacements; ++draw) {
                test_seconds += edge_seconds(activity, draw >= 0, rates);
                versions.tables.push_back(edge_version_bytes(activity, settings, draw >= 0));
                versions.preparation.push_back(edge_prepared_bytes(activity, settings, draw >= 0));
            }
            windows.add(activity, settings, rates);
            longest_test = std::max(longest_test, edge_preparation_seconds(activity, rates));
            tests += static_cast<std::int64_t>(
                edge_units_of({activity.neurons}, settings.displacements).size());
            estimate.rank_bytes =
                std::max(estimate.rank_bytes,
                         runtime::base_rank_bytes + calcium::moment_scratch_bytes(activity.frames));
            // Tests of all pairs are put together on rank 0 when the tables are gone.
            estimate.early_rank_bytes =
                std::max(estimate.early_rank_bytes,
                         runtime::base_rank_bytes + activity_bytes(activity) +
                             5 * pairs * test_bytes); // fitted: 3.0 GB of 2,000 x 40,000
            ordering += pairs * 1e-6; // q-values, Holm, the tails at the threshold: on rank 0
            estimate.result_bytes += pairs * written_test_bytes;
            estimate.checkpoint_bytes +=
                pairs * test_bytes + event_share * activity_bytes(activity);
        }
        if (with_halves(study, session, settings))
            halves.add(activity, rates, estimate);
        if (settings.surrogates == 0)
            continue;
        const auto null = null_options(activity, settings);
        const auto count = (settings.surrogates + null.block_size - 1) / null.block_size;
        const auto block = null_block_seconds(activity, settings, rates);
        const auto memory = calcium::null_memory_bytes(
            activity.neurons, activity.frames, entries_of(activity), null.block_size, null.engine);
        estimate.rank_bytes = std::max(estimate.rank_bytes, runtime::base_rank_bytes + memory);
        ordering += pairs * 300e-9; // q-values: sorted on rank 0
        null_seconds += block * static_cast<double>(count);
        longest_block = std::max(longest_block, block);
        blocks += count;
        estimate.result_bytes += pairs * 24;
        estimate.checkpoint_bytes +=
            pairs * 4 * static_cast<double>(count); // a tally a rank, at most one a unit
    }
    if (settings.shrinks_animals_alike)
        estimate.add_phase("shrinkage", shrinkage.seconds, shrinkage.sessions, shrinkage.longest_s);
    estimate.add_phase("connectome", seconds, static_cast<std::int64_t>(sessions.size()), longest);
    versions.add_to(estimate);
    if (tests > 0)
        estimate.add_phase("edges", test_seconds, tests, longest_test);
    if (windows.trials > 0) {
        estimate.add_phase("windows", windows.seconds, windows.trials, windows.longest_s);
        estimate.notes.push_back("windows: only where p_fine rejects displaced pairs too often");
    }
    if (settings.family_of_study) {
        const auto pairs = study_pairs(study);
        estimate.rank_bytes =
            std::max(estimate.rank_bytes, runtime::base_rank_bytes + study_family_bytes(pairs));
        estimate.result_bytes += 17 * pairs;
        ordering += pairs * 1e-6;
    }
    estimate.add_phase("null", null_seconds, blocks, longest_block);
    if (halves.units > 0)
        estimate.add_phase("halves", halves.seconds, halves.units, halves.longest_s);
    if (ordering > 0)
        estimate.add_phase("p-values", ordering, 1, ordering);
    return estimate;
}

} // namespace rewire::jobs
