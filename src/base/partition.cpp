#include "rewire/base/partition.hpp"

#include <algorithm>

namespace rewire::base {

Range part_of(std::int64_t count, std::int64_t parts, std::int64_t part)
{
    const auto size = count / parts;
    const auto larger = count % parts;
    const auto first = part * size + std::min(part, larger);
    return {first, first + size + (part < larger ? 1 : 0)};
}

std::vector<Range> blocks_of(std::int64_t count, std::int64_t size)
{
    const auto parts = (count + size - 1) / size;
    auto blocks = std::vector<Range>{};
    blocks.reserve(static_cast<std::size_t>(parts));
    for (std::int64_t part = 0; part < parts; ++part)
        blocks.push_back(part_of(count, parts, part));
    return blocks;
}

} // namespace rewire::base
