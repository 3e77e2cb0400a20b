#include "surrogates.hpp"

#include "tile.hpp"

#include <rewire/base/packed.hpp>
#include <rewire/base/random.hpp>
#include <rewire/spikes/correlogram.hpp>
#include <rewire/spikes/jitter_monte_carlo.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace rewire::jobs {

namespace {

constexpr auto block_s = 15.0; ///< of surrogates at a time: counts are made anew for each block
constexpr auto drawn_spike_s = 5e-9;
constexpr auto pair_s = 0.5e-6; ///< tallies of a pair

/// Some surrogates of a tile.
struct SurrogateBlock
{
    std::size_t tile = 0;
    base::Range surrogates;
};

double seconds_of(const SessionTrains& session, const spikes::PairTile& tile,
                  const CcgSettings& settings)
{
    auto spikes = 0.0;
    spikes::for_each_pair(tile, [&](auto i, auto j, auto) {
        spikes += static_cast<double>(session.spikes(i) + session.spikes(j));
    });
    const auto pairs = std::max<std::int64_t>(tile.pairs(), 1);
    return surrogate_seconds(spikes / static_cast<double>(pairs), pairs,
                             tile.first.size() + tile.second.size(), settings);
}

void each_tally_field(auto& tally, auto field)
{
    field(tally.surrogates), field(tally.at_least), field(tally.peak_at_least);
    field(tally.trough_at_least);
}

std::vector<std::byte> packed(const spikes::MonteCarloTally& tally)
{
    auto packer = base::Packer{};
    each_tally_field(tally, base::PackField{packer});
    return packer.take();
}

spikes::MonteCarloTally unpacked(std::span<const std::byte> bytes)
{
    auto unpacker = base::Unpacker(bytes);
    auto tally = spikes::MonteCarloTally{};
    each_tally_field(tally, base::UnpackField{unpacker});
    return tally;
}

SurrogateP p_of(const spikes::MonteCarloTally& tally)
{
    const auto p_values = [&](const std::vector<std::int32_t>& exceeded) {
        auto p = std::vector<double>{};
        for (const auto count : exceeded)
            p.push_back(static_cast<double>(count + 1) / static_cast<double>(tally.surrogates + 1));
        return p;
    };
    return {p_values(tally.at_least), p_values(tally.peak_at_least),
            p_values(tally.trough_at_least)};
}

/// Lags -max_lag .. max_lag of rows of lags -reach .. reach.
template <typename T>
std::vector<T> near_lags(const std::vector<T>& all, std::int64_t pairs, std::int64_t reach,
                         std::int64_t max_lag)
{
    auto result = std::vector<T>{};
    for (std::int64_t pair = 0; pair < pairs; ++pair) {
        const auto first = all.begin() + pair * spikes::lag_count(reach) + (reach - max_lag);
        result.insert(result.end(), first, first + spikes::lag_count(max_lag));
    }
    return result;
}

} // namespace

double surrogate_seconds(double spikes_of_pair, std::int64_t pairs, std::int64_t units,
                         const CcgSettings& settings)
{
    const auto spikes = static_cast<std::int64_t>(spikes_of_pair / 2);
    // Both directions are counted, each with the other train jittered.
    const auto count = 2 * spikes::count_seconds(spikes::CountKernel::windows_of_first, spikes,
                                                 spikes, 0, settings.rule.peak_lag);
    return static_cast<double>(pairs) * (count + pair_s) +
           drawn_spike_s * static_cast<double>(units * spikes);
}

SurrogateRun::SurrogateRun(const HeldTrains& held, const Wave& wave, const CcgSettings& settings)
    : held_(held), wave_(wave), settings_(settings)
{
}

std::vector<SurrogateP> SurrogateRun::run(runtime::RunContext& context,
                                          const std::vector<TileWork>& tiles)
{
    auto blocks = std::vector<SurrogateBlock>{};
    auto parts = std::vector<PartOfWork>{};
    const auto lags = spikes::lag_count(settings_.rule.peak_lag);
    for (std::size_t tile = 0; tile < tiles.size(); ++tile) {
        const auto one_s =
            seconds_of(held_.session(tiles[tile].position), tiles[tile].tile, settings_);
        const auto size = std::clamp<std::int64_t>(static_cast<std::int64_t>(block_s / one_s), 1,
                                                   settings_.surrogates);
        const auto bytes = static_cast<double>(tiles[tile].tile.pairs() * (lags + 4)) * 4;
        for (std::int64_t first = 0; first < settings_.surrogates; first += size) {
            const auto range = base::Range{first, std::min(first + size, settings_.surrogates)};
            blocks.push_back({tile, range});
            parts.push_back({bytes, one_s * static_cast<double>(range.size())});
        }
    }
    auto result = std::vector<SurrogateP>(context.comm().is_root() ? tiles.size() : 0);
    auto tally = spikes::MonteCarloTally{};
    each_part_to_root(
        context, "-surrogates" + wave_.suffix, parts,
        [&](std::size_t part, const runtime::Tick& tick) -> std::optional<std::vector<std::byte>> {
            const auto& block = blocks[part];
            const auto& [position, tile, bytes, cost] = tiles[block.tile];
            const auto& session = held_.session(position);
            const auto trains = held_.trains(position, tile.first, tile.second);
            const auto plan =
                spikes::JitterPlan(session.timeline, settings_.jitter, settings_.max_lag);
            const auto local = local_tile(tile);
            const auto each = spikes::Tick([&](std::int64_t) { return tick(); });
            const auto raw = spikes::count_tile(trains, local, plan.reach(), each);
            if (!raw)
                return std::nullopt;
            const auto expected = spikes::expected_tile(plan, trains, local, *raw, each);
            if (!expected)
                return std::nullopt;
            // Units are numbered within the tile: it is part of the name of what is drawn.
            const auto& [subject, name] = name_of(wave_.session(position));
            const auto key =
                spikes::JitterKey{.seed = settings_.seed,
                                  .subject = base::key_of(subject),
                                  .session = base::key_of(fmt::format(
                                      "{} {} {}", name, tile.first.first, tile.second.first))};
            const auto max_lag = settings_.rule.peak_lag;
            const auto drawn = spikes::run_jitter_block(
                spikes::Jitterer(plan, trains, key), trains, local, block.surrogates,
                {.jittered = spikes::JitteredTrain::postsynaptic,
                 .max_lag = max_lag,
                 .first_tested_lag = settings_.tests.first_tested_lag,
                 .last_tested_lag = max_lag,
                 .rule = std::nullopt,
                 .overlap_s = {}},
                near_lags(*raw, local.pairs(), plan.reach(), max_lag),
                near_lags(*expected, local.pairs(), settings_.max_lag, max_lag), each);
            return drawn ? std::optional(packed(*drawn)) : std::nullopt;
        },
        [&](std::size_t part, std::span<const std::byte> bytes) {
            const auto& block = blocks[part];
            add_to(tally, unpacked(bytes));
            if (block.surrogates.last < settings_.surrogates)
                return;
            result[block.tile] = p_of(tally);
            tally = {};
        });
    return result;
}

} // namespace rewire::jobs
