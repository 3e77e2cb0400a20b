#include "rewire/spikes/glmcc.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rewire::spikes {

namespace {

constexpr auto excitatory_mv = 2.532; // of a unit of J, fitted by Kobayashi et al. to their network
constexpr auto inhibitory_mv = 0.612;
constexpr auto least_chance = 10.0;
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

GlmccDirection direction_of(const GlmccEvents& events, const GlmccFit& fit, std::size_t side,
                            const GlmccSettings& settings)
{
    auto result = GlmccDirection{fit.coupling[side]};
    result.chance =
        settings.tau_ms * background_after_delay(fit, side, settings.window_of_published_code);
    if (settings.mode == GlmccMode::likelihood_ratio) {
        const auto without = fit_glmcc(events, fit.delay_ms, settings.stiffness, settings.tau_ms,
                                       &fit, static_cast<int>(side));
        result.likelihood_ratio = fit.log_likelihood - without.log_likelihood;
    }
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

GlmccPair glmcc_pair(const GlmccEvents& events, const GlmccSettings& settings)
{
    auto result = GlmccPair{};
    result.fit.delay_ms = settings.first_delay_ms;
    if (events.events == 0) {
        result.fit.log_background.fill(-std::numeric_limits<double>::infinity());
        result.fit.converged = true;
        result.forward.threshold = result.backward.threshold =
            std::numeric_limits<double>::infinity();
        return result;
    }
    const auto score = [&](const GlmccFit& fit) {
        return settings.mode == GlmccMode::glm ? fit.log_posterior : fit.log_likelihood;
    };
    auto last = GlmccFit{};
    for (auto delay = settings.first_delay_ms; delay <= settings.last_delay_ms; ++delay) {
        const auto first = delay == settings.first_delay_ms;
        last =
            fit_glmcc(events, delay, settings.stiffness, settings.tau_ms, first ? nullptr : &last);
        if (first || score(last) > score(result.fit))
            result.fit = last;
    }
    result.forward = direction_of(events, result.fit, 0, settings);
    result.backward = direction_of(events, result.fit, 1, settings);
    const auto [low, high] =
        std::minmax_element(result.fit.log_background.begin(), result.fit.log_background.end());
    result.background_ratio = std::exp(*high - *low);
    return result;
}

std::optional<std::vector<GlmccPair>> glmcc_tile(const SpikeTrainsView& trains,
                                                 const PairTile& tile,
                                                 const GlmccSettings& settings, const Tick& tick)
{
    auto result = std::vector<GlmccPair>{};
    auto stopped = false;
    for_each_pair(tile, [&](auto i, auto j, auto) {
        if (stopped)
            return;
        result.push_back(
            glmcc_pair(glmcc_events(trains.train(i), trains.train(j), settings.tau_ms), settings));
        stopped = !tick(1);
    });
    if (stopped)
        return std::nullopt;
    return result;
}

} // namespace rewire::spikes
