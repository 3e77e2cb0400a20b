#include "estimate.hpp"

#include "jobs/recording/pair_tiles.hpp"
#include "tile.hpp"

#include <rewire/base/partition.hpp>

#include <algorithm>

namespace rewire::jobs {

namespace {

// Seconds on a server of 2022.
constexpr auto first_fit_s = 6e-6; ///< eight side by side
constexpr auto next_fit_s = 3e-6;  ///< begins where the last one ended
constexpr auto spike_s = 3e-9;     ///< of the train with fewer, going through
constexpr auto event_s = 3e-9;     ///< a pair of spikes less than 50 ms apart
constexpr auto window_s = 0.1;
constexpr auto written_bytes_per_s = 100e6;

double pair_seconds(double first_spikes, double second_spikes, double events,
                    const GlmccJobSettings& settings)
{
    const auto more_fits = settings.delays() + 1;
    return first_fit_s + more_fits * next_fit_s + spike_s * std::min(first_spikes, second_spikes) +
           event_s * events;
}

/// Bytes of a pair in the result: six matrices, calls, and what is said of pairs.
double written_bytes()
{
    return 2 * 6 * 8.0 + 2 + 2 * 4 + 4 + 5 * 8 + 3;
}

} // namespace

double glmcc_tile_seconds(const SessionSpikes& spikes, const spikes::PairTile& tile,
                          const GlmccJobSettings& settings)
{
    const auto observed_s = std::max(spikes.observed_s(), 1e-3);
    auto seconds = 0.0;
    spikes::for_each_pair(tile, [&](auto i, auto j, auto) {
        const auto first = static_cast<double>(spikes.spikes(i));
        const auto second = static_cast<double>(spikes.spikes(j));
        seconds += pair_seconds(first, second, first * second * window_s / observed_s, settings);
    });
    return seconds;
}

runtime::Estimate glmcc_estimate(const io::Study& study, const std::vector<std::size_t>& sessions,
                                 const GlmccJobSettings& settings, const runtime::Options& options)
{
    auto estimate = runtime::Estimate{};
    const auto read_bytes = add_reading(estimate, study, sessions, held_spikes_bytes);
    auto tiles = std::int64_t{0};
    auto longest = 0.0;
    auto seconds = 0.0;
    auto all_pairs = 0.0;
    auto most_pairs = 0.0;
    for (const auto session : sessions) {
        const auto& units = *study.sessions[session].record.units;
        const auto pairs = static_cast<double>(base::pair_count(units.units));
        const auto spikes = static_cast<double>(units.spikes) /
                            static_cast<double>(std::max<std::int64_t>(units.units, 1));
        const auto pair =
            pair_seconds(spikes, spikes, spikes * mean_rate_hz(units) * window_s, settings);
        const auto side = static_cast<double>(pair_tile_side(units.units));
        tiles += static_cast<std::int64_t>(
            spikes::pair_tiles(units.units, pair_tile_side(units.units)).size());
        seconds += pair * pairs;
        longest = std::max(longest, pair * std::min(side * side, pairs));
        all_pairs += pairs;
        most_pairs = std::max(most_pairs, pairs);
    }
    estimate.node_bytes = largest_wave(study, sessions, held_spikes_bytes,
                                       node_limit_bytes(options), held_spikes_bytes);
    const auto results = all_pairs * sizeof(GlmccFitted);
    estimate.spread_bytes = 3 * std::min(results, pair_results_bytes);
    // The rank that reads has not begun to put pairs together.
    estimate.rank_bytes =
        runtime::base_rank_bytes +
        std::max(read_bytes, most_pairs * (sizeof(GlmccFitted) + 4.0 * sizeof(double)) + 16e6);
    estimate.result_bytes = all_pairs * written_bytes();
    estimate.checkpoint_bytes = results;
    estimate.add_phase("pairs", seconds, tiles, std::min(longest, seconds));
    const auto writing = all_pairs * written_bytes() / written_bytes_per_s;
    estimate.add_phase("write", writing, 1, writing);
    estimate.notes.emplace_back("as if all units of the files passed the filter and fired alike; "
                                "speed of one core of a recent server, not measured here");
    return estimate;
}

} // namespace rewire::jobs
