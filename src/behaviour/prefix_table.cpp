#include "prefix_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

// One binary for every node of a cluster: the widest vectors that the processor has are chosen when
// the program starts. Integers only, so that the counts are the same on all of them.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__)
#define REWIRE_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define REWIRE_VECTOR_CLONES
#endif

namespace rewire::behaviour {

namespace {

using Lanes = std::int64_t __attribute__((vector_size(sizeof(Row)), may_alias));

const Lanes& lanes_of(const Row& row)
{
    return *reinterpret_cast<const Lanes*>(row.lane.data());
}

/// Fixed point of one neuron: value * scale, rounded to the nearest integer.
struct FixedPoint
{
    double scale = 0; ///< a power of two, so that no digit of the value is lost before rounding
    std::int64_t tolerance = 0;

    /// The total |activity| becomes 2^59 .. 2^60: sums and their differences fit 62 bits.
    explicit FixedPoint(double total)
    {
        if (!std::isfinite(total) || total == 0)
            return; // not finite, or silent: 0 throughout
        auto exponent = 0;
        std::frexp(total, &exponent);
        scale = std::ldexp(1.0, std::min(60 - exponent, 1000));
        tolerance = of(total) >> 40;
    }
    std::int64_t of(double value) const
    {
        return static_cast<std::int64_t>(value * scale + (value < 0 ? -0.5 : 0.5));
    }
};

/// Frames that are filled and summed at a time: 16 kB, in the L1 cache.
constexpr auto strip = std::int64_t{256};

REWIRE_VECTOR_CLONES
void accumulate(Row* rows, std::int64_t count, Row& total)
{
    auto sum = lanes_of(total);
    for (std::int64_t k = 0; k < count; ++k) {
        auto& row = *reinterpret_cast<Lanes*>(rows[k].lane.data());
        sum += row;
        row = sum;
    }
    *reinterpret_cast<Lanes*>(total.lane.data()) = sum;
}

template <typename T>
void build_dense(PrefixTable& table, const DenseActivityView<T>& activity, base::Range neurons)
{
    const auto count = static_cast<std::size_t>(neurons.size());
    const auto values_at = [&](std::int64_t frame) {
        return activity.value.data() + frame * activity.neurons + neurons.first;
    };
    auto total = std::array<double, lanes>{};
    for (std::int64_t frame = 0; frame < activity.frames; ++frame)
        for (std::size_t lane = 0; lane < count; ++lane)
            total[lane] += std::abs(static_cast<double>(values_at(frame)[lane]));

    auto fixed = std::vector<FixedPoint>{};
    table.tolerance = {};
    for (std::size_t lane = 0; lane < count; ++lane) {
        fixed.emplace_back(total[lane]);
        table.tolerance.lane[lane] = fixed[lane].tolerance;
    }
    table.row.assign(static_cast<std::size_t>(activity.frames) + 1, Row{});
    auto sum = Row{};
    for (std::int64_t frame = 0; frame < activity.frames; ++frame) {
        for (std::size_t lane = 0; lane < count; ++lane)
            if (fixed[lane].scale != 0)
                sum.lane[lane] += fixed[lane].of(static_cast<double>(values_at(frame)[lane]));
        table.row[static_cast<std::size_t>(frame) + 1] = sum;
    }
}

} // namespace

double magnitude(std::span<const double> values)
{
    auto sum = 0.0;
    for (const auto value : values)
        sum += std::abs(value);
    return std::isfinite(sum) ? sum : std::numeric_limits<double>::quiet_NaN();
}

void PrefixTable::build(const calcium::ActivityView& activity, base::Range neurons)
{
    struct Cursor
    {
        std::span<const std::int32_t> frame;
        std::span<const double> value;
        FixedPoint fixed;
        std::size_t next = 0;
    };
    auto cursors = std::vector<Cursor>{};
    tolerance = {};
    for (auto neuron = neurons.first; neuron < neurons.last; ++neuron) {
        const auto values = activity.values_of(neuron);
        const auto fixed = FixedPoint(magnitude(values));
        tolerance.lane[cursors.size()] = fixed.tolerance;
        cursors.push_back({activity.frames_of(neuron), values, fixed});
        if (fixed.scale == 0)
            cursors.back().next = values.size();
    }
    row.resize(static_cast<std::size_t>(activity.frames) + 1);
    row.front() = {};
    auto total = Row{};
    for (std::int64_t first = 0; first < activity.frames; first += strip) {
        const auto last = std::min(first + strip, activity.frames);
        std::fill(row.begin() + first + 1, row.begin() + last + 1, Row{});
        for (std::size_t lane = 0; lane < cursors.size(); ++lane) {
            auto& [frame, value, fixed, next] = cursors[lane];
            for (; next < frame.size() && frame[next] < last; ++next)
                row[static_cast<std::size_t>(frame[next]) + 1].lane[lane] = fixed.of(value[next]);
        }
        accumulate(row.data() + first + 1, last - first, total);
    }
}

void PrefixTable::build(const DenseActivityView<float>& activity, base::Range neurons)
{
    build_dense(*this, activity, neurons);
}

void PrefixTable::build(const DenseActivityView<double>& activity, base::Range neurons)
{
    build_dense(*this, activity, neurons);
}

REWIRE_VECTOR_CLONES
void count_masks(const PrefixTable& table, std::span<const std::int32_t> real_edges,
                 const ShuffledMasks& masks, Row& less, Row& equal)
{
    const auto* rows = reinterpret_cast<const Lanes*>(table.row.data());
    auto real = Lanes{};
    for (std::size_t k = 0; k < real_edges.size(); k += 2)
        real += rows[real_edges[k + 1]] - rows[real_edges[k]];
    const auto lowest_tie = real - lanes_of(table.tolerance);
    const auto highest_tie = real + lanes_of(table.tolerance);

    auto below = Lanes{};
    auto not_above = Lanes{};
    const auto* start = masks.start.data();
    const auto* edge = masks.edge.data();
    for (std::int64_t shuffle = 0; shuffle < masks.shuffles(); ++shuffle) {
        auto sum = Lanes{};
        for (auto k = start[shuffle]; k < start[shuffle + 1]; k += 2)
            sum += rows[edge[k + 1]] - rows[edge[k]];
        below -= sum < lowest_tie; // true is -1
        not_above -= sum <= highest_tie;
    }
    *reinterpret_cast<Lanes*>(less.lane.data()) = below;
    *reinterpret_cast<Lanes*>(equal.lane.data()) = not_above - below;
}

} // namespace rewire::behaviour
