#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/behaviour/epoch_shuffles.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <utility>

namespace rewire::behaviour {

namespace {

struct Unit
{
    std::int32_t length;
    bool moving;
};

std::vector<Unit> units_of(const Epochs& epochs, ShuffleUnits kind)
{
    auto units = std::vector<Unit>{};
    const auto add_quiescence = [&](std::int64_t frames) {
        if (kind == ShuffleUnits::frames)
            units.insert(units.end(), static_cast<std::size_t>(frames), Unit{1, false});
        else if (frames > 0)
            units.push_back({static_cast<std::int32_t>(frames), false});
    };
    auto frame = std::int64_t{0};
    for (const auto& run : epochs.movements) {
        add_quiescence(run.first - frame);
        units.push_back({static_cast<std::int32_t>(run.size()), true});
        frame = run.last;
    }
    add_quiescence(epochs.frames - frame);
    return units;
}

/// Appends movements in ascending order, joining those that touch.
class MaskWriter
{
  public:
    explicit MaskWriter(std::int64_t frames) { masks_.frames = frames; }

    void movement(std::int64_t first, std::int64_t last)
    {
        auto& edge = masks_.edge;
        const auto is_open = static_cast<std::int64_t>(edge.size()) > masks_.start.back();
        if (is_open && edge.back() == first)
            edge.back() = static_cast<std::int32_t>(last);
        else
            edge.insert(edge.end(),
                        {static_cast<std::int32_t>(first), static_cast<std::int32_t>(last)});
    }
    void end_of_shuffle() { masks_.start.push_back(static_cast<std::int64_t>(masks_.edge.size())); }
    ShuffledMasks take() { return std::move(masks_); }

  private:
    ShuffledMasks masks_;
};

/// Uniform in [0, bound) from 32 random bits by multiplication (Lemire), without bias: a shuffle
/// needs hundreds of them, and two 64-bit divisions for each would cost as much as the test.
std::uint32_t below(base::Stream& stream, std::uint32_t bound)
{
    auto product = std::uint64_t{stream.bits32()} * bound;
    if (static_cast<std::uint32_t>(product) < bound) {
        const auto rejected = (0U - bound) % bound;
        while (static_cast<std::uint32_t>(product) < rejected)
            product = std::uint64_t{stream.bits32()} * bound;
    }
    return static_cast<std::uint32_t>(product >> 32);
}

template <typename T>
void permute(base::Stream& stream, std::vector<T>& items)
{
    for (auto left = static_cast<std::uint32_t>(items.size()); left > 1; --left)
        std::swap(items[left - 1], items[below(stream, left)]);
}

void place_in_order(std::span<const Unit> units, MaskWriter& writer)
{
    auto frame = std::int64_t{0};
    for (const auto& unit : units) {
        if (unit.moving)
            writer.movement(frame, frame + unit.length);
        frame += unit.length;
    }
}

void shuffle_runs(base::Stream& stream, std::vector<Unit>& units, MaskWriter& writer)
{
    permute(stream, units);
    place_in_order(units, writer);
}

/// The same distribution as permuting all units, drawn by its few movements: which of the slots
/// hold a movement (a set without replacement), and which movement comes in which of them.
class FrameShuffler
{
  public:
    explicit FrameShuffler(const Epochs& epochs)
        : slots_(epochs.frames - epochs.movement_frames() +
                 static_cast<std::int64_t>(epochs.movements.size())),
          taken_(static_cast<std::size_t>((slots_ + 63) / 64))
    {
        for (const auto& run : epochs.movements)
            lengths_.push_back(run.size());
    }

    void shuffle(base::Stream& stream, MaskWriter& writer)
    {
        std::fill(taken_.begin(), taken_.end(), 0);
        for (std::size_t drawn = 0; drawn < lengths_.size();) {
            // At most half of the slots are taken: there is a quiescent frame between movements.
            const auto slot = below(stream, static_cast<std::uint32_t>(slots_));
            const auto bit = std::uint64_t{1} << (slot % 64);
            drawn += (taken_[slot / 64] & bit) == 0 ? 1 : 0;
            taken_[slot / 64] |= bit;
        }
        auto lengths = lengths_;
        permute(stream, lengths);
        auto placed = std::size_t{0};
        auto shift = std::int64_t{0}; // frames that earlier movements have beyond their slot
        for (std::size_t word = 0; word < taken_.size(); ++word)
            for (auto bits = taken_[word]; bits != 0; bits &= bits - 1) {
                const auto slot = static_cast<std::int64_t>(word) * 64 + std::countr_zero(bits);
                const auto length = lengths[placed++];
                writer.movement(slot + shift, slot + shift + length);
                shift += length - 1;
            }
    }

  private:
    std::int64_t slots_;
    std::vector<std::uint64_t> taken_;
    std::vector<std::int64_t> lengths_;
};

void check_length(const Epochs& epochs)
{
    if (epochs.frames > std::numeric_limits<std::int32_t>::max())
        throw base::InputError(fmt::format("{} frames in one session", epochs.frames), "",
                               "split the recording: shuffles are drawn for up to 2^31 - 1 frames");
}

} // namespace

ShuffledMasks shuffled_masks(const Epochs& epochs, ShuffleUnits units, const ShuffleKey& key,
                             base::Range shuffles)
{
    check_length(epochs);
    const auto in_time =
        units == ShuffleUnits::runs ? units_of(epochs, units) : std::vector<Unit>{};
    auto permuted = in_time;
    auto frame_shuffler = FrameShuffler(epochs);
    auto writer = MaskWriter(epochs.frames);
    for (auto shuffle = shuffles.first; shuffle < shuffles.last; ++shuffle) {
        auto stream = base::Stream(key.seed, {base::key_of("movement epochs"), key.subject,
                                              key.session, static_cast<std::uint64_t>(shuffle)});
        if (units == ShuffleUnits::runs) {
            permuted = in_time; // a shuffle must not depend on the one before
            shuffle_runs(stream, permuted, writer);
        } else {
            frame_shuffler.shuffle(stream, writer);
        }
        writer.end_of_shuffle();
    }
    return writer.take();
}

ShuffledMasks masks_of_orders(const Epochs& epochs, ShuffleUnits units,
                              std::span<const std::int32_t> order)
{
    check_length(epochs);
    const auto in_time = units_of(epochs, units);
    const auto count = in_time.size();
    auto writer = MaskWriter(epochs.frames);
    if (count == 0)
        return writer.take();
    const auto fail = [&] {
        throw base::InputError("a shuffle is no permutation of the units", "",
                               fmt::format("every row has to hold 0 .. {} once", count - 1));
    };
    if (order.size() % count != 0)
        fail();
    auto permuted = std::vector<Unit>(count);
    for (std::size_t row = 0; row < order.size(); row += count) {
        auto seen = std::vector<bool>(count);
        for (std::size_t k = 0; k < count; ++k) {
            const auto unit = static_cast<std::size_t>(order[row + k]);
            if (unit >= count || seen[unit])
                fail();
            seen[unit] = true;
            permuted[k] = in_time[unit];
        }
        place_in_order(permuted, writer);
        writer.end_of_shuffle();
    }
    return writer.take();
}

ShuffledMasks unshuffled_mask(const Epochs& epochs)
{
    check_length(epochs);
    auto writer = MaskWriter(epochs.frames);
    for (const auto& run : epochs.movements)
        writer.movement(run.first, run.last);
    writer.end_of_shuffle();
    return writer.take();
}

} // namespace rewire::behaviour
