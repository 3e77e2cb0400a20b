#include "tile.hpp"

#include <rewire/spikes/connection_rule.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::jobs {

namespace {

GlmccCall call_of(const spikes::GlmccDirection& direction, bool tested)
{
    auto call = GlmccCall{.coupling_fitted = direction.fitted_coupling,
                          .coupling = direction.coupling,
                          .threshold = direction.threshold,
                          .chance = direction.chance,
                          .likelihood_ratio = direction.likelihood_ratio};
    if (tested && direction.significant) {
        call.weight_mv = direction.weight_mv;
        call.significant = direction.weight_mv > 0 ? 1 : -1;
    }
    return call;
}

/// Of the significant directions; 0 without any.
double strength_of(const GlmccFitted& pair)
{
    auto strength = 0.0;
    for (const auto& call : pair.direction)
        if (call.significant != 0)
            strength = std::max(strength, std::abs(call.coupling) / call.threshold);
    return strength;
}

GlmccExample example_of(std::int64_t i, std::int64_t j, double strength,
                        const spikes::GlmccEvents& events, const spikes::GlmccFit& fit)
{
    auto example = GlmccExample{.i = static_cast<std::int32_t>(i),
                                .j = static_cast<std::int32_t>(j),
                                .strength = strength,
                                .count = events.count};
    for (std::size_t bin = 0; bin < example.background.size(); ++bin)
        example.background[bin] = std::exp(fit.log_background[bin]);
    example.fitted = fit.expected;
    return example;
}

} // namespace

std::vector<std::byte> GlmccTile::packed() const
{
    auto packer = base::Packer{};
    packer.reserve(pair.size() * sizeof(GlmccFitted) + sizeof(GlmccExample) + 64);
    packer.put_all(pair);
    packer.put(strongest);
    return packer.take();
}

GlmccTile GlmccTile::unpacked(std::span<const std::byte> bytes)
{
    auto unpacker = base::Unpacker(bytes);
    auto tile = GlmccTile{};
    tile.pair = unpacker.get_all<GlmccFitted>();
    tile.strongest = unpacker.get<GlmccExample>();
    return tile;
}

std::optional<GlmccTile> compute_glmcc_tile(const HeldSpikes& held, std::size_t position,
                                            const spikes::PairTile& tile,
                                            const GlmccJobSettings& settings,
                                            const runtime::Tick& tick)
{
    const auto trains = held.trains(position);
    const auto& place = held.session(position).recording.place;
    const auto fitted =
        spikes::glmcc_tile(trains, tile, settings.model, [&](std::int64_t) { return tick(); });
    if (!fitted)
        return std::nullopt;
    auto result = GlmccTile{};
    auto strongest = std::pair<std::int64_t, std::int64_t>{};
    auto strongest_fit = static_cast<const spikes::GlmccFit*>(nullptr);
    auto strength = 0.0;
    spikes::for_each_pair(tile, [&](auto i, auto j, auto index) {
        const auto& one = (*fitted)[static_cast<std::size_t>(index)];
        const auto near =
            spikes::near(place[static_cast<std::size_t>(i)], place[static_cast<std::size_t>(j)]);
        const auto tested = !near || settings.test_near;
        result.pair.push_back(
            {.direction = {call_of(one.backward, tested), call_of(one.forward, tested)},
             .log_posterior = one.fit.log_posterior,
             .log_likelihood = one.fit.log_likelihood,
             .background_ratio = one.background_ratio,
             .events = one.events,
             .delay_ms = one.fit.delay_ms,
             .converged = one.fit.converged ? 1 : 0,
             .tested = tested ? 1 : 0,
             .near = near ? 1 : 0});
        if (const auto found = strength_of(result.pair.back()); found > strength) {
            strength = found;
            strongest = {i, j};
            strongest_fit = &one.fit;
        }
    });
    if (strongest_fit != nullptr) {
        const auto [i, j] = strongest;
        const auto events =
            spikes::glmcc_events(trains.train(j), trains.train(i), settings.model.tau_ms);
        result.strongest = example_of(j, i, strength, events, *strongest_fit);
    }
    return result;
}

} // namespace rewire::jobs
