#include "rewire/calcium/displacement.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace rewire::calcium {

namespace {

using base::at;

void check(const DisplacementOptions& options, std::int64_t draw)
{
    if (options.shortest_frames < 1 || options.longest_frames < options.shortest_frames ||
        draw < 0 || draw >= options.draws)
        throw base::InputError(
            fmt::format("displacement {} of {}, {} to {} frames", draw, options.draws,
                        options.shortest_frames, options.longest_frames),
            "displacement control", "give at least one frame, and a range that ascends");
}

std::int64_t frames_of_draw(std::int64_t draw, const DisplacementOptions& options)
{
    if (options.draws < 2)
        return options.shortest_frames;
    const auto share = static_cast<double>(draw) / static_cast<double>(options.draws - 1);
    const auto low = std::log(static_cast<double>(options.shortest_frames));
    const auto high = std::log(static_cast<double>(options.longest_frames));
    return std::llround(std::exp(low + share * (high - low)));
}

/// Pairs of active neurons across the halves, as indices into the pairs of all neurons.
template <typename Visit>
void across_halves(const std::vector<std::int64_t>& displacement,
                   std::span<const std::int64_t> active, Visit visit)
{
    const auto neurons = static_cast<std::int64_t>(displacement.size());
    for (std::size_t a = 0; a < active.size(); ++a)
        for (auto b = a + 1; b < active.size(); ++b)
            if (displacement[at(active[a])] != displacement[at(active[b])])
                visit(at(base::pair_index(active[a], active[b], neurons)));
}

std::optional<EdgeTests> displaced_tests_of(const DisplacementInput& input,
                                            const std::vector<std::int64_t>& displacement,
                                            const DisplacementOptions& options, const Tick& tick)
{
    const auto moments = shift_moments_of(
        input.activity, input.circles, input.covariates,
        {.lags = options.lags, .precision = Precision::single, .displacement = displacement}, tick);
    if (!moments)
        return std::nullopt;
    if (moments->status != ShiftMomentStatus::ok)
        return finish_edge_tests(*moments, {}, options.tests);
    auto jitter = std::optional<EventJitter>{};
    if (input.events.neurons() > 0) {
        auto jitter_options = input.jitter;
        jitter_options.displacement = displacement;
        jitter = event_jitter_of(input.events, moments->active, input.segments, jitter_options);
    }
    auto tiles = std::vector<EdgeTile>{};
    for (const auto& tile : pair_tiles(moments->active_count())) {
        tiles.push_back(test_tile(*moments, jitter ? &*jitter : nullptr, tile, options.tests));
        if (!tick(0))
            return std::nullopt;
    }
    return finish_edge_tests(*moments, tiles, options.tests);
}

} // namespace

void add_to(DisplacementTally& sum, const DisplacementTally& part)
{
    sum.pairs += part.pairs;
    sum.draws += part.draws;
    for (std::size_t k = 0; k < displaced_tests; ++k) {
        sum.rejected[k] += part.rejected[k];
        sum.discovered[k] += part.discovered[k];
    }
}

std::vector<std::int64_t> displacement_of(std::int64_t draw, std::int64_t neurons,
                                          std::span<const std::int64_t> active,
                                          const DisplacementOptions& options,
                                          const DisplacementKey& key)
{
    check(options, draw);
    auto stream = base::Stream(key.seed, {base::key_of("displaced half"), key.subject, key.session,
                                          static_cast<std::uint64_t>(draw)});
    const auto order = base::permutation(stream, static_cast<std::int64_t>(active.size()));
    auto displacement = std::vector<std::int64_t>(at(neurons), 0);
    for (std::size_t k = 0; k < order.size() / 2; ++k)
        displacement[at(active[at(order[k])])] = frames_of_draw(draw, options);
    return displacement;
}

std::optional<DisplacementTally> run_displacement(const DisplacementInput& input, std::int64_t draw,
                                                  const DisplacementOptions& options,
                                                  const DisplacementKey& key, const Tick& tick)
{
    const auto displacement =
        displacement_of(draw, input.activity.neurons(), input.active, options, key);
    const auto tests = displaced_tests_of(input, displacement, options, tick);
    if (!tests)
        return std::nullopt;
    auto tally = DisplacementTally{};
    if (tests->tested == 0)
        return tally;
    const auto p =
        std::array{&tests->p_partial, &tests->p_marginal, &tests->p_fine, &tests->p_both};
    tally.draws = 1;
    across_halves(displacement, input.active, [&](std::size_t) { ++tally.pairs; });
    for (std::size_t k = 0; k < displaced_tests; ++k) {
        const auto q = stats::benjamini_hochberg(*p[k]);
        across_halves(displacement, input.active, [&](std::size_t pair) {
            tally.rejected[k] += (*p[k])[pair] <= options.level ? 1 : 0;
            tally.discovered[k] += q[pair] <= options.level ? 1 : 0;
        });
    }
    return tally;
}

std::optional<DisplacementTally> run_displaced_window(const DisplacementInput& input,
                                                      std::int64_t draw, std::int64_t window_frames,
                                                      const DisplacementOptions& options,
                                                      const DisplacementKey& key, const Tick& tick)
{
    auto jitter_options = input.jitter;
    jitter_options.window_frames = window_frames;
    jitter_options.displacement =
        displacement_of(draw, input.activity.neurons(), input.active, options, key);
    const auto jitter = event_jitter_of(input.events, input.active, input.segments, jitter_options);
    auto moved = std::vector<std::int64_t>{};
    for (const auto neuron : input.active)
        moved.push_back(jitter_options.displacement[at(neuron)]);
    constexpr auto fine = static_cast<std::size_t>(DisplacedTest::fine);
    auto tally = DisplacementTally{.draws = 1};
    for (const auto& tile : pair_tiles(jitter.rows)) {
        const auto p = fine_tails(jitter, tile);
        auto next = std::size_t{0};
        for (auto i = tile.rows.first; i < tile.rows.last; ++i)
            for (auto j = tile.diagonal() ? i + 1 : tile.columns.first; j < tile.columns.last;
                 ++j, ++next)
                if (moved[at(i)] != moved[at(j)]) {
                    ++tally.pairs;
                    tally.rejected[fine] += p[next] <= options.level ? 1 : 0;
                }
        if (!tick(0))
            return std::nullopt;
    }
    return tally;
}

std::vector<std::int64_t> shorter_windows(std::int64_t window_frames)
{
    auto windows = std::vector<std::int64_t>{};
    for (std::int64_t window = 2; window < window_frames; window *= 2)
        windows.push_back(window);
    return windows;
}

DisplacementControl finish_displacement(const DisplacementTally& tally) noexcept
{
    auto control = DisplacementControl{};
    const auto pairs = tally.pairs > 0 ? static_cast<double>(tally.pairs)
                                       : std::numeric_limits<double>::quiet_NaN();
    for (std::size_t k = 0; k < displaced_tests; ++k) {
        control.rate[k] = static_cast<double>(tally.rejected[k]) / pairs;
        control.discoveries[k] = static_cast<double>(tally.discovered[k]) / pairs;
    }
    return control;
}

} // namespace rewire::calcium
