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
constexpr auto tails_s = 60e-6;           ///< tails of 2 x 11 lags
// Classes of the exact p, a jittered spike: of windows where the held train is silent, and what is
// added where they are crowded.
constexpr auto silent_spike_s = 1.5e-9;
constexpr auto crowded_spike_s = 3.2e-9;
constexpr auto crowded_spikes = 1.4; ///< of the held train in reach, for 63 % of that
// What a tile makes of each unit, a spike: copies and bits; windows and halves, too.
constexpr auto unit_spike_s = 3e-9;
constexpr auto tested_unit_spike_s = 17e-9;
constexpr auto halved_pairs = 0.2;  ///< of all, that are estimated in both halves, too
constexpr auto unit_bin_s = 0.1e-9; ///< what a tile makes of each unit, a bin
constexpr auto written_bytes_per_s = 80e6;
// Bytes of a spike of a unit of a tile: its copy, where it may go, what was drawn of it.
constexpr auto tested_spike_bytes = 10.0;
constexpr auto drawn_spike_bytes = 16.0;
constexpr auto window_bytes = 48.0; ///< of jitter: of the session, and of its halves
constexpr auto working_bytes = 8e6; ///< correlograms and tests of a tile, buffers

double bins_of(const UnitLoad& unit, const CcgSettings& settings)
{
    return unit.spikes / unit.rate_hz / (1e-9 * static_cast<double>(settings.bin_ns));
}

/// Classes of the exact p, of the spikes of one train around those of the other.
double tested_seconds(const UnitLoad& jittered, const UnitLoad& held, const CcgSettings& settings)
{
    const auto reach_s = 1e-9 * static_cast<double>(settings.bin_ns) *
                         static_cast<double>(settings.jitter.bins + settings.tests.exact_lag);
    const auto crowded = -std::expm1(-held.rate_hz * reach_s / crowded_spikes);
    return jittered.spikes * (silent_spike_s + crowded_spike_s * crowded);
}

/// What tiles make of their units, so many times in all.
double units_seconds(double times, const UnitLoad& unit, const CcgSettings& settings)
{
    const auto spike_s = settings.has_null() ? tested_unit_spike_s : unit_spike_s;
    return times * (spike_s * unit.spikes + unit_bin_s * bins_of(unit, settings));
}

/// Of the units of a tile and what a rank knows of a session; the larger of both phases.
double tile_bytes(double units, const UnitLoad& unit, const CcgSettings& settings)
{
    const auto spikes = unit.spikes;
    const auto bins = bins_of(unit, settings);
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

double pair_seconds(const UnitLoad& first, const UnitLoad& second, const CcgSettings& settings)
{
    // Bits are the dearer kernel for slow units: an upper bound that needs no duration.
    const auto count = spikes::count_seconds(
        spikes::CountKernel::windows_of_first,
        static_cast<std::int64_t>(std::max(first.spikes, second.spikes)),
        static_cast<std::int64_t>(std::min(first.spikes, second.spikes)), 0, settings.max_lag);
    if (!settings.has_null())
        return count * (1 + halved_pairs) + pair_overhead_s;
    const auto expected = expected_spike_s * (first.spikes + second.spikes);
    return (count + expected) * (1 + halved_pairs) + pair_overhead_s + tails_s +
           tested_seconds(first, second, settings) + tested_seconds(second, first, settings);
}

double tile_seconds(const SessionTrains& trains, const spikes::PairTile& tile,
                    const CcgSettings& settings)
{
    const auto load = [&](std::int64_t unit) {
        return UnitLoad{static_cast<double>(trains.spikes(unit)),
                        std::max(trains.rate_hz(unit), 1e-3)};
    };
    auto seconds = 0.0;
    spikes::for_each_pair(
        tile, [&](auto i, auto j, auto) { seconds += pair_seconds(load(i), load(j), settings); });
    for (const auto& range : {tile.first, tile.second})
        for (auto unit = range.first; unit < range.last; ++unit)
            seconds += units_seconds(tile.first == tile.second ? 0.5 : 1.0, load(unit), settings);
    return seconds;
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
        const auto unit = UnitLoad{spikes, mean_rate_hz(units)};
        const auto pair = pair_seconds(unit, unit, settings);
        const auto side = static_cast<double>(pair_tile_side(units.units));
        for (const auto& tile : spikes::pair_tiles(units.units, pair_tile_side(units.units))) {
            const auto own = tile.first == tile.second ? tile.first.size()
                                                       : tile.first.size() + tile.second.size();
            const auto of_tile = pair * static_cast<double>(tile.pairs()) +
                                 units_seconds(static_cast<double>(own), unit, settings);
            seconds += of_tile;
            longest = std::max(longest, of_tile);
            ++tiles;
        }
        all_pairs += pairs;
        band_seconds += static_cast<double>(std::min(settings.surrogates, band_surrogates)) *
                        surrogate_seconds(2 * spikes, {{0, 1}, {1, 2}}, settings);
        for (const auto& tile : spikes::pair_tiles(units.units, surrogate_tile_side(units.units)))
            drawing += static_cast<double>(settings.surrogates) *
                       surrogate_seconds(2 * spikes, tile, settings);
        row_bytes = std::max(row_bytes, side * static_cast<double>(units.units) * (written + 400));
        computing_bytes =
            std::max(computing_bytes, tile_bytes(static_cast<double>(units.units), unit, settings));
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
