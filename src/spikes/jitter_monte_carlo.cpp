#include "rewire/spikes/jitter_monte_carlo.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

namespace rewire::spikes {

namespace {

using base::at;

/// One surrogate of one unit.
struct Drawn
{
    Drawn(std::int64_t extent, std::int64_t max_lag) : bits({}, extent, max_lag) {}

    void put()
    {
        repeated.clear();
        for (const auto spike : spikes)
            if (!bits.put(spike))
                repeated.push_back(spike);
    }

    std::vector<std::int32_t> spikes;
    BitTrain bits;                      ///< of surrogates of both trains; else none
    std::vector<std::int32_t> repeated; ///< spikes in bins that had one, which bits cannot hold
};

/// A spike of one against a spike of the other, for lists of a few.
void add_few(std::span<const std::int32_t> first, std::span<const std::int32_t> second,
             std::int64_t max_lag, std::span<std::int32_t> count)
{
    for (const auto a : first)
        for (const auto b : second)
            if (std::abs(a - b) <= max_lag)
                ++count[at(a - b + max_lag)];
}

/// Surrogates of the units of a tile, and the observed bits where they are held.
class TileSurrogates
{
  public:
    TileSurrogates(const Jitterer& jitterer, const BinnedTrains& trains, const PairTile& tile,
                   const MonteCarloSettings& settings)
        : jitterer_(jitterer),
          trains_(trains),
          settings_(settings),
          drawn_(at(trains.units())),
          held_(at(trains.units()))
    {
        const auto extent = trains.timeline.extent();
        const auto held = settings.jittered == JitteredTrain::postsynaptic;
        for (const auto& range : {tile.first, tile.second})
            for (auto unit = range.first; unit < range.last; ++unit)
                if (!drawn_[at(unit)]) {
                    units_.push_back(unit);
                    drawn_[at(unit)].emplace(held ? 0 : extent, settings.max_lag);
                    if (held)
                        held_[at(unit)].emplace(trains.train(unit), extent, settings.max_lag);
                }
    }

    void draw(std::int64_t surrogate)
    {
        for (const auto unit : units_) {
            auto& drawn = *drawn_[at(unit)];
            const auto both = settings_.jittered == JitteredTrain::both;
            if (both)
                drawn.bits.clear(drawn.spikes);
            jitterer_.draw(unit, surrogate, drawn.spikes);
            if (both)
                drawn.put();
        }
    }

    void count(std::int64_t i, std::int64_t j, std::span<std::int32_t> count) const
    {
        std::fill(count.begin(), count.end(), 0);
        if (settings_.jittered == JitteredTrain::both)
            count_both(*drawn_[at(i)], *drawn_[at(j)], count);
        else
            count_postsynaptic(i, j, count);
    }

  private:
    void count_both(const Drawn& first, const Drawn& second, std::span<std::int32_t> count) const
    {
        // bits of the longer, list of the shorter; lags are reversed where the list is the first's
        const auto swap = first.spikes.size() < second.spikes.size();
        const auto& bits = swap ? second : first;
        const auto& list = swap ? first : second;
        add_counts_windows(bits.bits, list.spikes, count);
        if (!bits.repeated.empty()) {
            std::reverse(count.begin(), count.end());
            add_counts_windows(list.bits, bits.repeated, count);
            std::reverse(count.begin(), count.end());
            add_few(bits.repeated, list.repeated, settings_.max_lag, count);
        }
        if (swap)
            std::reverse(count.begin(), count.end());
    }

    /// Lags > 0: the first is postsynaptic. Lags <= 0: the second.
    void count_postsynaptic(std::int64_t i, std::int64_t j, std::span<std::int32_t> count) const
    {
        auto backward = std::vector<std::int32_t>(count.size(), 0);
        add_counts_windows(*held_[at(j)], drawn_[at(i)]->spikes, backward);
        std::reverse(backward.begin(), backward.end());
        add_counts_windows(*held_[at(i)], drawn_[at(j)]->spikes, count);
        const auto after = settings_.max_lag + 1;
        std::copy(backward.begin() + after, backward.end(), count.begin() + after);
    }

    const Jitterer& jitterer_;
    const BinnedTrains& trains_;
    MonteCarloSettings settings_;
    std::vector<std::int64_t> units_;
    std::vector<std::optional<Drawn>> drawn_;
    std::vector<std::optional<BitTrain>> held_;
};

struct LargestZ
{
    std::array<double, 2> peak{-1e300, -1e300};
    std::array<double, 2> trough{-1e300, -1e300};
};

LargestZ largest_z(const MonteCarloSettings& settings, std::span<const std::int32_t> count,
                   std::span<const double> expected)
{
    auto result = LargestZ{};
    for (std::size_t direction = 0; direction < 2; ++direction)
        for (auto lag = settings.first_tested_lag; lag <= settings.last_tested_lag; ++lag) {
            const auto k = at(settings.max_lag + (direction == 0 ? -lag : lag));
            if (!(expected[k] > 0))
                continue;
            const auto z = (count[k] - expected[k]) / std::sqrt(expected[k]);
            result.peak[direction] = std::max(result.peak[direction], z);
            result.trough[direction] = std::max(result.trough[direction], -z);
        }
    return result;
}

/// The value that is passed where b of n are at least as large and (b + 1) / (n + 1) <= level.
double limit_of(std::vector<double>& drawn, double level)
{
    constexpr auto rounding = 1e-9;
    const auto allowed = static_cast<std::int64_t>(
        std::floor(level * static_cast<double>(drawn.size() + 1) + rounding));
    if (allowed < 1)
        return std::numeric_limits<double>::infinity();
    const auto place = drawn.begin() + (allowed - 1);
    std::nth_element(drawn.begin(), place, drawn.end(), std::greater<>{});
    return *place;
}

MonteCarloTally empty_tally(std::int64_t pairs, std::int64_t lags, bool rule)
{
    auto result = MonteCarloTally{};
    result.sum.assign(at(pairs * lags), 0);
    result.sum_squares = result.sum;
    result.at_least.assign(at(pairs * lags), 0);
    result.at_most = result.at_least;
    result.peak_at_least.assign(at(2 * pairs), 0);
    result.trough_at_least = result.peak_at_least;
    result.rule_peak.assign(at(rule ? pairs : 0), 0);
    result.rule_trough = result.rule_peak;
    return result;
}

/// What one surrogate of one pair adds.
void add_surrogate(MonteCarloTally& tally, std::int64_t pair, const MonteCarloSettings& settings,
                   std::span<const std::int32_t> surrogate, std::span<const std::int32_t> observed,
                   std::span<const double> expected, const LargestZ& observed_z)
{
    const auto lags = std::ssize(surrogate);
    for (std::int64_t k = 0; k < lags; ++k) {
        const auto value = std::int64_t{surrogate[at(k)]};
        const auto to = at(pair * lags + k);
        tally.sum[to] += value;
        tally.sum_squares[to] += value * value;
        tally.at_least[to] += value >= observed[at(k)];
        tally.at_most[to] += value <= observed[at(k)];
    }
    const auto z = largest_z(settings, surrogate, expected);
    for (std::size_t direction = 0; direction < 2; ++direction) {
        const auto to = at(2 * pair) + direction;
        tally.peak_at_least[to] += z.peak[direction] >= observed_z.peak[direction];
        tally.trough_at_least[to] += z.trough[direction] >= observed_z.trough[direction];
    }
    if (settings.rule) {
        auto corrected = std::vector<double>(at(lags));
        for (std::int64_t k = 0; k < lags; ++k)
            corrected[at(k)] = (surrogate[at(k)] - expected[at(k)]) / settings.overlap_s[at(k)];
        const auto called = connection_call(corrected, *settings.rule).significant;
        tally.rule_peak[at(pair)] += called > 0;
        tally.rule_trough[at(pair)] += called < 0;
    }
}

} // namespace

void add_to(MonteCarloTally& sum, const MonteCarloTally& part)
{
    const auto add = [](auto& to, const auto& from) {
        if (to.empty())
            to = from;
        else
            for (std::size_t k = 0; k < to.size(); ++k)
                to[k] += from[k];
    };
    sum.surrogates += part.surrogates;
    add(sum.sum, part.sum);
    add(sum.sum_squares, part.sum_squares);
    add(sum.at_least, part.at_least);
    add(sum.at_most, part.at_most);
    add(sum.peak_at_least, part.peak_at_least);
    add(sum.trough_at_least, part.trough_at_least);
    add(sum.rule_peak, part.rule_peak);
    add(sum.rule_trough, part.rule_trough);
}

std::optional<MonteCarloTally> run_jitter_block(const Jitterer& jitterer,
                                                const BinnedTrains& trains, const PairTile& tile,
                                                base::Range block,
                                                const MonteCarloSettings& settings,
                                                std::span<const std::int32_t> count,
                                                std::span<const double> expected, const Tick& tick)
{
    const auto lags = lag_count(settings.max_lag);
    if (settings.last_tested_lag > settings.max_lag || std::ssize(count) != tile.pairs() * lags ||
        count.size() != expected.size() ||
        (settings.rule && std::ssize(settings.overlap_s) != lags))
        throw base::UsageError("counts, expectations and lags of the surrogates do not fit",
                               "Monte Carlo surrogates", "count the lags of the settings");
    auto observed_z = std::vector<LargestZ>{};
    for (std::int64_t pair = 0; pair < tile.pairs(); ++pair)
        observed_z.push_back(largest_z(settings, count.subspan(at(pair * lags), at(lags)),
                                       expected.subspan(at(pair * lags), at(lags))));
    auto tally = empty_tally(tile.pairs(), lags, settings.rule.has_value());
    auto surrogates = TileSurrogates(jitterer, trains, tile, settings);
    auto one = std::vector<std::int32_t>(at(lags));
    for (auto surrogate = block.first; surrogate < block.last; ++surrogate) {
        surrogates.draw(surrogate);
        for_each_pair(tile, [&](auto i, auto j, auto pair) {
            const auto from = at(pair * lags);
            surrogates.count(i, j, one);
            add_surrogate(tally, pair, settings, one, count.subspan(from, at(lags)),
                          expected.subspan(from, at(lags)), observed_z[at(pair)]);
        });
        ++tally.surrogates;
        if (!tick(1))
            return std::nullopt;
    }
    return tally;
}

DeviationBand deviation_band(const Jitterer& jitterer, const BinnedTrains& trains, std::int64_t i,
                             std::int64_t j, std::int64_t surrogates,
                             const MonteCarloSettings& settings, std::span<const double> expected,
                             double level)
{
    const auto lags = lag_count(settings.max_lag);
    if (settings.last_tested_lag > settings.max_lag || std::ssize(expected) != lags)
        throw base::UsageError("expectations and lags of the surrogates do not fit",
                               "band of surrogates", "expect the lags of the settings");
    auto drawn = TileSurrogates(jitterer, trains, {{i, i + 1}, {j, j + 1}}, settings);
    auto peak = std::array<std::vector<double>, 2>{};
    auto trough = std::array<std::vector<double>, 2>{};
    auto count = std::vector<std::int32_t>(at(lags));
    for (std::int64_t surrogate = 0; surrogate < surrogates; ++surrogate) {
        drawn.draw(surrogate);
        drawn.count(i, j, count);
        const auto z = largest_z(settings, count, expected);
        for (std::size_t direction = 0; direction < 2; ++direction) {
            peak[direction].push_back(z.peak[direction]);
            trough[direction].push_back(z.trough[direction]);
        }
    }
    auto band = DeviationBand{};
    for (std::size_t direction = 0; direction < 2; ++direction) {
        band.peak[direction] = limit_of(peak[direction], level);
        band.trough[direction] = limit_of(trough[direction], level);
    }
    return band;
}

} // namespace rewire::spikes
