#include "rewire/spikes/glmcc.hpp"

#include "glmcc_parts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::spikes {

namespace {

constexpr auto excitatory_mv = 2.532; // of a unit of J, fitted by Kobayashi et al. to their network
constexpr auto inhibitory_mv = 0.612;
constexpr auto least_chance = 10.0;
constexpr auto fitted_together = std::size_t{64};    // of a tile; their fits share vectors
constexpr auto least_twice_likelihood_ratio = 15.14; // chi square of one degree at 1e-4

/// Mean background in four bins from the delay on, events per ms.
double background_after_delay(const GlmccFit& fit, std::size_t side, bool published)
{
    const auto first =
        side == 1 ? glmcc_half + fit.delay_ms : glmcc_half - 4 - fit.delay_ms + (published ? 1 : 0);
    auto sum = 0.0;
    for (auto k = first; k < first + 4; ++k)
        sum += std::exp(fit.log_background[static_cast<std::size_t>(k)]);
    return sum / 4;
}

GlmccDirection direction_of(const GlmccFit& fit, std::size_t side, double likelihood_ratio,
                            const GlmccSettings& settings)
{
    auto result = GlmccDirection{fit.coupling[side]};
    result.chance =
        settings.tau_ms * background_after_delay(fit, side, settings.window_of_published_code);
    result.likelihood_ratio = likelihood_ratio;
    if (!(result.chance > least_chance)) {
        result.threshold = std::numeric_limits<double>::infinity();
        return result;
    }
    result.coupling = result.fitted_coupling;
    result.threshold = 1.277 * std::sqrt(16.3 / result.chance);
    result.significant = settings.mode == GlmccMode::likelihood_ratio
                             ? 2 * result.likelihood_ratio > least_twice_likelihood_ratio
                             : std::abs(result.coupling) > result.threshold;
    if (result.significant)
        result.weight_mv = result.coupling * (result.coupling > 0 ? excitatory_mv : inhibitory_mv);
    return result;
}

GlmccPair without_events(const GlmccSettings& settings)
{
    auto result = GlmccPair{};
    result.fit.delay_ms = settings.first_delay_ms;
    result.fit.log_background.fill(-std::numeric_limits<double>::infinity());
    result.fit.converged = true;
    result.forward.threshold = result.backward.threshold = std::numeric_limits<double>::infinity();
    return result;
}

/// Fits of the delays asked for, of the pairs `fitted`; leaves the best in `result`.
void fit_delays(std::span<const GlmccEvents> events, const std::vector<std::size_t>& fitted,
                const GlmccSettings& settings, std::vector<GlmccPair>& result)
{
    const auto score = [&](const GlmccFit& fit) {
        return settings.mode == GlmccMode::glm ? fit.log_posterior : fit.log_likelihood;
    };
    auto last = std::vector<GlmccFit>(fitted.size());
    for (auto delay = settings.first_delay_ms; delay <= settings.last_delay_ms; ++delay) {
        const auto first = delay == settings.first_delay_ms;
        auto tasks = std::vector<GlmccTask>{};
        for (std::size_t k = 0; k < fitted.size(); ++k)
            tasks.push_back({.events = &events[fitted[k]],
                             .start = first ? nullptr : &last[k],
                             .result = &last[k]});
        fit_glmcc_lanes(tasks, delay, settings.stiffness, settings.tau_ms);
        for (std::size_t k = 0; k < fitted.size(); ++k)
            if (auto& best = result[fitted[k]].fit; first || score(last[k]) > score(best))
                best = last[k];
    }
}

/// [pair][side] D = LL - LL without that coupling, same delay; 0 where the settings do not ask.
std::vector<std::array<double, 2>> likelihood_ratios(std::span<const GlmccEvents> events,
                                                     const std::vector<std::size_t>& fitted,
                                                     const GlmccSettings& settings,
                                                     const std::vector<GlmccPair>& pairs)
{
    auto result = std::vector<std::array<double, 2>>(events.size());
    if (settings.mode != GlmccMode::likelihood_ratio && !settings.with_likelihood_ratio)
        return result;
    auto without = std::vector<std::array<GlmccFit, 2>>(events.size());
    for (auto delay = settings.first_delay_ms; delay <= settings.last_delay_ms; ++delay) {
        auto tasks = std::vector<GlmccTask>{};
        for (const auto pair : fitted)
            for (std::size_t side = 0; side < 2; ++side)
                if (pairs[pair].fit.delay_ms == delay)
                    tasks.push_back({.events = &events[pair],
                                     .start = &pairs[pair].fit,
                                     .without = static_cast<int>(side),
                                     .result = &without[pair][side]});
        fit_glmcc_lanes(tasks, delay, settings.stiffness, settings.tau_ms);
    }
    for (const auto pair : fitted)
        for (std::size_t side = 0; side < 2; ++side)
            result[pair][side] =
                pairs[pair].fit.log_likelihood - without[pair][side].log_likelihood;
    return result;
}

std::vector<TrainByTime> trains_by_time(const SpikeTrainsView& trains, const base::Range& units)
{
    auto result = std::vector<TrainByTime>{};
    for (auto unit = units.first; unit < units.last; ++unit)
        result.emplace_back(trains.train(unit));
    return result;
}

} // namespace

GlmccSettings GlmccSettings::with(GlmccMode mode, bool search_delay)
{
    auto result = GlmccSettings{mode, mode == GlmccMode::glm ? 4000.0 : 10000.0};
    if (search_delay) {
        result.first_delay_ms = 1;
        result.last_delay_ms = 4;
    }
    return result;
}

std::vector<GlmccPair> glmcc_pairs(std::span<const GlmccEvents> events,
                                   const GlmccSettings& settings)
{
    auto result = std::vector<GlmccPair>{};
    auto fitted = std::vector<std::size_t>{};
    for (const auto& one : events) {
        if (one.events > 0)
            fitted.push_back(result.size());
        result.push_back(without_events(settings));
        result.back().events = one.events;
    }
    fit_delays(events, fitted, settings, result);
    const auto ratio = likelihood_ratios(events, fitted, settings, result);
    for (const auto pair : fitted) {
        auto& one = result[pair];
        one.forward = direction_of(one.fit, 0, ratio[pair][0], settings);
        one.backward = direction_of(one.fit, 1, ratio[pair][1], settings);
        const auto [low, high] =
            std::minmax_element(one.fit.log_background.begin(), one.fit.log_background.end());
        one.background_ratio = std::exp(*high - *low);
    }
    return result;
}

GlmccPair glmcc_pair(const GlmccEvents& events, const GlmccSettings& settings)
{
    return glmcc_pairs({&events, 1}, settings).front();
}

std::optional<std::vector<GlmccPair>> glmcc_tile(const SpikeTrainsView& trains,
                                                 const PairTile& tile,
                                                 const GlmccSettings& settings, const Tick& tick)
{
    const auto rows = trains_by_time(trains, tile.first);
    const auto others = tile.first == tile.second ? std::vector<TrainByTime>{}
                                                  : trains_by_time(trains, tile.second);
    const auto& columns = tile.first == tile.second ? rows : others;
    auto result = std::vector<GlmccPair>{};
    result.reserve(static_cast<std::size_t>(tile.pairs()));
    auto events = std::vector<GlmccEvents>{};
    const auto fit = [&] {
        for (auto& pair : glmcc_pairs(events, settings))
            result.push_back(pair);
        events.clear();
    };
    auto stopped = false;
    for_each_pair(tile, [&](auto i, auto j, auto) {
        if (stopped)
            return;
        events.push_back(glmcc_events(columns[static_cast<std::size_t>(j - tile.second.first)],
                                      rows[static_cast<std::size_t>(i - tile.first.first)],
                                      settings.tau_ms));
        if (events.size() == fitted_together)
            fit();
        stopped = !tick(1);
    });
    if (stopped)
        return std::nullopt;
    fit();
    return result;
}

} // namespace rewire::spikes
