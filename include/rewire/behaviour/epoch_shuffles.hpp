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

/// Masks of shuffles [first, last). Cost: about 5 ns per run and shuffle for `runs`, 30 ns per
/// movement and shuffle for `frames`. Memory: 8 bytes per movement and shuffle.
/// @throws InputError for 2^31 frames or more
ShuffledMasks shuffled_masks(const Epochs& epochs, ShuffleUnits units, const ShuffleKey& key,
                             base::Range shuffles);

/// Masks from permutations given outright: `order` holds shuffles x units unit indices, each row a
/// permutation; the mask is the concatenation of the units in that order. Units are numbered in
/// the order of time, a quiescent frame or run and a movement run alike.
/// @throws InputError: a row that is no permutation of the units
ShuffledMasks masks_of_orders(const Epochs& epochs, ShuffleUnits units,
                              std::span<const std::int32_t> order);

/// The mask itself as the only "shuffle".
ShuffledMasks unshuffled_mask(const Epochs& epochs);

} // namespace rewire::behaviour
