#include "rewire/calcium/edge_tests.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>
#include <rewire/base/nan.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/stats/median.hpp>
#include <rewire/stats/multiple_testing.hpp>
#include <rewire/stats/pearson3.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace rewire::calcium {

namespace {

using base::nan;

using base::at;

/// Calls visit(i, j, place in the tile) for the tile's pairs of active neurons.
template <typename Visit>
void for_pairs(const PairTile& tile, Visit visit)
{
    for (auto i = tile.rows.first; i < tile.rows.last; ++i)
        for (auto j = tile.diagonal() ? i + 1 : tile.columns.first; j < tile.columns.last; ++j)
            visit(i, j, at((i - tile.rows.first) * tile.columns.size() + j - tile.columns.first));
}

/// Both tails with their logarithms.
struct Tails
{
    double upper = nan;
    double log10_upper = nan;
    double lower = nan;
    double log10_lower = nan;
};

/// The logarithm is only computed anew where the tail is about to underflow.
Tails tails_of(double score, double skewness, bool two_sided)
{
    constexpr auto small = 1e-280;
    const auto upper = stats::pearson3_upper_tail(score, skewness);
    auto tails =
        Tails{.upper = upper,
              .log10_upper = upper > small ? std::log10(upper)
                                           : stats::log10_pearson3_upper_tail(score, skewness)};
    if (!two_sided)
        return tails;
    tails.lower = stats::pearson3_lower_tail(score, skewness);
    tails.log10_lower = tails.lower > small ? std::log10(tails.lower)
                                            : stats::log10_pearson3_lower_tail(score, skewness);
    return tails;
}

Tails larger_of(const Tails& a, const Tails& b)
{
    return {.upper = std::max(a.upper, b.upper),
            .log10_upper = std::max(a.log10_upper, b.log10_upper),
            .lower = std::max(a.lower, b.lower),
            .log10_lower = std::max(a.log10_lower, b.log10_lower)};
}

/// Both sides in one.
Tails folded(const Tails& tails)
{
    return {.upper = std::min(1.0, 2 * std::min(tails.upper, tails.lower)),
            .log10_upper =
                std::min(0.0, std::min(tails.log10_upper, tails.log10_lower) + std::log10(2.0))};
}

Tails jitter_tails(double coincidence, const JitterMoments& moments, std::size_t place,
                   bool two_sided)
{
    const auto variance = moments.variance[place];
    if (!(variance > 0))
        return {.upper = 1, .log10_upper = 0, .lower = 1, .log10_lower = 0};
    const auto sd = std::sqrt(variance);
    return tails_of((coincidence - moments.expected[place]) / sd,
                    moments.third_moment[place] / (variance * sd), two_sided);
}

/// The larger of the two directions.
Tails fine_tails_of(const TileJitter& jitter, std::size_t place, bool two_sided)
{
    const auto coincidence = jitter.coincidence[place];
    return larger_of(jitter_tails(coincidence, jitter.columns_jittered, place, two_sided),
                     jitter_tails(coincidence, jitter.rows_jittered, place, two_sided));
}

/// One tile at work.
class TileTest
{
  public:
    TileTest(const ShiftMoments& moments, const EventJitter* jitter, const PairTile& tile,
             const EdgeTestOptions& options)
        : moments_(moments),
          folded_(options.folded),
          two_sided_(options.two_sided || options.folded),
          by_jitter_(options.support == Support::jitter),
          shift_(tile_moments(moments, tile)),
          jitter_(jitter == nullptr ? TileJitter{} : tile_jitter(*jitter, tile)),
          with_jitter_(jitter != nullptr)
    {
        result_.tile = tile;
    }

    EdgeTile run()
    {
        for_pairs(result_.tile, [&](std::int64_t i, std::int64_t j, std::size_t place) {
            const auto pair = at(base::pair_index(i, j, moments_.active_count()));
            const auto partial = test_partial(i, j, pair, place);
            const auto marginal = test_marginal(pair, place);
            const auto fine = test_fine(place);
            const auto each = larger_of(partial, by_jitter_ ? fine : marginal);
            const auto both = folded_ ? folded(each) : each;
            result_.p_partial.push_back(p_of(partial));
            result_.p_marginal.push_back(p_of(marginal));
            result_.p_fine.push_back(p_of(fine));
            result_.p_both.push_back(both.upper);
            result_.log10_p_both.push_back(both.log10_upper);
            if (two_sided_ && !folded_) {
                result_.p_both_negative.push_back(both.lower);
                result_.log10_p_both_negative.push_back(both.log10_lower);
            }
        });
        return std::move(result_);
    }

  private:
    double p_of(const Tails& tails) const { return folded_ ? folded(tails).upper : tails.upper; }

    Tails test_partial(std::int64_t i, std::int64_t j, std::size_t pair, std::size_t place)
    {
        const auto left = (1 - moments_.refit_share[at(i)]) * (1 - moments_.refit_share[at(j)]);
        const auto sd = std::sqrt(shift_.variance[place]) / std::pow(left, 0.25);
        const auto skewness = shift_.skewness[place] * std::pow(left, -0.75);
        result_.variance_sum += shift_.variance[place];
        result_.null_sd.push_back(sd);
        result_.skewness.push_back(skewness);
        return tails_of(moments_.partial[pair] / sd, skewness, two_sided_);
    }

    Tails test_marginal(std::size_t pair, std::size_t place)
    {
        const auto score = moments_.correlation[pair] / std::sqrt(shift_.variance_marginal[place]);
        const auto skewness = shift_.skewness_marginal[place];
        result_.drive.push_back(score + skewness / 6);
        return tails_of(score, skewness, two_sided_);
    }

    Tails test_fine(std::size_t place) const
    {
        return with_jitter_ ? fine_tails_of(jitter_, place, two_sided_) : Tails{};
    }

    const ShiftMoments& moments_;
    bool folded_;
    bool two_sided_;
    bool by_jitter_;
    TileMoments shift_;
    TileJitter jitter_;
    bool with_jitter_;
    EdgeTile result_;
};

/// Places the tiles' values into vectors over all neurons.
class Assembly
{
  public:
    explicit Assembly(const ShiftMoments& moments)
        : moments_(moments), pairs_(at(base::pair_count(moments.neurons)))
    {
    }

    std::vector<double> all(std::span<const EdgeTile> tiles,
                            std::vector<double> EdgeTile::*member) const
    {
        auto out = std::vector<double>(pairs_, nan);
        for (const auto& tile : tiles)
            place(
                tile, tile.*member,
                [&](std::int64_t i, std::int64_t j) {
                    return base::pair_index(moments_.active[at(i)], moments_.active[at(j)],
                                            moments_.neurons);
                },
                out);
        return out;
    }

    std::vector<double> active(std::span<const EdgeTile> tiles,
                               std::vector<double> EdgeTile::*member) const
    {
        auto out = std::vector<double>(at(moments_.active_pairs()), nan);
        for (const auto& tile : tiles)
            place(
                tile, tile.*member,
                [&](std::int64_t i, std::int64_t j) {
                    return base::pair_index(i, j, moments_.active_count());
                },
                out);
        return out;
    }

  private:
    template <typename Index>
    static void place(const EdgeTile& tile, const std::vector<double>& values, Index index,
                      std::vector<double>& out)
    {
        auto next = std::size_t{0};
        for_pairs(tile.tile, [&](std::int64_t i, std::int64_t j, std::size_t) {
            out[at(index(i, j))] = values[next++];
        });
    }

    const ShiftMoments& moments_;
    std::size_t pairs_;
};

/// p, its logarithm and the sign, of the tail that is the smaller.
void make_two_sided(EdgeTests& tests, const std::vector<double>& log10_negative)
{
    tests.sign.assign(tests.p_both.size(), 0);
    for (std::size_t pair = 0; pair < tests.p_both.size(); ++pair) {
        if (std::isnan(tests.p_both[pair]))
            continue;
        const auto negative = log10_negative[pair] < tests.log10_p_both[pair];
        const auto smaller = negative ? log10_negative[pair] : tests.log10_p_both[pair];
        tests.sign[pair] = static_cast<std::int8_t>(negative ? -1 : 1);
        tests.p_both[pair] =
            std::min(1.0, 2 * std::min(tests.p_both[pair], tests.p_both_negative[pair]));
        tests.log10_p_both[pair] = std::min(0.0, smaller + std::log10(2.0));
    }
}

void judge_frames(const ShiftMoments& moments, std::span<const EdgeTile> tiles, EdgeTests& tests)
{
    auto in_order = std::vector<const EdgeTile*>{};
    for (const auto& tile : tiles)
        in_order.push_back(&tile);
    std::sort(in_order.begin(), in_order.end(), [](const EdgeTile* a, const EdgeTile* b) {
        return std::pair(a->tile.rows.first, a->tile.columns.first) <
               std::pair(b->tile.rows.first, b->tile.columns.first);
    });
    auto sum = 0.0;
    for (const auto* tile : in_order)
        sum += tile->variance_sum;
    tests.effective_frames = static_cast<double>(tests.tested) / sum;
    tests.neurons_per_frame = static_cast<double>(moments.active_count()) / tests.effective_frames;
    tests.enough = tests.neurons_per_frame > most_neurons_per_frame   ? EffectiveFrames::too_few
                   : tests.neurons_per_frame > warn_neurons_per_frame ? EffectiveFrames::few
                                                                      : EffectiveFrames::enough;
}

EdgeTests no_tests(const ShiftMoments& moments, const EdgeTestOptions& options)
{
    const auto pairs = at(base::pair_count(moments.neurons));
    auto tests = EdgeTests{};
    for (auto* values :
         {&tests.partial_correlation, &tests.p_partial, &tests.p_marginal, &tests.p_fine,
          &tests.p_both, &tests.log10_p_both, &tests.q_both, &tests.p_holm})
        values->assign(pairs, nan);
    if (options.two_sided) {
        tests.p_both_negative.assign(pairs, nan);
        tests.sign.assign(pairs, 0);
    }
    tests.supported.assign(pairs, 0);
    tests.effective_frames = tests.neurons_per_frame = tests.drive = nan;
    tests.enough = EffectiveFrames::too_few;
    return tests;
}

} // namespace

EdgeTile test_tile(const ShiftMoments& moments, const EventJitter* jitter, const PairTile& tile,
                   const EdgeTestOptions& options)
{
    if (options.support == Support::jitter && jitter == nullptr)
        throw base::InputError("support by jitter needs events", "edge tests",
                               "give the events before smoothing, or take support by shifts");
    if (jitter != nullptr && jitter->rows != moments.active_count())
        throw base::InputError(fmt::format("events of {} neurons, moments of {}", jitter->rows,
                                           moments.active_count()),
                               "edge tests", "take the events of the active neurons");
    return TileTest(moments, jitter, tile, options).run();
}

std::vector<double> fine_tails(const EventJitter& jitter, const PairTile& tile, bool both_sides)
{
    const auto moments = tile_jitter(jitter, tile);
    auto p = std::vector<double>{};
    for_pairs(tile, [&](std::int64_t, std::int64_t, std::size_t place) {
        const auto tails = fine_tails_of(moments, place, both_sides);
        p.push_back((both_sides ? folded(tails) : tails).upper);
    });
    return p;
}

EdgeTests finish_edge_tests(const ShiftMoments& moments, std::span<const EdgeTile> tiles,
                            const EdgeTestOptions& options)
{
    auto tests = no_tests(moments, options);
    if (moments.status != ShiftMomentStatus::ok)
        return tests;
    const auto assembly = Assembly(moments);
    tests.tested = moments.active_pairs();
    auto pair = std::size_t{0};
    for (std::int64_t i = 0; i < moments.active_count(); ++i)
        for (auto j = i + 1; j < moments.active_count(); ++j, ++pair)
            tests.partial_correlation[at(
                base::pair_index(moments.active[at(i)], moments.active[at(j)], moments.neurons))] =
                moments.partial[pair];
    tests.p_partial = assembly.all(tiles, &EdgeTile::p_partial);
    tests.p_marginal = assembly.all(tiles, &EdgeTile::p_marginal);
    tests.p_fine = assembly.all(tiles, &EdgeTile::p_fine);
    tests.p_both = assembly.all(tiles, &EdgeTile::p_both);
    tests.log10_p_both = assembly.all(tiles, &EdgeTile::log10_p_both);
    if (options.two_sided) {
        tests.p_both_negative = assembly.all(tiles, &EdgeTile::p_both_negative);
        make_two_sided(tests, assembly.all(tiles, &EdgeTile::log10_p_both_negative));
    }
    auto adjusted = stats::adjusted(tests.p_both);
    tests.q_both = std::move(adjusted.q_value);
    tests.p_holm = std::move(adjusted.holm);
    for (std::size_t k = 0; k < tests.q_both.size(); ++k) {
        tests.supported[k] = tests.q_both[k] <= options.level ? 1 : 0;
        tests.supported_count += tests.supported[k];
    }
    tests.null_sd = assembly.active(tiles, &EdgeTile::null_sd);
    tests.skewness = assembly.active(tiles, &EdgeTile::skewness);
    tests.drive = stats::median(assembly.active(tiles, &EdgeTile::drive));
    judge_frames(moments, tiles, tests);
    return tests;
}

double noise_edges(const EdgeTests& tests, double threshold)
{
    auto sum = 0.0;
    for (std::size_t pair = 0; pair < tests.null_sd.size(); ++pair)
        sum += stats::pearson3_upper_tail(threshold / tests.null_sd[pair], tests.skewness[pair]);
    return sum;
}

double largest_active_share(const activity::ActivityView& events,
                            std::span<const std::int64_t> neurons,
                            std::span<const base::Range> segments)
{
    auto count = std::vector<std::int64_t>(at(events.frames), 0);
    for (const auto neuron : neurons)
        for (const auto frame : events.frames_of(neuron))
            ++count[at(frame)];
    auto most = std::int64_t{0};
    for (const auto& segment : segments)
        for (auto frame = segment.first; frame < segment.last; ++frame)
            most = std::max(most, count[at(frame)]);
    return neurons.empty() ? 0 : static_cast<double>(most) / static_cast<double>(neurons.size());
}

} // namespace rewire::calcium
