#include "edge_units.hpp"

#include <rewire/base/packed.hpp>

#include <algorithm>
#include <span>

namespace rewire::jobs {

namespace {

/// Vectors of a tile, in one order for packing and unpacking.
template <typename Tile, typename Field>
void each_tile_field(Tile& tile, Field field)
{
    field(tile.tile), field(tile.variance_sum), field(tile.null_sd), field(tile.skewness);
    field(tile.drive), field(tile.p_partial), field(tile.p_marginal), field(tile.p_fine);
    field(tile.p_both), field(tile.log10_p_both), field(tile.p_both_negative);
    field(tile.log10_p_both_negative);
}

/// What rank 0 has to know of the moments to put tiles together.
template <typename Moments, typename Field>
void each_moment_field(Moments& moments, Field field)
{
    field(moments.status), field(moments.status_text), field(moments.neurons);
    field(moments.active), field(moments.frames_used), field(moments.lags);
    field(moments.first_component), field(moments.partial);
}

struct Packing
{
    base::Packer& packer;

    template <typename T>
    void operator()(const T& value) const
    {
        base::pack_value(packer, value);
    }
};

struct Unpacking
{
    base::Unpacker& unpacker;

    template <typename T>
    void operator()(T& value) const
    {
        value = base::unpack_value<T>(unpacker);
    }
};

} // namespace

std::vector<EdgeUnit> edge_units_of(const std::vector<std::int64_t>& neurons, std::int64_t draws,
                                    std::int64_t tiles_a_run)
{
    auto units = std::vector<EdgeUnit>{};
    for (std::size_t position = 0; position < neurons.size(); ++position) {
        const auto tiles = static_cast<std::int64_t>(calcium::pair_tiles(neurons[position]).size());
        for (std::int64_t draw = -1; draw < draws; ++draw)
            for (std::int64_t first = 0; first == 0 || first < tiles; first += tiles_a_run)
                units.push_back({position, {first, std::min(first + tiles_a_run, tiles)}, draw});
    }
    return units;
}

std::optional<std::vector<std::byte>>
tested_run(const calcium::ShiftMoments& moments, const calcium::EventJitter* jitter,
           base::Range tiles, const calcium::EdgeTestOptions& options, const calcium::Tick& tick)
{
    auto packer = base::Packer{};
    if (tiles.first == 0)
        each_moment_field(moments, Packing{packer});
    if (moments.status != calcium::ShiftMomentStatus::ok)
        return packer.take();
    const auto all = calcium::pair_tiles(moments.active_count());
    const auto last = std::min(tiles.last, static_cast<std::int64_t>(all.size()));
    for (auto k = tiles.first; k < last; ++k) {
        const auto tested =
            calcium::test_tile(moments, jitter, all[static_cast<std::size_t>(k)], options);
        each_tile_field(tested, Packing{packer});
        if (!tick(0))
            return std::nullopt;
    }
    return packer.take();
}

void gather_tests(
    const mpi::Communicator& comm, const std::vector<EdgeUnit>& units,
    const runtime::UnitResults& runs, const calcium::EdgeTestOptions& options,
    const std::function<void(std::size_t, const calcium::ShiftMoments&, calcium::EdgeTests)>& take)
{
    const auto count = static_cast<std::int64_t>(units.size());
    auto moments = calcium::ShiftMoments{};
    auto tiles = std::vector<calcium::EdgeTile>{};
    runtime::gather_to_root(
        comm, runs, count, [&](std::int64_t index, std::span<const std::byte> bytes) {
            const auto& unit = units[static_cast<std::size_t>(index)];
            auto unpacker = base::Unpacker(bytes);
            if (unit.tiles.first == 0) {
                tiles.clear();
                each_moment_field(moments, Unpacking{unpacker});
            }
            while (unpacker.remaining() > 0)
                each_tile_field(tiles.emplace_back(), Unpacking{unpacker});
            const auto last = index + 1 == count ||
                              units[static_cast<std::size_t>(index) + 1].position != unit.position;
            if (last)
                take(unit.position, moments, calcium::finish_edge_tests(moments, tiles, options));
        });
}

} // namespace rewire::jobs
