#include "estimate.hpp"

#include "jobs/activity/estimate.hpp"
#include "jobs/frame/session_job.hpp"

#include <rewire/base/partition.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

std::int64_t entries_of(const io::ActivityInfo& activity)
{
    return static_cast<std::int64_t>(activity_bytes(activity) / 12);
}

double cubed(double n)
{
    return n * n * n;
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

runtime::Estimate connectome_estimate(const io::Study& study,
                                      const std::vector<std::size_t>& sessions,
                                      const ConnectomeSettings& settings,
                                      const runtime::Options& options, const ConnectomeRates& rates)
{
    auto estimate = deconvolution_estimate(study, sessions, options, rates.activity);
    // Partial correlations and edges of a wave, packed for the writer and the checkpoint.
    auto largest_wave = 0.0;
    for (const auto& wave : waves_of(study, sessions, session_bytes, node_limit_bytes(options))) {
        auto pairs = 0.0;
        for (const auto session : wave)
            pairs += static_cast<double>(
                base::pair_count(study.sessions[session].record.activity->neurons));
        largest_wave = std::max(largest_wave, pairs);
    }
    estimate.spread_bytes = std::max(estimate.spread_bytes, 3 * 9 * largest_wave);
    auto seconds = 0.0;
    auto longest = 0.0;
    auto null_seconds = 0.0;
    auto longest_block = 0.0;
    auto blocks = std::int64_t{0};
    auto ordering = 0.0;
    for (const auto session : sessions) {
        const auto& activity = *study.sessions[session].record.activity;
        const auto neurons = static_cast<double>(activity.neurons);
        const auto pairs = static_cast<double>(base::pair_count(activity.neurons));
        const auto work = connectome_seconds(activity, rates);
        seconds += work;
        longest = std::max(longest, work);
        estimate.rank_bytes =
            std::max(estimate.rank_bytes,
                     runtime::base_rank_bytes + 1.5 * neurons * neurons * 8 + pairs * 9);
        estimate.result_bytes += pairs * 9;
        estimate.checkpoint_bytes += pairs * 9;
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
    estimate.add_phase("connectome", seconds, static_cast<std::int64_t>(sessions.size()), longest);
    estimate.add_phase("null", null_seconds, blocks, longest_block);
    if (blocks > 0)
        estimate.add_phase("p-values", ordering, 1, ordering);
    return estimate;
}

} // namespace rewire::jobs
