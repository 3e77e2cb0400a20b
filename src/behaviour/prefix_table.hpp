#pragma once

#include <rewire/base/partition.hpp>
#include <rewire/behaviour/movement_test.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace rewire::behaviour {

/// Neurons of a block: 8 sums of 64 bits are one cache line and one AVX-512 register.
inline constexpr std::size_t lanes = 8;

struct alignas(64) Row
{
    std::array<std::int64_t, lanes> lane{};
};

/// Cumulative activity of 8 neurons in fixed point: row[t] is the sum over frames before t, so that
/// the sum over a run is row[last] - row[first]. Lanes beyond the range, and neurons whose activity
/// is not finite, are 0 throughout.
struct PrefixTable
{
    std::vector<Row> row; ///< [frames + 1]
    Row tolerance;        ///< sums that differ by no more are tied

    void build(const calcium::ActivityView& activity, base::Range neurons);
    void build(const DenseActivityView<float>& activity, base::Range neurons);
    void build(const DenseActivityView<double>& activity, base::Range neurons);
};

/// Counts the masks whose sum lies below / ties with the sum under `edges` of the real mask.
void count_masks(const PrefixTable& table, std::span<const std::int32_t> real_edges,
                 const ShuffledMasks& masks, Row& less, Row& equal);

/// Sum of |value|; NaN if a value is not finite.
double magnitude(std::span<const double> values);

} // namespace rewire::behaviour
