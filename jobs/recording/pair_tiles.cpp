#include "pair_tiles.hpp"

#include <rewire/base/partition.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace rewire::jobs {

namespace {

/// Pieces of the work whose results fit into memory together.
std::vector<base::Range> slabs_of(const std::vector<TileWork>& work)
{
    auto slabs = std::vector<base::Range>{};
    auto bytes = 0.0;
    for (std::int64_t unit = 0; unit < std::ssize(work); ++unit) {
        const auto more = work[static_cast<std::size_t>(unit)].bytes;
        if (slabs.empty() || bytes + more > pair_results_bytes) {
            slabs.push_back({unit, unit});
            bytes = 0;
        }
        slabs.back().last = unit + 1;
        bytes += more;
    }
    return slabs;
}

} // namespace

std::int64_t pair_tile_side(std::int64_t units)
{
    return std::clamp<std::int64_t>((units + 11) / 12, 2, 32);
}

void each_tile_to_root(runtime::RunContext& context, const std::string& suffix,
                       const std::vector<TileWork>& work, const ComputeTile& compute,
                       const TakeTile& take)
{
    auto number = 0;
    for (const auto& slab : slabs_of(work)) {
        auto costs = std::vector<double>{};
        for (auto unit = slab.first; unit < slab.last; ++unit)
            costs.push_back(work[static_cast<std::size_t>(unit)].cost);
        const auto unit_of = [&](std::int64_t index) -> const TileWork& {
            return work[static_cast<std::size_t>(slab.first + index)];
        };
        const auto part = number == 0 ? "" : fmt::format("-part{}", number + 1);
        ++number;
        const auto computed = context.each_unit<runtime::UnitResults>(
            "pairs" + suffix + part, costs,
            [&](std::int64_t index, runtime::UnitResults& results, const runtime::Tick& tick) {
                auto result = compute(unit_of(index), tick);
                if (!result)
                    return false;
                results.add(index, std::move(*result));
                return true;
            });
        runtime::gather_to_root(context.comm(), computed, slab.size(),
                                [&](std::int64_t index, std::span<const std::byte> bytes) {
                                    take(unit_of(index), bytes);
                                });
    }
}

} // namespace rewire::jobs
