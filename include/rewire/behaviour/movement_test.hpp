#pragma once

#include <rewire/activity/activity.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/behaviour/epoch_shuffles.hpp>

#include <cstdint>
#include <span>
#include <vector>

/// Which neurons (or spines) are more active in movement than the position of the movements alone
/// would give (methods page, calcium (f) and (i); the paper's 2.9).
///
/// The score of a neuron is its activity summed over the movement frames. It is compared with the
/// score under each shuffled mask; what is kept is how many shuffles lie below it and how many tie.
/// Both are integers, so that blocks of shuffles, computed anywhere in any order, add up to the
/// same numbers.
///
/// Sums are taken in 64-bit fixed point, the unit being at most 2^-59 of the neuron's total
/// |activity|: they do not depend on the order of summation. A shuffle ties if its score differs by
/// no more than 2^-40 of that total, which absorbs the rounding of the activity itself.
namespace rewire::behaviour {

/// Shuffles below the real score and tied with it, by neuron. Both 0 for a neuron whose activity is
/// not finite throughout.
struct ShuffleCounts
{
    std::vector<std::int32_t> less;
    std::vector<std::int32_t> equal;

    /// Adds the counts of other shuffles of the same neurons.
    ShuffleCounts& operator+=(const ShuffleCounts& other);
};

/// Counts for neurons [neurons.first, neurons.last) over the given masks.
///
/// Cost: neurons / 8 x edges gathers of one cache line from tables that stay in the L2 cache, and
/// the building of these tables once a call (events: 6 ms for 500 neurons x 40,000 frames; dense
/// activity: some 200 ms), so that a call with thousands of shuffles is cheapest per shuffle.
/// Memory: masks once more, and 64 bytes a shuffle.
/// @throws InputError: activity, epochs and masks have different numbers of frames
ShuffleCounts count_shuffles(const activity::ActivityView& activity, const Epochs& epochs,
                             const ShuffledMasks& masks, base::Range neurons);
ShuffleCounts count_shuffles(const activity::DenseActivityView<float>& activity,
                             const Epochs& epochs, const ShuffledMasks& masks, base::Range neurons);
ShuffleCounts count_shuffles(const activity::DenseActivityView<double>& activity,
                             const Epochs& epochs, const ShuffledMasks& masks, base::Range neurons);

/// The activity that is tested, by neuron of a range.
struct MovementActivity
{
    std::vector<double> mean;         ///< in the movement frames; NaN without any or if not finite
    std::vector<std::uint8_t> finite; ///< 1 if no sample of the neuron is NaN or infinite
};

MovementActivity movement_activity(const activity::ActivityView& activity, const Epochs& epochs,
                                   base::Range neurons);
MovementActivity movement_activity(const activity::DenseActivityView<float>& activity,
                                   const Epochs& epochs, base::Range neurons);
MovementActivity movement_activity(const activity::DenseActivityView<double>& activity,
                                   const Epochs& epochs, base::Range neurons);

/// Mean activity of one neuron in the movement frames of every shuffle: what a reader wants to see
/// behind a p-value.
/// @param trace [frame] @param movement_frames of every mask; above 0
std::vector<double> shuffled_scores(std::span<const double> trace, const ShuffledMasks& masks,
                                    std::int64_t movement_frames);

/// Ranks that neurons can have among shuffles. They come in steps: of one shuffle, or, where there
/// are few distinct shuffles, of as many as are alike.
struct RankSteps
{
    std::int64_t shuffles = 0;
    std::int64_t ties = 0; ///< fewest shuffles that a tested neuron ties with

    /// Share of neurons without any relation to movement whose rank is above a level; 0: no rank
    /// reaches above it.
    double share_above(double level) const;
    /// The same of ranks below one minus the level.
    double share_below(double level) const;
    /// The largest and the smallest rank that a neuron can have.
    double largest_rank() const;
    double smallest_rank() const;
};

/// What follows from the counts.
struct MovementRelation
{
    std::vector<double> p_rank;  ///< tied rank of the real score / (shuffles + 1)
    std::vector<double> p_value; ///< (1 + greater + equal) / (shuffles + 1): movement, one-sided
    std::vector<double> p_value_quiescent;       ///< (1 + less + equal) / (shuffles + 1)
    std::vector<std::uint8_t> movement_related;  ///< [level, neuron] p_rank > level
    std::vector<std::uint8_t> quiescent_related; ///< [level, neuron] p_rank < 1 - level
};

/// A neuron whose activity is not finite has NaN for all p; in a session without movement (mean
/// NaN) all shuffles tie and p says so. Neither is related to anything.
/// @throws InputError: no shuffles, a level outside (0.5, 1), or columns of different length
MovementRelation relation_of(const ShuffleCounts& counts, const MovementActivity& activity,
                             std::int64_t shuffles, std::span<const double> levels);

} // namespace rewire::behaviour
