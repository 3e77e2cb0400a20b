#include "surrogates.hpp"

#include "tile.hpp"

#include <rewire/base/packed.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/spikes/correlogram.hpp>
#include <rewire/spikes/jitter_monte_carlo.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace rewire::jobs {

namespace {

constexpr auto drawn_spike_s = 6e-9;
/// Where units are many and slow, their bits do not stay in the cache: over what counting takes in
/// benchmarks/kernels_spikes.cpp.
constexpr auto beyond_cache = 1.25;
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
    return surrogate_seconds(spikes / static_cast<double>(pairs), tile, settings);
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

/// Puts the p of the pairs of a tile in their places among those of the session.
void put_p(const spikes::MonteCarloTally& tally, const spikes::PairTile& tile, std::int64_t units,
           SurrogateP& p)
{
    const auto put = [&](const std::vector<std::int32_t>& exceeded, std::vector<double>& into) {
        const auto columns = std::ssize(exceeded) / tile.pairs();
        into.resize(static_cast<std::size_t>(base::pair_count(units) * columns));
        spikes::for_each_pair(tile, [&](auto i, auto j, auto pair) {
            const auto to = base::pair_index(i, j, units) * columns;
            for (std::int64_t k = 0; k < columns; ++k)
                into[static_cast<std::size_t>(to + k)] =
                    static_cast<double>(exceeded[static_cast<std::size_t>(pair * columns + k)] +
                                        1) /
                    static_cast<double>(tally.surrogates + 1);
        });
    };
    put(tally.at_least, p.lag);
    put(tally.peak_at_least, p.max_peak);
    put(tally.trough_at_least, p.max_trough);
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

spikes::MonteCarloSettings monte_carlo_settings(const CcgSettings& settings)
{
    return {.jittered = spikes::JitteredTrain::postsynaptic,
            .max_lag = settings.rule.peak_lag,
            .first_tested_lag = settings.tests.first_tested_lag,
            .last_tested_lag = settings.rule.peak_lag,
            .rule = std::nullopt,
            .overlap_s = {}};
}

/// What the blocks of a tile have in common; a rank keeps that of its last block.
struct PreparedTile
{
    spikes::BinnedTrains trains;
    spikes::JitterPlan plan;
    spikes::PairTile local;
    std::vector<std::int32_t> count;
    std::vector<double> expected;
    spikes::Jitterer jitterer;

    PreparedTile(const HeldTrains& held, const SurrogateTile& tile, const CcgSettings& settings,
                 const spikes::JitterKey& key)
        : trains(held.trains(tile.position, tile.tile.first, tile.tile.second)),
          plan(held.session(tile.position).timeline, settings.jitter, settings.max_lag),
          local(local_tile(tile.tile)),
          jitterer(plan, trains, key)
    {
    }
    PreparedTile(const PreparedTile&) = delete; // the jitterer refers to the trains
    PreparedTile& operator=(const PreparedTile&) = delete;
    ~PreparedTile() = default;

    /// False when stopped.
    bool counted(const CcgSettings& settings, const spikes::Tick& tick)
    {
        const auto raw = spikes::count_tile(trains, local, plan.reach(), tick);
        if (!raw)
            return false;
        const auto all = spikes::expected_tile(plan, trains, local, *raw, tick);
        if (!all)
            return false;
        const auto max_lag = settings.rule.peak_lag;
        count = near_lags(*raw, local.pairs(), plan.reach(), max_lag);
        expected = near_lags(*all, local.pairs(), settings.max_lag, max_lag);
        return true;
    }
};

} // namespace

double surrogate_seconds(double spikes_of_pair, const spikes::PairTile& tile,
                         const CcgSettings& settings)
{
    const auto units =
        tile.first == tile.second ? tile.first.size() : tile.first.size() + tile.second.size();
    const auto spikes = static_cast<std::int64_t>(spikes_of_pair / 2);
    // Both directions are counted, each with the other train jittered.
    const auto count = 2 * beyond_cache *
                       spikes::count_seconds(spikes::CountKernel::windows_of_first, spikes, spikes,
                                             0, settings.rule.peak_lag);
    return static_cast<double>(tile.pairs()) * (count + pair_s) +
           drawn_spike_s * static_cast<double>(units * spikes);
}

std::int64_t surrogate_tile_side(std::int64_t units)
{
    constexpr auto most = std::int64_t{32};
    return std::clamp<std::int64_t>(units, 2, most);
}

double surrogate_block_seconds(double wave_s)
{
    constexpr auto blocks = 256.0;
    return std::clamp(wave_s / blocks, 0.1, 15.0);
}

SurrogateRun::SurrogateRun(const HeldTrains& held, const Wave& wave, const CcgSettings& settings)
    : held_(held), wave_(wave), settings_(settings)
{
}

std::vector<SurrogateTile> SurrogateRun::tiles() const
{
    auto result = std::vector<SurrogateTile>{};
    for (std::size_t position = 0; position < wave_.size(); ++position) {
        const auto& session = held_.session(position);
        const auto units = session.recording.units();
        for (const auto& tile : spikes::pair_tiles(units, surrogate_tile_side(units)))
            if (tile.pairs() > 0)
                result.push_back({position, tile, seconds_of(session, tile, settings_)});
    }
    return result;
}

std::vector<SurrogateP> SurrogateRun::run(runtime::RunContext& context)
{
    const auto tiles = this->tiles();
    auto total_s = 0.0;
    for (const auto& tile : tiles)
        total_s += tile.seconds * static_cast<double>(settings_.surrogates);
    const auto block_s = surrogate_block_seconds(total_s);
    auto blocks = std::vector<SurrogateBlock>{};
    auto parts = std::vector<PartOfWork>{};
    const auto lags = spikes::lag_count(settings_.rule.peak_lag);
    for (std::size_t tile = 0; tile < tiles.size(); ++tile) {
        const auto size = std::clamp<std::int64_t>(
            static_cast<std::int64_t>(block_s / tiles[tile].seconds), 1, settings_.surrogates);
        const auto bytes = static_cast<double>(tiles[tile].tile.pairs() * (lags + 4)) * 4;
        for (std::int64_t first = 0; first < settings_.surrogates; first += size) {
            const auto range = base::Range{first, std::min(first + size, settings_.surrogates)};
            blocks.push_back({tile, range});
            parts.push_back({tiles[tile].position, bytes,
                             tiles[tile].seconds * static_cast<double>(range.size())});
        }
    }
    auto result = std::vector<SurrogateP>(context.comm().is_root() ? wave_.size() : 0);
    auto tally = spikes::MonteCarloTally{};
    auto prepared = std::unique_ptr<PreparedTile>{};
    auto prepared_tile = tiles.size();
    each_part_to_root(
        context, "-surrogates" + wave_.suffix, parts,
        [&](std::size_t part, const runtime::Tick& tick) -> std::optional<std::vector<std::byte>> {
            const auto& block = blocks[part];
            const auto& tile = tiles[block.tile];
            const auto each = spikes::Tick([&](std::int64_t) { return tick(); });
            if (prepared_tile != block.tile) {
                prepared_tile = tiles.size(); // until it is whole
                prepared = std::make_unique<PreparedTile>(held_, tile, settings_, key_of(tile));
                if (!prepared->counted(settings_, each))
                    return std::nullopt;
                prepared_tile = block.tile;
            }
            const auto drawn = spikes::run_jitter_block(
                prepared->jitterer, prepared->trains, prepared->local, block.surrogates,
                monte_carlo_settings(settings_), prepared->count, prepared->expected, each);
            return drawn ? std::optional(packed(*drawn)) : std::nullopt;
        },
        [&](std::size_t part, std::span<const std::byte> bytes) {
            const auto& block = blocks[part];
            add_to(tally, unpacked(bytes));
            if (block.surrogates.last < settings_.surrogates)
                return;
            const auto& tile = tiles[block.tile];
            put_p(tally, tile.tile, held_.session(tile.position).recording.units(),
                  result[tile.position]);
            tally = {};
        });
    return result;
}

spikes::DeviationBand SurrogateRun::band(std::size_t position, std::int64_t i, std::int64_t j,
                                         std::int64_t surrogates, double level) const
{
    const auto all = tiles();
    const auto tile = std::find_if(all.begin(), all.end(), [&](const SurrogateTile& one) {
        return one.position == position && one.tile.first.first <= i && i < one.tile.first.last &&
               one.tile.second.first <= j && j < one.tile.second.last;
    });
    const auto prepared = PreparedTile(held_, *tile, settings_, key_of(*tile));
    const auto first = prepared.local.first.first + (i - tile->tile.first.first);
    const auto second = prepared.local.second.first + (j - tile->tile.second.first);
    const auto pair = spikes::PairTile{{first, first + 1}, {second, second + 1}};
    const auto go_on = spikes::Tick([](std::int64_t) { return true; });
    const auto raw = *spikes::count_tile(prepared.trains, pair, prepared.plan.reach(), go_on);
    const auto expected = *spikes::expected_tile(prepared.plan, prepared.trains, pair, raw, go_on);
    return spikes::deviation_band(
        prepared.jitterer, prepared.trains, first, second, surrogates,
        monte_carlo_settings(settings_),
        near_lags(expected, 1, settings_.max_lag, settings_.rule.peak_lag), level);
}

/// Units are numbered within the tile: it is part of the name of what is drawn.
spikes::JitterKey SurrogateRun::key_of(const SurrogateTile& tile) const
{
    const auto& [subject, name] = name_of(wave_.session(tile.position));
    return {.seed = settings_.seed,
            .subject = base::key_of(subject),
            .session = base::key_of(
                fmt::format("{} {} {}", name, tile.tile.first.first, tile.tile.second.first))};
}

} // namespace rewire::jobs
