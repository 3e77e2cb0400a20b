#include "prefix_table.hpp"

#include <algorithm>
#include <cmath>

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

Lanes& lanes_of(Row& row)
{
    return *reinterpret_cast<Lanes*>(row.lane.data());
}

/// Frames that are filled and then summed at a time: 16 kB, in the L1 cache.
constexpr auto slice_frames = std::int64_t{256};

/// Each row becomes the sum of itself and all before it.
REWIRE_VECTOR_CLONES
void accumulate(Row* rows, std::int64_t count, Row& total)
{
    auto sum = lanes_of(total);
    for (std::int64_t k = 0; k < count; ++k) {
        sum += lanes_of(rows[k]);
        lanes_of(rows[k]) = sum;
    }
    lanes_of(total) = sum;
}

/// Calls fill(first, last) to set the rows of a slice of frames, row k + 1 for frame k.
template <typename Fill>
void build_by_slices(PrefixTable& table, base::Range frames, const Fill& fill)
{
    table.resize(static_cast<std::size_t>(frames.size()) + 1);
    table.front() = {};
    auto total = Row{};
    for (auto first = frames.first; first < frames.last; first += slice_frames) {
        const auto last = std::min(first + slice_frames, frames.last);
        auto* rows = table.data() + (first - frames.first) + 1;
        std::fill(rows, rows + (last - first), Row{});
        fill(rows, base::Range{first, last});
        accumulate(rows, last - first, total);
    }
}

template <typename T>
void build_dense(PrefixTable& table, const activity::DenseActivityView<T>& activity,
                 base::Range neurons, std::span<const FixedPoint> fixed, base::Range frames)
{
    build_by_slices(table, frames, [&](Row* rows, base::Range slice) {
        for (auto frame = slice.first; frame < slice.last; ++frame) {
            const auto* values = activity.value.data() + frame * activity.neurons + neurons.first;
            auto& row = rows[frame - slice.first];
            for (std::size_t lane = 0; lane < fixed.size(); ++lane)
                if (fixed[lane].scale != 0)
                    row.lane[lane] = fixed[lane].of(static_cast<double>(values[lane]));
        }
    });
}

} // namespace

FixedPoint::FixedPoint(double total)
{
    if (!std::isfinite(total) || total == 0)
        return;
    auto exponent = 0;
    std::frexp(total, &exponent);
    scale = std::ldexp(1.0, std::min(60 - exponent, 1000));
    tolerance = of(total) >> 40;
}

void build_table(PrefixTable& table, const activity::ActivityView& activity, base::Range neurons,
                 std::span<const FixedPoint> fixed, base::Range frames)
{
    auto next = std::array<std::size_t, lanes>{};
    for (std::size_t lane = 0; lane < fixed.size(); ++lane) {
        const auto frame = activity.frames_of(neurons.first + static_cast<std::int64_t>(lane));
        next[lane] = static_cast<std::size_t>(
            std::lower_bound(frame.begin(), frame.end(), frames.first) - frame.begin());
    }
    build_by_slices(table, frames, [&](Row* rows, base::Range slice) {
        for (std::size_t lane = 0; lane < fixed.size(); ++lane) {
            const auto neuron = neurons.first + static_cast<std::int64_t>(lane);
            const auto frame = activity.frames_of(neuron);
            const auto value = activity.values_of(neuron);
            if (fixed[lane].scale == 0)
                continue;
            auto& k = next[lane];
            for (; k < frame.size() && frame[k] < slice.last; ++k)
                rows[frame[k] - slice.first].lane[lane] = fixed[lane].of(value[k]);
        }
    });
}

void build_table(PrefixTable& table, const activity::DenseActivityView<float>& activity,
                 base::Range neurons, std::span<const FixedPoint> fixed, base::Range frames)
{
    build_dense(table, activity, neurons, fixed, frames);
}

void build_table(PrefixTable& table, const activity::DenseActivityView<double>& activity,
                 base::Range neurons, std::span<const FixedPoint> fixed, base::Range frames)
{
    build_dense(table, activity, neurons, fixed, frames);
}

REWIRE_VECTOR_CLONES
void add_masked(const PrefixTable& table, const ShuffledMasks& masks, std::span<Row> sums)
{
    const auto* rows = table.data();
    const auto* start = masks.start.data();
    const auto* edge = masks.edge.data();
    for (std::size_t shuffle = 0; shuffle < sums.size(); ++shuffle) {
        auto sum = lanes_of(sums[shuffle]);
        for (auto k = start[shuffle]; k < start[shuffle + 1]; k += 2)
            sum += lanes_of(rows[edge[k + 1]]) - lanes_of(rows[edge[k]]);
        lanes_of(sums[shuffle]) = sum;
    }
}

REWIRE_VECTOR_CLONES
void compare(std::span<const Row> sums, const Row& real, const Row& tolerance, Row& less,
             Row& equal)
{
    const auto lowest_tie = lanes_of(real) - lanes_of(tolerance);
    const auto highest_tie = lanes_of(real) + lanes_of(tolerance);
    auto below = Lanes{};
    auto not_above = Lanes{};
    for (const auto& sum : sums) {
        below -= lanes_of(sum) < lowest_tie; // true is -1
        not_above -= lanes_of(sum) <= highest_tie;
    }
    lanes_of(less) = below;
    lanes_of(equal) = not_above - below;
}

} // namespace rewire::behaviour
