#include "prefix_table.hpp"

#include <rewire/base/error.hpp>
#include <rewire/behaviour/movement_test.hpp>

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace rewire::behaviour {

namespace {

constexpr auto nan = std::numeric_limits<double>::quiet_NaN();

void check_frames(std::int64_t activity, std::int64_t epochs)
{
    if (activity != epochs)
        throw base::InputError(
            fmt::format("activity has {} frames, movement has {}", activity, epochs), "",
            "both have to be on the same frames; smoothing drops two at each end");
}

void check_finite(bool finite, MovementActivity& result, double sum, double movement_frames)
{
    result.finite.push_back(finite ? 1 : 0);
    result.mean.push_back(finite && movement_frames > 0 ? sum / movement_frames : nan);
}

template <typename View>
ShuffleCounts count_any(const View& activity, const Epochs& epochs, const ShuffledMasks& masks,
                        base::Range neurons, std::span<const std::uint8_t> finite)
{
    check_frames(activity.frames, masks.frames);
    const auto real = unshuffled_mask(epochs);
    auto counts = ShuffleCounts{};
    auto table = PrefixTable{};
    auto less = Row{};
    auto equal = Row{};
    for (auto first = neurons.first; first < neurons.last; first += std::int64_t{lanes}) {
        const auto block = base::Range{first, std::min(first + std::int64_t{lanes}, neurons.last)};
        table.build(activity, block);
        count_masks(table, real.edge, masks, less, equal);
        for (std::size_t lane = 0; lane < static_cast<std::size_t>(block.size()); ++lane) {
            const auto known = finite[counts.less.size()] != 0;
            counts.less.push_back(known ? static_cast<std::int32_t>(less.lane[lane]) : 0);
            counts.equal.push_back(known ? static_cast<std::int32_t>(equal.lane[lane]) : 0);
        }
    }
    return counts;
}

template <typename T>
MovementActivity activity_of_dense(const DenseActivityView<T>& activity, const Epochs& epochs,
                                   base::Range neurons)
{
    check_frames(activity.frames, epochs.frames);
    const auto count = static_cast<std::size_t>(neurons.size());
    const auto mask = mask_of(epochs);
    auto total = std::vector<double>(count);
    auto moving = std::vector<double>(count);
    for (std::int64_t frame = 0; frame < activity.frames; ++frame) {
        const auto* values = activity.value.data() + frame * activity.neurons + neurons.first;
        for (std::size_t k = 0; k < count; ++k) {
            total[k] += std::abs(static_cast<double>(values[k]));
            if (mask[static_cast<std::size_t>(frame)] != 0)
                moving[k] += static_cast<double>(values[k]);
        }
    }
    auto result = MovementActivity{};
    for (std::size_t k = 0; k < count; ++k)
        check_finite(std::isfinite(total[k]), result, moving[k],
                     static_cast<double>(epochs.movement_frames()));
    return result;
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

ShuffleCounts count_shuffles(const calcium::ActivityView& activity, const Epochs& epochs,
                             const ShuffledMasks& masks, base::Range neurons)
{
    const auto finite = movement_activity(activity, epochs, neurons).finite;
    return count_any(activity, epochs, masks, neurons, finite);
}

ShuffleCounts count_shuffles(const DenseActivityView<float>& activity, const Epochs& epochs,
                             const ShuffledMasks& masks, base::Range neurons)
{
    const auto finite = movement_activity(activity, epochs, neurons).finite;
    return count_any(activity, epochs, masks, neurons, finite);
}

ShuffleCounts count_shuffles(const DenseActivityView<double>& activity, const Epochs& epochs,
                             const ShuffledMasks& masks, base::Range neurons)
{
    const auto finite = movement_activity(activity, epochs, neurons).finite;
    return count_any(activity, epochs, masks, neurons, finite);
}

MovementActivity movement_activity(const calcium::ActivityView& activity, const Epochs& epochs,
                                   base::Range neurons)
{
    check_frames(activity.frames, epochs.frames);
    auto result = MovementActivity{};
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
        check_finite(std::isfinite(magnitude(values)), result, sum,
                     static_cast<double>(epochs.movement_frames()));
    }
    return result;
}

MovementActivity movement_activity(const DenseActivityView<float>& activity, const Epochs& epochs,
                                   base::Range neurons)
{
    return activity_of_dense(activity, epochs, neurons);
}

MovementActivity movement_activity(const DenseActivityView<double>& activity, const Epochs& epochs,
                                   base::Range neurons)
{
    return activity_of_dense(activity, epochs, neurons);
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

} // namespace rewire::behaviour
