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

/// Of a pair in the result.
constexpr auto written_test_bytes = 57.0;

double cubed(double n)
{
    return n * n * n;
}

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
    auto edges = EdgeEstimate(settings, rates);
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
            edges.add(activity);
            windows.add(activity, settings, rates);
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
    edges.add_to(estimate);
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
