#include "estimate.hpp"

#include "jobs/frame/rates.hpp"
#include "jobs/frame/session_job.hpp"
#include "jobs/recording/held_spikes.hpp"
#include "jobs/recording/pair_tiles.hpp"
#include "surrogates.hpp"
#include "tile.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/spikes/correlogram.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

// Seconds on a server of 2022.
constexpr auto pair_overhead_s = 60e-6;   ///< rule, Poisson tails, packing: 201 lags
constexpr auto expected_spike_s = 0.3e-9; ///< closed form, a spike of either train
constexpr auto tested_spike_s = 8.8e-9;   ///< classes of the exact p, a spike of either train
constexpr auto tails_s = 60e-6;           ///< tails of 2 x 11 lags
constexpr auto unit_bin_s = 0.1e-9;       ///< what a tile makes for each unit, a bin
constexpr auto written_bytes_per_s = 80e6;

} // namespace

double pair_seconds(double first_spikes, double second_spikes, const CcgSettings& settings)
{
    // Bits are the dearer kernel for slow units: an upper bound that needs no duration.
    const auto count = spikes::count_seconds(
        spikes::CountKernel::windows_of_first,
        static_cast<std::int64_t>(std::max(first_spikes, second_spikes)),
        static_cast<std::int64_t>(std::min(first_spikes, second_spikes)), 0, settings.max_lag);
    if (!settings.has_null())
        return count + pair_overhead_s;
    return count + pair_overhead_s + tails_s +
           (expected_spike_s + tested_spike_s) * (first_spikes + second_spikes);
}

double tile_seconds(const SessionTrains& trains, const spikes::PairTile& tile,
                    const CcgSettings& settings)
{
    auto seconds = 0.0;
    spikes::for_each_pair(tile, [&](auto i, auto j, auto) {
        seconds += pair_seconds(static_cast<double>(trains.spikes(i)),
                                static_cast<double>(trains.spikes(j)), settings);
    });
    return seconds + unit_bin_s * static_cast<double>(trains.timeline.extent()) *
                         static_cast<double>(tile.first.size() + tile.second.size());
}

runtime::Estimate ccg_estimate(const io::Study& study, const std::vector<std::size_t>& sessions,
                               const CcgSettings& settings, const runtime::Options& options)
{
    auto estimate = runtime::Estimate{};
    const auto read_bytes = add_reading(estimate, study, sessions, held_bytes);
    auto tiles = std::int64_t{0};
    auto longest = 0.0;
    auto seconds = 0.0;
    auto all_pairs = 0.0;
    auto row_bytes = 0.0;
    auto drawing = 0.0;
    const auto written =
        static_cast<double>(settings.lags()) *
        (sizeof(std::int32_t) + (settings.has_null() ? 4.0 : 2.0) * sizeof(double));
    for (const auto session : sessions) {
        const auto& units = *study.sessions[session].record.units;
        const auto pairs = static_cast<double>(base::pair_count(units.units));
        const auto spikes = static_cast<double>(units.spikes) /
                            static_cast<double>(std::max<std::int64_t>(units.units, 1));
        const auto pair = pair_seconds(spikes, spikes, settings);
        const auto side = static_cast<double>(pair_tile_side(units.units));
        const auto own_tiles = static_cast<std::int64_t>(
            spikes::pair_tiles(units.units, pair_tile_side(units.units)).size());
        seconds += pair * pairs;
        tiles += own_tiles;
        longest = std::max(longest, pair * std::min(side * side, pairs));
        all_pairs += pairs;
        for (const auto& tile : spikes::pair_tiles(units.units, surrogate_tile_side(units.units)))
            drawing += static_cast<double>(settings.surrogates) *
                       surrogate_seconds(2 * spikes, tile, settings);
        row_bytes = std::max(row_bytes, side * static_cast<double>(units.units) * (written + 400));
    }
    estimate.node_bytes =
        largest_wave(study, sessions, held_bytes, node_limit_bytes(options), held_bytes);
    const auto results = all_pairs * bytes_of_pair(settings);
    estimate.spread_bytes = 3 * std::min(results, pair_results_bytes);
    // The rank that reads has not begun to put rows together.
    estimate.rank_bytes = runtime::base_rank_bytes + std::max(read_bytes, row_bytes + 64e6);
    estimate.result_bytes = all_pairs * written;
    estimate.checkpoint_bytes = results;
    estimate.add_phase("pairs", seconds, tiles, std::min(longest, seconds));
    if (drawing > 0) {
        const auto block_s = std::min(drawing, surrogate_block_seconds(drawing));
        const auto blocks = static_cast<std::int64_t>(std::ceil(drawing / block_s));
        estimate.add_phase("surrogates", drawing, blocks, block_s);
        const auto near = static_cast<double>(spikes::lag_count(settings.rule.peak_lag) + 4);
        estimate.rank_bytes += all_pairs * near * sizeof(double);
    }
    const auto writing = all_pairs * written / written_bytes_per_s;
    estimate.add_phase("write", writing, 1, writing);
    estimate.notes.emplace_back(
        "as if all units of the files passed the filter; speed of one core of "
        "a recent server, not measured here");
    return estimate;
}

} // namespace rewire::jobs
