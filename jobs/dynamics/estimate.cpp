#include "estimate.hpp"

#include "weights.hpp"

#include <algorithm>

namespace rewire::jobs {

namespace {

constexpr auto value_s = 6e-9; ///< reading and unpacking one average of an edge
constexpr auto gram_flops_per_s = 15e9;
constexpr auto block_edges_bytes = 24e6;
constexpr auto written_bytes_per_s = 40e6; ///< of weights, which hardly compress
constexpr auto typical_rate_hz = 5.0;
constexpr auto pair_bin_s = 9.2e3 / 20e9; ///< the forward pass, once an edge and bin
constexpr auto unit_bin_s = 147e3 / 15e9; ///< and once a unit and bin
constexpr auto unit_bin_values = 1024.0;  ///< that it keeps
constexpr auto unit_parameters = 49664.0;

struct Sizes
{
    double units = 0;
    double edges = 0;
    double bins = 0;   ///< of a trial
    double trials = 0; ///< that are shown
    double lags = 0;
};

Sizes sizes_of(const io::UnitsInfo& units, const TrialSettings& settings)
{
    auto sizes = Sizes{.units = static_cast<double>(units.units)};
    sizes.edges = sizes.units * (sizes.units - 1);
    sizes.lags = static_cast<double>(settings.lags + 1);
    const auto trial_s =
        settings.align ? settings.align->stop_s - settings.align->start_s : settings.window_s;
    sizes.bins = trial_s * 1e3 / settings.bin_ms;
    const auto seconds =
        static_cast<double>(units.spikes) / std::max(1.0, typical_rate_hz * sizes.units);
    const auto& split = settings.split;
    sizes.trials =
        std::max(1.0, (split.test > 0 ? split.test : split.validation) * seconds / trial_s);
    return sizes;
}

/// Of every edge in every trial that is shown. @return bytes that a rank holds for it
double add_weights(runtime::Estimate& estimate, const Sizes& sizes)
{
    const auto bytes = 4 * sizes.trials * sizes.edges * sizes.bins * sizes.lags;
    const auto trial_s = sizes.bins * (sizes.edges * pair_bin_s + sizes.units * unit_bin_s) +
                         bytes / sizes.trials / written_bytes_per_s;
    estimate.add_phase("weights", sizes.trials * trial_s, static_cast<std::int64_t>(sizes.trials),
                       trial_s);
    estimate.result_bytes += bytes;
    return held_weight_bytes +
           4 * sizes.units *
               (sizes.bins * unit_bin_values + 2 * unit_parameters + 2 * sizes.units * sizes.lags);
}

} // namespace

double dynamics_seconds(std::int64_t edges, std::int64_t bins, std::int64_t lags)
{
    return value_s * 3 * static_cast<double>(edges * bins * lags);
}

runtime::Estimate dynamics_estimate(const io::Study& study,
                                    const std::vector<std::size_t>& sessions,
                                    const DynamicsSettings& settings)
{
    auto estimate = runtime::Estimate{};
    estimate.rank_bytes = runtime::base_rank_bytes;
    for (const auto session : sessions) {
        const auto sizes = sizes_of(*study.sessions[session].record.units, settings.trials);
        const auto courses = sizes.edges * sizes.bins;
        const auto seconds = value_s * 3 * courses * sizes.lags;
        const auto blocks = std::max(1.0, 12 * courses * sizes.lags / block_edges_bytes);
        estimate.add_phase("edges", seconds, static_cast<std::int64_t>(blocks), seconds / blocks);
        if (const auto models = static_cast<double>(settings.sweep.size()); models > 0)
            estimate.add_phase("sweep", (models + 1) * seconds,
                               static_cast<std::int64_t>((models + 1) * blocks), seconds / blocks);
        const auto gram_s =
            4 * sizes.bins * std::min(sizes.bins, sizes.edges) * sizes.edges / gram_flops_per_s;
        estimate.add_phase("dimensions", gram_s, 1, gram_s);
        estimate.result_bytes += 9 * courses;
        estimate.checkpoint_bytes += 13 * courses;
        // Rank 0 keeps two arrays of courses, and makes doubles of one of them, twice.
        auto rank = runtime::base_rank_bytes + 3 * block_edges_bytes + (8 + 16) * courses;
        if (settings.write_edges)
            rank += add_weights(estimate, sizes);
        estimate.rank_bytes = std::max(estimate.rank_bytes, rank);
    }
    estimate.notes.emplace_back("as if all pairs of all units had a dynamic weight, trials covered "
                                "the recording and units fired at 5 Hz");
    return estimate;
}

} // namespace rewire::jobs
