#include "pair_tiles.hpp"

#include <rewire/base/partition.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace rewire::jobs {

namespace {

/// Pieces of the work whose results fit into memory together.
std::vector<base::Range> slabs_of(const std::vector<PartOfWork>& parts)
{
    auto slabs = std::vector<base::Range>{};
    auto bytes = 0.0;
    for (std::int64_t part = 0; part < std::ssize(parts); ++part) {
        const auto more = parts[static_cast<std::size_t>(part)].bytes;
        if (slabs.empty() || bytes + more > pair_results_bytes) {
            slabs.push_back({part, part});
            bytes = 0;
        }
        slabs.back().last = part + 1;
        bytes += more;
    }
    return slabs;
}

} // namespace

std::int64_t pair_tile_side(std::int64_t units)
{
    return std::clamp<std::int64_t>((units + 11) / 12, 2, 32);
}

void each_part_to_root(
    runtime::RunContext& context, const std::string& suffix, const std::vector<PartOfWork>& parts,
    const std::function<std::optional<std::vector<std::byte>>(std::size_t part,
                                                              const runtime::Tick& tick)>& compute,
    const std::function<void(std::size_t part, std::span<const std::byte> result)>& take)
{
    auto number = 0;
    for (const auto& slab : slabs_of(parts)) {
        auto costs = std::vector<double>{};
        for (auto part = slab.first; part < slab.last; ++part)
            costs.push_back(parts[static_cast<std::size_t>(part)].cost);
        const auto part_of = [&](std::int64_t index) {
            return static_cast<std::size_t>(slab.first + index);
        };
        const auto piece = number == 0 ? "" : fmt::format("-part{}", number + 1);
        ++number;
        const auto computed = context.each_unit<runtime::UnitResults>(
            "pairs" + suffix + piece, costs,
            [&](std::int64_t index, runtime::UnitResults& results, const runtime::Tick& tick) {
                auto result = compute(part_of(index), tick);
                if (!result)
                    return false;
                results.add(index, std::move(*result));
                return true;
            });
        runtime::gather_to_root(context.comm(), computed, slab.size(),
                                [&](std::int64_t index, std::span<const std::byte> bytes) {
                                    take(part_of(index), bytes);
                                });
    }
}

void each_tile_to_root(runtime::RunContext& context, const std::string& suffix,
                       const std::vector<TileWork>& work, const ComputeTile& compute,
                       const TakeTile& take)
{
    auto parts = std::vector<PartOfWork>{};
    for (const auto& tile : work)
        parts.push_back({tile.bytes, tile.cost});
    each_part_to_root(
        context, suffix, parts,
        [&](std::size_t part, const runtime::Tick& tick) { return compute(work[part], tick); },
        [&](std::size_t part, std::span<const std::byte> bytes) { take(work[part], bytes); });
}

} // namespace rewire::jobs
