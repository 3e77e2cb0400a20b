#pragma once

#include <rewire/base/partition.hpp>
#include <rewire/behaviour/movement_epochs.hpp>

#include <cstdint>
#include <span>
#include <vector>

/// Movement masks of which only the position of the epochs is random (methods page, calcium (f)).
namespace rewire::behaviour {

/// What is permuted. Movement runs are never broken.
enum class ShuffleUnits
{
    runs,   ///< movement and quiescent runs, both whole
    frames, ///< movement runs whole, quiescent time as single frames
};

/// Names the random numbers of one session: shuffle s of a session is the same wherever and
/// whenever it is drawn.
struct ShuffleKey
{
    std::uint64_t seed = 0;
    std::uint64_t subject = 0; ///< base::key_of(name)
    std::uint64_t session = 0; ///< base::key_of(name)
};

/// The masks of some shuffles, each as the ascending frames at which its movements start and stop:
/// edges start[s] .. start[s+1] are start, stop, start, stop ... of shuffle s. Movements that came
/// to lie next to each other are one.
struct ShuffledMasks
{
    std::int64_t frames = 0;
    std::vector<std::int64_t> start{0};
    std::vector<std::int32_t> edge;

    std::int64_t shuffles() const noexcept { return static_cast<std::int64_t>(start.size()) - 1; }
    std::span<const std::int32_t> edges_of(std::int64_t shuffle) const noexcept
    {
        const auto first = static_cast<std::size_t>(start[static_cast<std::size_t>(shuffle)]);
        const auto last = static_cast<std::size_t>(start[static_cast<std::size_t>(shuffle) + 1]);
        return std::span(edge).subspan(first, last - first);
    }
};

/// Stretches of at least `block_frames` frames, each of whole runs of movement or of rest, that
/// follow one another over the session; 0: one, the session. Where rates and movements change
/// together over a session, though neither knows of the other, runs that are permuted over all of
/// it make neurons seem related to movement; within blocks the change stays where it is.
std::vector<base::Range> blocks_in_time(const Epochs& epochs, std::int64_t block_frames);

/// Masks of shuffles [first, last), units permuted within blocks_in_time. Cost: about 5 ns per run
/// and shuffle for `runs`, 30 ns per movement and shuffle for `frames`. Memory: 8 bytes per
/// movement and shuffle.
/// @throws InputError for 2^31 frames or more
ShuffledMasks shuffled_masks(const Epochs& epochs, ShuffleUnits units, const ShuffleKey& key,
                             base::Range shuffles, std::int64_t block_frames = 0);

/// Masks from permutations given outright: `order` holds shuffles x units unit indices, each row a
/// permutation; the mask is the concatenation of the units in that order. Units are numbered in
/// the order of time, a quiescent frame or run and a movement run alike.
/// @throws InputError: a row that is not a permutation of the units
ShuffledMasks masks_of_orders(const Epochs& epochs, ShuffleUnits units,
                              std::span<const std::int32_t> order);

/// Above this `distinct_masks` stops counting.
inline constexpr double many_masks = 1e9;

/// Orders of the units that can be told apart, all of them equally likely: units! / product of
/// (units of the same kind and length)!, exact up to `many_masks`, and `many_masks` for more.
///
/// Its reciprocal is the chance that a shuffle is the unshuffled mask again. In that mask no two
/// runs of a kind touch, so exactly one order of those that can be told apart gives it. Other
/// masks, in which runs of a kind do touch, may be given by several: of masks there are at most as
/// many. One unit, or none: 1.
/// Cost: n log n of the number of movements.
double distinct_masks(const Epochs& epochs, ShuffleUnits units, std::int64_t block_frames = 0);

/// The largest p_rank (movement_test.hpp) to be expected of a neuron whose real score is above that
/// of every other mask: a shuffle that is the unshuffled mask ties and counts one half, so
/// (1 + shuffles (1 - 1 / (2 distinct_masks))) / (shuffles + 1). Where it does not exceed the
/// level, no neuron of the session can be found except by chance; 6 masks give 0.917, 100 give
/// 0.995. The smallest p_rank of a neuron that is least active in movement is 1 minus this plus 1 /
/// (shuffles + 1).
/// @pre shuffles > 0
double largest_p_rank(const Epochs& epochs, ShuffleUnits units, std::int64_t shuffles,
                      std::int64_t block_frames = 0);

/// The mask itself as the only "shuffle".
ShuffledMasks unshuffled_mask(const Epochs& epochs);

} // namespace rewire::behaviour
