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

/// Frames of a table: its 512 kB stay in the L2 cache while all shuffles gather from it.
inline constexpr std::int64_t strip_frames = 8192;

/// Fixed point of one neuron: value * scale, rounded to the nearest integer.
struct FixedPoint
{
    double scale = 0; ///< a power of two, so that no digit of the value is lost before rounding; 0
                      ///< for a neuron that is silent or not finite, whose sums are all 0
    std::int64_t tolerance = 0; ///< sums that differ by no more are tied

    /// `total`: the sum of |activity|, which becomes 2^59 .. 2^60; sums and differences fit 62
    /// bits.
    explicit FixedPoint(double total);

    std::int64_t of(double value) const noexcept
    {
        return static_cast<std::int64_t>(value * scale + (value < 0 ? -0.5 : 0.5));
    }
};

/// Cumulative activity of up to 8 neurons over one strip of frames: row[t] is the sum over the
/// first t frames of the strip, so that the sum over a run is row[last] - row[first]. Unused lanes
/// are 0.
using PrefixTable = std::vector<Row>; // [frames of the strip + 1]

/// @pre fixed.size() == neurons.size() <= lanes
void build_table(PrefixTable& table, const activity::ActivityView& activity, base::Range neurons,
                 std::span<const FixedPoint> fixed, base::Range frames);
void build_table(PrefixTable& table, const activity::DenseActivityView<float>& activity,
                 base::Range neurons, std::span<const FixedPoint> fixed, base::Range frames);
void build_table(PrefixTable& table, const activity::DenseActivityView<double>& activity,
                 base::Range neurons, std::span<const FixedPoint> fixed, base::Range frames);

/// Adds to sums[s] the activity under mask s of the strip. @pre sums.size() == masks.shuffles()
void add_masked(const PrefixTable& table, const ShuffledMasks& masks, std::span<Row> sums);

/// How many of the sums lie below `real` by more than `tolerance`, and how many within it.
void compare(std::span<const Row> sums, const Row& real, const Row& tolerance, Row& less,
             Row& equal);

} // namespace rewire::behaviour
