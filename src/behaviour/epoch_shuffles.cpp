#include "rewire/behaviour/epoch_shuffles.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
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
    /// All units one after the other. Which kind comes next is a coin toss that no processor
    /// predicts, so there is no branch: an edge is written at every unit and kept where the kind
    /// changes.
    void in_order(std::span<const Unit> units)
    {
        auto& edge = masks_.edge;
        auto kept = edge.size();
        edge.resize(kept + units.size() + 1);
        auto frame = std::int32_t{0};
        auto moving = false;
        for (const auto& unit : units) {
            edge[kept] = frame;
            kept += static_cast<std::size_t>(unit.moving != moving);
            moving = unit.moving;
            frame += unit.length;
        }
        edge[kept] = frame;
        edge.resize(kept + static_cast<std::size_t>(moving));
    }
    void end_of_shuffle() { masks_.start.push_back(static_cast<std::int64_t>(masks_.edge.size())); }
    ShuffledMasks take() { return std::move(masks_); }

  private:
    ShuffledMasks masks_;
};

/// Random integers below a bound by multiplication (Lemire), without bias: a shuffle needs hundreds
/// of them, and with two 64-bit divisions for each, drawing would take longer than testing.
class Draws
{
  public:
    explicit Draws(base::Stream& stream) : stream_(stream) {}

    /// @pre 0 < bound < 2^32
    std::uint32_t below(std::uint32_t bound)
    {
        // Bounds that are small for 16 bits are hardly ever rejected and take a quarter of a word.
        return bound <= 2048 ? by_multiplication<16>(bound) : by_multiplication<32>(bound);
    }

    template <typename T>
    void permute(std::span<T> items)
    {
        for (auto left = static_cast<std::uint32_t>(items.size()); left > 1; --left)
            std::swap(items[left - 1], items[below(left)]);
    }

  private:
    template <int bits>
    std::uint32_t by_multiplication(std::uint32_t bound)
    {
        constexpr auto range = std::uint64_t{1} << bits;
        auto product = take<bits>() * bound;
        if (product % range < bound)
            for (const auto rejected = range % bound; product % range < rejected;)
                product = take<bits>() * bound;
        return static_cast<std::uint32_t>(product >> bits);
    }

    template <int bits>
    std::uint64_t take()
    {
        if (left_ < bits) {
            word_ = stream_.bits64();
            left_ = 64;
        }
        const auto taken = word_ & ((std::uint64_t{1} << bits) - 1);
        word_ >>= bits;
        left_ -= bits;
        return taken;
    }

    base::Stream& stream_;
    std::uint64_t word_ = 0;
    int left_ = 0;
};

/// The same distribution as permuting all units, drawn by its few movements: which of the slots
/// hold a movement (a set without replacement), and which movement comes in which of them.
class FrameShuffler
{
  public:
    /// @param first frame of the session at which these epochs begin
    FrameShuffler(const Epochs& epochs, std::int64_t first)
        : first_(first),
          slots_(epochs.frames - epochs.movement_frames() +
                 static_cast<std::int64_t>(epochs.movements.size())),
          taken_(static_cast<std::size_t>((slots_ + 63) / 64))
    {
        for (const auto& run : epochs.movements)
            lengths_.push_back(run.size());
    }

    void shuffle(Draws& draws, MaskWriter& writer)
    {
        std::fill(taken_.begin(), taken_.end(), 0);
        for (std::size_t drawn = 0; drawn < lengths_.size();) {
            // At most half of the slots are taken: there is a quiescent frame between movements.
            const auto slot = draws.below(static_cast<std::uint32_t>(slots_));
            const auto bit = std::uint64_t{1} << (slot % 64);
            drawn += (taken_[slot / 64] & bit) == 0 ? 1 : 0;
            taken_[slot / 64] |= bit;
        }
        auto lengths = lengths_;
        draws.permute(std::span(lengths));
        auto placed = std::size_t{0};
        auto shift = std::int64_t{0}; // frames that earlier movements have beyond their slot
        for (std::size_t word = 0; word < taken_.size(); ++word)
            for (auto bits = taken_[word]; bits != 0; bits &= bits - 1) {
                const auto slot = static_cast<std::int64_t>(word) * 64 + std::countr_zero(bits);
                const auto length = lengths[placed++];
                writer.movement(first_ + slot + shift, first_ + slot + shift + length);
                shift += length - 1;
            }
    }

  private:
    std::int64_t first_;
    std::int64_t slots_;
    std::vector<std::uint64_t> taken_;
    std::vector<std::int64_t> lengths_;
};

/// The epochs of a block, from its first frame on.
Epochs epochs_in(const Epochs& epochs, base::Range block)
{
    auto inside = Epochs{block.size(), {}};
    for (const auto& run : epochs.movements)
        if (run.first >= block.first && run.first < block.last)
            inside.movements.push_back({run.first - block.first, run.last - block.first});
    return inside;
}

/// Units of each block, as ranges of the units of the session.
std::vector<base::Range> units_of_blocks(const std::vector<Unit>& units,
                                         const std::vector<base::Range>& blocks)
{
    auto ranges = std::vector<base::Range>{};
    auto unit = std::int64_t{0};
    auto frame = std::int64_t{0};
    for (const auto& block : blocks) {
        const auto first = unit;
        for (; frame < block.last; ++unit)
            frame += units[static_cast<std::size_t>(unit)].length;
        ranges.push_back({first, unit});
    }
    return ranges;
}

void check_length(const Epochs& epochs)
{
    if (epochs.frames > std::numeric_limits<std::int32_t>::max())
        throw base::InputError(fmt::format("{} frames in one session", epochs.frames), "",
                               "split the recording: shuffles are drawn for up to 2^31 - 1 frames");
}

} // namespace

std::vector<base::Range> blocks_in_time(const Epochs& epochs, std::int64_t block_frames)
{
    auto blocks = std::vector<base::Range>{};
    auto frame = std::int64_t{0};
    if (block_frames > 0)
        for (const auto& unit : units_of(epochs, ShuffleUnits::runs)) {
            frame += unit.length;
            const auto first = blocks.empty() ? 0 : blocks.back().last;
            if (frame - first >= block_frames)
                blocks.push_back({first, frame});
        }
    if (blocks.empty())
        blocks.push_back({0, epochs.frames});
    blocks.back().last = epochs.frames; // what is left is shorter than a block
    return blocks;
}

ShuffledMasks shuffled_masks(const Epochs& epochs, ShuffleUnits units, const ShuffleKey& key,
                             base::Range shuffles, std::int64_t block_frames)
{
    check_length(epochs);
    const auto blocks = blocks_in_time(epochs, block_frames);
    const auto whole_runs = units == ShuffleUnits::runs;
    const auto in_time = whole_runs ? units_of(epochs, units) : std::vector<Unit>{};
    const auto ranges = whole_runs ? units_of_blocks(in_time, blocks) : std::vector<base::Range>{};
    auto permuted = in_time;
    auto frame_shufflers = std::vector<FrameShuffler>{};
    if (!whole_runs)
        for (const auto& block : blocks)
            frame_shufflers.emplace_back(epochs_in(epochs, block), block.first);
    auto writer = MaskWriter(epochs.frames);
    for (auto shuffle = shuffles.first; shuffle < shuffles.last; ++shuffle) {
        auto stream = base::Stream(key.seed, {base::key_of("movement epochs"), key.subject,
                                              key.session, static_cast<std::uint64_t>(shuffle)});
        auto draws = Draws(stream);
        if (whole_runs) {
            permuted = in_time; // a shuffle must not depend on the one before
            for (const auto& range : ranges)
                draws.permute(std::span(permuted).subspan(static_cast<std::size_t>(range.first),
                                                          static_cast<std::size_t>(range.size())));
            writer.in_order(permuted);
        }
        for (auto& shuffler : frame_shufflers)
            shuffler.shuffle(draws, writer);
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
        throw base::InputError("a shuffle is not a permutation of the units", "",
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
        writer.in_order(permuted);
        writer.end_of_shuffle();
    }
    return writer.take();
}

namespace {

double distinct_masks_of_all(const Epochs& epochs, ShuffleUnits units)
{
    auto alike = std::vector<std::uint64_t>{}; // units of one kind and length
    const auto quiet = epochs.frames - epochs.movement_frames();
    if (units == ShuffleUnits::frames && quiet > 0)
        alike.push_back(static_cast<std::uint64_t>(quiet)); // first: its factor is 1
    auto units_of_kind = std::map<std::pair<bool, std::int64_t>, std::uint64_t>{};
    auto frame = std::int64_t{0};
    for (const auto& run : epochs.movements) {
        ++units_of_kind[{true, run.size()}];
        if (units == ShuffleUnits::runs && run.first > frame)
            ++units_of_kind[{false, run.first - frame}];
        frame = run.last;
    }
    if (units == ShuffleUnits::runs && epochs.frames > frame)
        ++units_of_kind[{false, epochs.frames - frame}];
    for (const auto& [kind, count] : units_of_kind)
        alike.push_back(count);

    // One binomial C(placed + count, count) after the other; built up factor by factor, each is
    // whole and grows at every step.
    auto total = std::uint64_t{1};
    auto placed = std::uint64_t{0};
    for (const auto count : alike) {
        auto ways = std::uint64_t{1};
        for (std::uint64_t k = 1; k <= count && placed > 0; ++k) {
            ways = ways * (placed + k) / k; // below 1e9 times 2^31: fits
            if (static_cast<double>(total) * static_cast<double>(ways) > many_masks)
                return many_masks;
        }
        total *= ways;
        placed += count;
    }
    return static_cast<double>(total);
}

} // namespace

double distinct_masks(const Epochs& epochs, ShuffleUnits units, std::int64_t block_frames)
{
    auto masks = 1.0;
    for (const auto& block : blocks_in_time(epochs, block_frames))
        masks =
            std::min(many_masks, masks * distinct_masks_of_all(epochs_in(epochs, block), units));
    return masks;
}

double largest_p_rank(const Epochs& epochs, ShuffleUnits units, std::int64_t shuffles,
                      std::int64_t block_frames)
{
    const auto drawn = static_cast<double>(shuffles);
    return (1 + drawn * (1 - 0.5 / distinct_masks(epochs, units, block_frames))) / (drawn + 1);
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
