#pragma once

#include <cstdint>
#include <vector>

namespace rewire::base {

/// Half-open range of indices.
struct Range
{
    std::int64_t first = 0;
    std::int64_t last = 0;

    std::int64_t size() const noexcept { return last - first; }
    bool empty() const noexcept { return last <= first; }
    friend bool operator==(const Range&, const Range&) = default;
};

/// Part `part` of `count` items cut into `parts` contiguous parts whose sizes differ by at most
/// one.
/// @pre count >= 0, parts > 0, 0 <= part < parts
Range part_of(std::int64_t count, std::int64_t parts, std::int64_t part);

/// `count` items cut into contiguous blocks of at most `size`, of nearly equal size. Empty for
/// count 0.
/// @pre size > 0
std::vector<Range> blocks_of(std::int64_t count, std::int64_t size);

/// Number of pairs of the strict upper triangle over n items.
constexpr std::int64_t pair_count(std::int64_t n) noexcept
{
    return n * (n - 1) / 2;
}

/// Index of pair (i, j), i < j, in the strict upper triangle over n items, row major:
/// (0,1) (0,2) ... (0,n-1) (1,2) ...
constexpr std::int64_t pair_index(std::int64_t i, std::int64_t j, std::int64_t n) noexcept
{
    return i * (2 * n - i - 1) / 2 + (j - i - 1);
}

} // namespace rewire::base
