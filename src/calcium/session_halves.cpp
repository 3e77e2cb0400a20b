#include "rewire/calcium/session_halves.hpp"

#include <rewire/base/index.hpp>
#include <rewire/calcium/shift_moments.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rewire::calcium {

namespace {

using base::at;

/// Covariates at some frames.
std::vector<double> at_frames(const CovariateView& covariates, std::int64_t frames,
                              std::span<const std::int32_t> chosen)
{
    auto values = std::vector<double>{};
    values.reserve(at(covariates.count) * chosen.size());
    for (std::int64_t k = 0; k < covariates.count; ++k)
        for (const auto frame : chosen)
            values.push_back(covariates.value[at(k * frames + frame)]);
    return values;
}

std::vector<std::int64_t> all_neurons(std::int64_t count)
{
    auto neurons = std::vector<std::int64_t>(at(count));
    std::iota(neurons.begin(), neurons.end(), 0);
    return neurons;
}

/// Neurons with an event in the frames of the table, and others: 0.
double inverse_norm(double squares)
{
    return squares > 0 ? 1 / std::sqrt(squares) : 0;
}

} // namespace

FrameHalves interleaved_halves(std::span<const std::int32_t> frames, double rate_hz)
{
    const auto count = static_cast<std::int64_t>(frames.size());
    const auto block_frames = half_block_s * rate_hz;
    auto halves = FrameHalves{};
    halves.blocks = 2 * std::max<std::int64_t>(
                            1, std::llround(static_cast<double>(count) / (2 * block_frames)));
    for (std::int64_t block = 0; block < halves.blocks; ++block) {
        const auto range = base::part_of(count, halves.blocks, block);
        auto& half = block % 2 == 0 ? halves.a : halves.b;
        half.insert(half.end(), frames.begin() + range.first, frames.begin() + range.last);
    }
    return halves;
}

std::vector<std::int32_t> all_frames(std::int64_t count)
{
    auto frames = std::vector<std::int32_t>(at(count));
    std::iota(frames.begin(), frames.end(), 0);
    return frames;
}

std::vector<base::Range> runs_of_frames(std::span<const std::int32_t> frames)
{
    auto runs = std::vector<base::Range>{};
    for (const auto frame : frames)
        if (!runs.empty() && runs.back().last == frame)
            ++runs.back().last;
        else
            runs.push_back({frame, frame + std::int64_t{1}});
    return runs;
}

std::vector<std::int32_t> without_part(std::span<const std::int32_t> frames, std::int64_t parts,
                                       std::int64_t part)
{
    const auto left_out = base::part_of(static_cast<std::int64_t>(frames.size()), parts, part);
    auto kept = std::vector<std::int32_t>(frames.begin(), frames.begin() + left_out.first);
    kept.insert(kept.end(), frames.begin() + left_out.last, frames.end());
    return kept;
}

ChosenFrames chosen_frames(const activity::ActivityView& activity,
                           std::span<const std::int32_t> frames, const CovariateView& covariates)
{
    auto place = std::vector<std::int32_t>(at(activity.frames), -1);
    for (std::size_t k = 0; k < frames.size(); ++k)
        place[static_cast<std::size_t>(frames[k])] = static_cast<std::int32_t>(k);
    return {.activity = activity::select(activity, all_neurons(activity.neurons()), place,
                                         static_cast<std::int64_t>(frames.size())),
            .covariates = at_frames(covariates, activity.frames, frames),
            .covariate_count = covariates.count};
}

PartialCorrelation partial_correlation_of_frames(const activity::ActivityView& activity,
                                                 std::span<const std::int32_t> frames,
                                                 const PartialCorrelationOptions& options,
                                                 const CovariateView& covariates)
{
    const auto chosen = chosen_frames(activity, frames, covariates);
    return partial_correlation(chosen.activity.view(), options, chosen.covariate_view());
}

std::optional<std::vector<double>>
jitter_corrected_coincidence(const activity::ActivityView& events,
                             std::span<const base::Range> segments,
                             const EventJitterOptions& options, const Tick& tick)
{
    const auto neurons = events.neurons();
    const auto jitter = event_jitter_of(events, all_neurons(neurons), segments, options);
    auto scale = std::vector<double>{};
    for (const auto& block : jitter.blocks)
        for (const auto squares : block.square_sum)
            scale.push_back(inverse_norm(squares));
    auto corrected = std::vector<double>(at(base::pair_count(neurons)), 0.0);
    for (const auto& tile : pair_tiles(neurons)) {
        const auto moments = tile_jitter(jitter, tile);
        for (auto i = tile.rows.first; i < tile.rows.last; ++i)
            for (auto j = tile.diagonal() ? i + 1 : tile.columns.first; j < tile.columns.last;
                 ++j) {
                const auto k =
                    at((i - tile.rows.first) * tile.columns.size() + j - tile.columns.first);
                const auto expected =
                    (moments.columns_jittered.expected[k] + moments.rows_jittered.expected[k]) / 2;
                corrected[at(base::pair_index(i, j, neurons))] =
                    (moments.coincidence[k] - expected) * scale[at(i)] * scale[at(j)];
            }
        if (!tick(0))
            return std::nullopt;
    }
    return corrected;
}

} // namespace rewire::calcium
