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
constexpr auto typical_rate_hz = 10.0; ///< slower units have more bits, which are taken too few
// Bytes of a spike of a unit of a tile: its copy, where it may go, what was drawn of it.
constexpr auto tested_spike_bytes = 10.0;
constexpr auto drawn_spike_bytes = 16.0;
constexpr auto window_bytes = 48.0; ///< of jitter: of the session, and of its halves
constexpr auto working_bytes = 8e6; ///< correlograms and tests of a tile, buffers

/// Of the units of a tile and what a rank knows of a session; the larger of both phases.
double tile_bytes(double units, double spikes, const CcgSettings& settings)
{
    const auto bins = spikes / typical_rate_hz / (1e-9 * static_cast<double>(settings.bin_ns));
    const auto bits = bins / 8;
    const auto side = static_cast<double>(pair_tile_side(static_cast<std::int64_t>(units)));
    auto bytes = std::min(2 * side, units) * (bits + tested_spike_bytes * spikes);
    if (settings.surrogates > 0) {
        const auto drawn =
            static_cast<double>(surrogate_tile_side(static_cast<std::int64_t>(units)));
        bytes = std::max(bytes, std::min(2 * drawn, units) * (bits + drawn_spike_bytes * spikes));
    }
    if (settings.has_null())
        bytes += window_bytes * bins /
                 static_cast<double>(std::max<std::int64_t>(settings.jitter.bins, 1));
    return bytes + working_bytes;
}

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
    auto computing_bytes = 0.0;
    auto band_seconds = 0.0; ///< of rank 0
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
        band_seconds += static_cast<double>(std::min(settings.surrogates, band_surrogates)) *
                        surrogate_seconds(2 * spikes, {{0, 1}, {1, 2}}, settings);
        for (const auto& tile : spikes::pair_tiles(units.units, surrogate_tile_side(units.units)))
            drawing += static_cast<double>(settings.surrogates) *
                       surrogate_seconds(2 * spikes, tile, settings);
        row_bytes = std::max(row_bytes, side * static_cast<double>(units.units) * (written + 400));
        computing_bytes = std::max(computing_bytes,
                                   tile_bytes(static_cast<double>(units.units), spikes, settings));
    }
    estimate.node_bytes =
        largest_wave(study, sessions, held_bytes, node_limit_bytes(options), held_bytes);
    const auto results = all_pairs * bytes_of_pair(settings);
    estimate.spread_bytes = 1.2 * std::min(results, pair_results_bytes);
    // When a session is read there are no results yet: no more is taken off than what few ranks
    // would have of them. With a row, all tiles of a piece are done.
    const auto no_results = std::min(estimate.spread_bytes, 32e6);
    estimate.rank_bytes =
        runtime::base_rank_bytes +
        std::max({read_bytes - no_results, computing_bytes, row_bytes + working_bytes});
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
    auto writing = all_pairs * written / written_bytes_per_s;
    writing += band_seconds;
    estimate.add_phase("write", writing, 1, writing);
    estimate.notes.emplace_back(
        "as if all units of the files passed the filter; speed of one core of "
        "a recent server, not measured here");
    return estimate;
}

} // namespace rewire::jobs
