#include "rewire/calcium/displacement.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

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

/// q <= level of Benjamini and Hochberg over `family` p-values, of which only those at or below the
/// level are here: the others cannot bring a q down to it.
std::int64_t discoveries_of(std::vector<std::pair<double, std::uint8_t>> small, std::int64_t family,
                            double level)
{
    std::sort(small.begin(), small.end());
    auto rank = small.size();
    while (
        rank > 0 &&
        !(small[rank - 1].first * static_cast<double>(family) / static_cast<double>(rank) <= level))
        --rank;
    auto count = std::int64_t{0};
    for (std::size_t k = 0; k < rank; ++k)
        count += small[k].second;
    return count;
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

DisplacementReach displacement_reach(std::span<const std::int64_t> length,
                                     const DisplacementOptions& options) noexcept
{
    auto frames = 0.0;
    auto reach = DisplacementReach{};
    const auto longest = frames_of_draw(options.draws - 1, options);
    for (const auto stretch : length) {
        const auto weight = static_cast<double>(stretch);
        frames += weight;
        reach.shortest_frames +=
            weight * static_cast<double>(displaced_by(options.shortest_frames, stretch));
        reach.longest_frames += weight * static_cast<double>(displaced_by(longest, stretch));
        reach.cut_share += stretch < 2 * options.shortest_frames ? weight : 0;
    }
    if (frames == 0)
        return {};
    return {reach.shortest_frames / frames, reach.longest_frames / frames,
            reach.cut_share / frames};
}

EdgeTestOptions displaced_test_options(const DisplacementOptions& options)
{
    auto tests = options.tests;
    tests.folded = tests.two_sided;
    return tests;
}

DisplacedTile displaced_tile(const EdgeTile& tile, std::span<const std::int64_t> displacement,
                             std::span<const std::int64_t> active,
                             const DisplacementOptions& options)
{
    const auto p = std::array{&tile.p_partial, &tile.p_marginal, &tile.p_fine, &tile.p_both};
    const auto& where = tile.tile;
    auto result = DisplacedTile{.tested = where.pairs()};
    auto next = std::size_t{0};
    for (auto i = where.rows.first; i < where.rows.last; ++i)
        for (auto j = where.diagonal() ? i + 1 : where.columns.first; j < where.columns.last;
             ++j, ++next) {
            const auto across = displacement[at(active[at(i)])] != displacement[at(active[at(j)])];
            result.pairs += across ? 1 : 0;
            for (std::size_t k = 0; k < displaced_tests; ++k) {
                const auto value = (*p[k])[next];
                if (!(value <= options.level))
                    continue;
                result.rejected[k] += across ? 1 : 0;
                result.small_p[k].push_back(value);
                result.across[k].push_back(across ? 1 : 0);
            }
        }
    return result;
}

DisplacementTally tally_of(std::span<const DisplacedTile> tiles, const DisplacementOptions& options)
{
    auto tally = DisplacementTally{};
    auto tested = std::int64_t{0};
    for (const auto& tile : tiles) {
        tested += tile.tested;
        tally.pairs += tile.pairs;
        for (std::size_t k = 0; k < displaced_tests; ++k)
            tally.rejected[k] += tile.rejected[k];
    }
    tally.draws = tested > 0 ? 1 : 0;
    for (std::size_t k = 0; k < displaced_tests; ++k) {
        auto small = std::vector<std::pair<double, std::uint8_t>>{};
        for (const auto& tile : tiles)
            for (std::size_t e = 0; e < tile.small_p[k].size(); ++e)
                small.emplace_back(tile.small_p[k][e], tile.across[k][e]);
        tally.discovered[k] = discoveries_of(std::move(small), tested, options.level);
    }
    return tally;
}

ShiftMomentOptions displaced_moment_options(std::vector<std::int64_t> displacement,
                                            const DisplacementOptions& options)
{
    return {.lags = options.lags,
            .precision = Precision::single,
            .displacement = std::move(displacement)};
}

std::optional<DisplacementTally> run_displacement(const DisplacementInput& input, std::int64_t draw,
                                                  const DisplacementOptions& options,
                                                  const DisplacementKey& key, const Tick& tick)
{
    const auto displacement =
        displacement_of(draw, input.activity.neurons(), input.active, options, key);
    const auto moments = shift_moments_of(input.activity, input.circles, input.covariates,
                                          displaced_moment_options(displacement, options), tick);
    if (!moments)
        return std::nullopt;
    if (moments->status != ShiftMomentStatus::ok)
        return DisplacementTally{};
    auto jitter = std::optional<EventJitter>{};
    if (input.events.neurons() > 0) {
        auto jitter_options = input.jitter;
        jitter_options.displacement = displacement;
        jitter = event_jitter_of(input.events, moments->active, input.segments, jitter_options);
    }
    auto tiles = std::vector<DisplacedTile>{};
    for (const auto& tile : pair_tiles(moments->active_count())) {
        const auto tested =
            test_tile(*moments, jitter ? &*jitter : nullptr, tile, displaced_test_options(options));
        tiles.push_back(displaced_tile(tested, displacement, moments->active, options));
        if (!tick(0))
            return std::nullopt;
    }
    return tally_of(tiles, options);
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
        const auto p = fine_tails(jitter, tile, options.tests.two_sided);
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
    for (auto window = least_window_frames; window < window_frames; window *= 2)
        windows.push_back(window);
    return windows;
}

double highest_rate_by_chance(double level, std::int64_t pairs) noexcept
{
    constexpr auto errors = 3.0;
    return level + errors * std::sqrt(level * (1 - level) / static_cast<double>(pairs));
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
