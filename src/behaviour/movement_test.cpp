#include "rewire/behaviour/movement_test.hpp"

#include "prefix_table.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/nan.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rewire::behaviour {

namespace {

using base::nan;

void check_frames(std::int64_t activity, std::int64_t epochs)
{
    if (activity != epochs)
        throw base::InputError(
            fmt::format("activity has {} frames, movement has {}", activity, epochs), "",
            "both need the same frames; smoothing drops two at each end");
}

/// Sum of |value|; not finite if a value is not.
std::vector<double> magnitudes(const activity::ActivityView& activity, base::Range neurons)
{
    auto total = std::vector<double>{};
    for (auto neuron = neurons.first; neuron < neurons.last; ++neuron) {
        auto sum = 0.0;
        for (const auto value : activity.values_of(neuron))
            sum += std::abs(value);
        total.push_back(sum);
    }
    return total;
}

/// sum(neuron, value) over the frames for which `counts` holds, a row at a time.
template <typename T, typename Counts, typename Term>
std::vector<double> sums_of_rows(const activity::DenseActivityView<T>& activity,
                                 base::Range neurons, const Counts& counts, const Term& term)
{
    auto total = std::vector<double>(static_cast<std::size_t>(neurons.size()));
    for (std::int64_t frame = 0; frame < activity.frames; ++frame) {
        if (!counts(frame))
            continue;
        const auto* values = activity.value.data() + frame * activity.neurons + neurons.first;
        for (std::size_t k = 0; k < total.size(); ++k)
            total[k] += term(static_cast<double>(values[k]));
    }
    return total;
}

template <typename T>
std::vector<double> magnitudes(const activity::DenseActivityView<T>& activity, base::Range neurons)
{
    return sums_of_rows(
        activity, neurons, [](std::int64_t) { return true; },
        [](double value) { return std::abs(value); });
}

std::vector<double> sums_in_movement(const activity::ActivityView& activity, const Epochs& epochs,
                                     base::Range neurons)
{
    auto sums = std::vector<double>{};
    for (auto neuron = neurons.first; neuron < neurons.last; ++neuron) {
        const auto frames = activity.frames_of(neuron);
        const auto values = activity.values_of(neuron);
        auto run = epochs.movements.begin();
        auto sum = 0.0;
        for (std::size_t k = 0; k < frames.size(); ++k) {
            while (run != epochs.movements.end() && run->last <= frames[k])
                ++run;
            if (run != epochs.movements.end() && run->first <= frames[k])
                sum += values[k];
        }
        sums.push_back(sum);
    }
    return sums;
}

template <typename T>
std::vector<double> sums_in_movement(const activity::DenseActivityView<T>& activity,
                                     const Epochs& epochs, base::Range neurons)
{
    const auto mask = mask_of(epochs);
    return sums_of_rows(
        activity, neurons,
        [&](std::int64_t frame) { return mask[static_cast<std::size_t>(frame)] != 0; },
        [](double value) { return value; });
}

template <typename View>
MovementActivity activity_of_any(const View& activity, const Epochs& epochs, base::Range neurons)
{
    check_frames(activity.frames, epochs.frames);
    const auto frames = static_cast<double>(epochs.movement_frames());
    const auto total = magnitudes(activity, neurons);
    const auto sums = sums_in_movement(activity, epochs, neurons);
    auto result = MovementActivity{};
    for (std::size_t k = 0; k < sums.size(); ++k) {
        const auto finite = std::isfinite(total[k]);
        result.finite.push_back(finite ? 1 : 0);
        result.mean.push_back(finite && frames > 0 ? sums[k] / frames : nan);
    }
    return result;
}

/// The masks cut at the borders of strips, with frames counted from the start of each strip. A
/// movement over a border becomes two, one in each strip.
std::vector<ShuffledMasks> cut_in_strips(const ShuffledMasks& masks,
                                         const std::vector<base::Range>& strips)
{
    auto parts = std::vector<ShuffledMasks>(strips.size());
    for (std::int64_t shuffle = 0; shuffle < masks.shuffles(); ++shuffle) {
        const auto edges = masks.edges_of(shuffle);
        auto strip = std::size_t{0};
        for (std::size_t k = 0; k < edges.size(); k += 2) {
            auto first = std::int64_t{edges[k]};
            const auto last = std::int64_t{edges[k + 1]};
            while (first >= strips[strip].last)
                ++strip;
            while (first < last) {
                const auto [begin, end] = strips[strip];
                const auto stop = std::min(last, end);
                parts[strip].edge.push_back(static_cast<std::int32_t>(first - begin));
                parts[strip].edge.push_back(static_cast<std::int32_t>(stop - begin));
                first = stop;
                strip += first < last ? 1 : 0;
            }
        }
        for (auto& part : parts)
            part.start.push_back(static_cast<std::int64_t>(part.edge.size()));
    }
    return parts;
}

/// Counts by blocks of neurons: for each, strip after strip is turned into a table from which every
/// shuffle gathers the part of its sum that lies in the strip.
template <typename View>
ShuffleCounts count_any(const View& activity, const Epochs& epochs, const ShuffledMasks& masks,
                        base::Range neurons)
{
    check_frames(activity.frames, epochs.frames);
    check_frames(activity.frames, masks.frames);
    const auto strips = base::blocks_of(activity.frames, strip_frames);
    const auto real_masks = cut_in_strips(unshuffled_mask(epochs), strips);
    const auto shuffled = cut_in_strips(masks, strips);
    const auto total = magnitudes(activity, neurons);
    auto fixed = std::vector<FixedPoint>(total.begin(), total.end());

    auto counts = ShuffleCounts{};
    auto table = PrefixTable{};
    auto sums = std::vector<Row>(static_cast<std::size_t>(masks.shuffles()));
    for (auto first = neurons.first; first < neurons.last; first += std::int64_t{lanes}) {
        const auto block = base::Range{first, std::min(first + std::int64_t{lanes}, neurons.last)};
        const auto done = counts.less.size();
        const auto size = static_cast<std::size_t>(block.size());
        const auto points = std::span(fixed).subspan(done, size);
        auto real = Row{}, tolerance = Row{}, less = Row{}, equal = Row{};
        std::fill(sums.begin(), sums.end(), Row{});
        for (std::size_t strip = 0; strip < strips.size(); ++strip) {
            build_table(table, activity, block, points, strips[strip]);
            add_masked(table, real_masks[strip], {&real, 1});
            add_masked(table, shuffled[strip], sums);
        }
        for (std::size_t lane = 0; lane < size; ++lane)
            tolerance.lane[lane] = points[lane].tolerance;
        compare(sums, real, tolerance, less, equal);
        for (std::size_t lane = 0; lane < size; ++lane) {
            const auto known = std::isfinite(total[done + lane]);
            counts.less.push_back(known ? static_cast<std::int32_t>(less.lane[lane]) : 0);
            counts.equal.push_back(known ? static_cast<std::int32_t>(equal.lane[lane]) : 0);
        }
    }
    return counts;
}

void check_counts(const ShuffleCounts& counts, const MovementActivity& activity,
                  std::int64_t shuffles, std::span<const double> levels)
{
    if (shuffles <= 0)
        throw base::InputError("no shuffles", "", "draw at least one shuffle");
    if (counts.less.size() != counts.equal.size() || counts.less.size() != activity.mean.size() ||
        counts.less.size() != activity.finite.size())
        throw base::InputError("counts and activity are of different neurons", "",
                               "take both over the same range of neurons");
    for (const auto level : levels)
        if (!(level > 0.5 && level < 1))
            throw base::InputError(fmt::format("level {}", level), "--level",
                                   "give levels between 0.5 and 1, for example 0.995");
}

} // namespace

ShuffleCounts& ShuffleCounts::operator+=(const ShuffleCounts& other)
{
    if (other.less.size() != less.size())
        throw base::InputError("counts of different neurons cannot be added", "",
                               "take them over the same range of neurons");
    for (std::size_t k = 0; k < less.size(); ++k) {
        less[k] += other.less[k];
        equal[k] += other.equal[k];
    }
    return *this;
}

ShuffleCounts count_shuffles(const activity::ActivityView& activity, const Epochs& epochs,
                             const ShuffledMasks& masks, base::Range neurons)
{
    return count_any(activity, epochs, masks, neurons);
}

ShuffleCounts count_shuffles(const activity::DenseActivityView<float>& activity,
                             const Epochs& epochs, const ShuffledMasks& masks, base::Range neurons)
{
    return count_any(activity, epochs, masks, neurons);
}

ShuffleCounts count_shuffles(const activity::DenseActivityView<double>& activity,
                             const Epochs& epochs, const ShuffledMasks& masks, base::Range neurons)
{
    return count_any(activity, epochs, masks, neurons);
}

MovementActivity movement_activity(const activity::ActivityView& activity, const Epochs& epochs,
                                   base::Range neurons)
{
    return activity_of_any(activity, epochs, neurons);
}

MovementActivity movement_activity(const activity::DenseActivityView<float>& activity,
                                   const Epochs& epochs, base::Range neurons)
{
    return activity_of_any(activity, epochs, neurons);
}

MovementActivity movement_activity(const activity::DenseActivityView<double>& activity,
                                   const Epochs& epochs, base::Range neurons)
{
    return activity_of_any(activity, epochs, neurons);
}

MovementRelation relation_of(const ShuffleCounts& counts, const MovementActivity& activity,
                             std::int64_t shuffles, std::span<const double> levels)
{
    check_counts(counts, activity, shuffles, levels);
    const auto neurons = counts.less.size();
    const auto all = static_cast<double>(shuffles) + 1;
    auto relation = MovementRelation{};
    auto tied_rank = std::vector<double>(neurons);
    for (std::size_t k = 0; k < neurons; ++k) {
        const auto less = static_cast<double>(counts.less[k]);
        const auto equal = static_cast<double>(counts.equal[k]);
        const auto known = activity.finite[k] != 0;
        tied_rank[k] = 1 + less + equal / 2;
        relation.p_rank.push_back(known ? tied_rank[k] / all : nan);
        relation.p_value.push_back(known ? (all - less) / all : nan);
        relation.p_value_quiescent.push_back(known ? (1 + less + equal) / all : nan);
    }
    // Ranks are multiples of one half: the margin keeps the rounding of level * all from deciding.
    constexpr auto margin = 1e-6;
    for (const auto level : levels)
        for (std::size_t k = 0; k < neurons; ++k) {
            const auto tested = activity.finite[k] != 0 && !std::isnan(activity.mean[k]);
            relation.movement_related.push_back(tested && tied_rank[k] > level * all + margin);
            relation.quiescent_related.push_back(tested &&
                                                 tied_rank[k] < (1 - level) * all - margin);
        }
    return relation;
}

std::vector<double> shuffled_scores(std::span<const double> trace, const ShuffledMasks& masks,
                                    std::int64_t movement_frames)
{
    auto before = std::vector<double>(trace.size() + 1, 0.0); // activity before a frame
    std::partial_sum(trace.begin(), trace.end(), before.begin() + 1);
    auto scores = std::vector<double>{};
    for (std::int64_t shuffle = 0; shuffle < masks.shuffles(); ++shuffle) {
        auto sum = 0.0;
        const auto edges = masks.edges_of(shuffle);
        for (std::size_t i = 0; i + 1 < edges.size(); i += 2)
            sum += before[static_cast<std::size_t>(edges[i + 1])] -
                   before[static_cast<std::size_t>(edges[i])];
        scores.push_back(sum / static_cast<double>(movement_frames));
    }
    return scores;
}

namespace {

/// Share of unrelated neurons whose rank is no further than `reach` shuffles from the end of the
/// ranks, where every `alike` shuffles of `all` make one step.
double share_within(double reach, double alike, double all)
{
    return std::max(0.0, std::ceil(reach / alike - 1e-9)) * alike / all;
}

} // namespace

double RankSteps::share_above(double level) const
{
    const auto all = static_cast<double>(shuffles) + 1;
    const auto tied = static_cast<double>(ties);
    return share_within(all * (1 - level) - tied / 2, tied + 1, all);
}

double RankSteps::share_below(double level) const
{
    const auto all = static_cast<double>(shuffles) + 1;
    const auto tied = static_cast<double>(ties);
    return share_within(all * (1 - level) - 1 - tied / 2, tied + 1, all);
}

double RankSteps::largest_rank() const
{
    return 1 - static_cast<double>(ties) / 2 / (static_cast<double>(shuffles) + 1);
}

double RankSteps::smallest_rank() const
{
    return (1 + static_cast<double>(ties) / 2) / (static_cast<double>(shuffles) + 1);
}

} // namespace rewire::behaviour
