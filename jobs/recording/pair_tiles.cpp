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

/// Begins and ends the sessions of a wave in their order while their parts come.
class SessionsInOrder
{
  public:
    SessionsInOrder(std::size_t sessions, const TakeSessions& take)
        : sessions_(sessions), take_(take)
    {
    }
    /// Ends the sessions before this one and begins it.
    void go_on_to(std::size_t position)
    {
        while (next_ <= position && next_ < sessions_) {
            if (next_ > 0)
                take_.end(next_ - 1);
            take_.begin(next_++);
        }
    }
    void finish()
    {
        go_on_to(sessions_);
        if (next_ > 0)
            take_.end(next_ - 1);
    }

  private:
    std::size_t sessions_;
    std::size_t next_ = 0;
    const TakeSessions& take_;
};

} // namespace

std::int64_t pair_tile_side(std::int64_t units)
{
    return std::clamp<std::int64_t>((units + 11) / 12, 2, 32);
}

void each_part_to_root(runtime::RunContext& context, const std::string& suffix,
                       const std::vector<PartOfWork>& parts, const ComputePart& compute,
                       const TakePart& take)
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

void each_part_by_session(runtime::RunContext& context, const Wave& wave,
                          const std::vector<PartOfWork>& parts, const ComputePart& compute,
                          const TakeSessions& sessions)
{
    auto order = SessionsInOrder(wave.size(), sessions);
    each_part_to_root(context, wave.suffix, parts, compute,
                      [&](std::size_t part, std::span<const std::byte> result) {
                          order.go_on_to(parts[part].position);
                          sessions.take(part, result);
                      });
    context.collective("write", [&] {
        if (context.comm().is_root())
            order.finish();
    });
}

PairTiles
tiles_of(const Wave& wave, const std::function<std::int64_t(std::size_t position)>& units,
         const std::function<PartOfWork(std::size_t position, const spikes::PairTile& tile)>& size)
{
    auto tiles = PairTiles{};
    for (std::size_t position = 0; position < wave.size(); ++position) {
        const auto count = units(position);
        for (const auto& tile : spikes::pair_tiles(count, pair_tile_side(count))) {
            tiles.tile.push_back(tile);
            tiles.part.push_back(size(position, tile));
        }
    }
    return tiles;
}

} // namespace rewire::jobs
