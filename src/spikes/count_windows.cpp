#include <rewire/base/dispatch.hpp>
#include <rewire/spikes/correlogram.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace rewire::spikes {

namespace {

#define REWIRE_INLINE __attribute__((always_inline)) inline

/// 256 lags of one spike, or 57 lags of four.
using Bits = std::uint64_t __attribute__((vector_size(32)));

constexpr auto wide_lags = std::int64_t{256};
constexpr auto narrow_lags = std::int64_t{57};

/// 16 * 2^27 windows are beyond any train of 2^31 bins.
constexpr auto levels = std::size_t{28};

REWIRE_INLINE std::uint64_t word_from(const std::uint8_t* bytes, std::int64_t bit)
{
    auto word = std::uint64_t{};
    std::memcpy(&word, bytes + (bit >> 3), sizeof(word));
    return word >> (bit & 7);
}

/// The windows of `Spikes` spikes.
template <int Spikes>
REWIRE_INLINE void load(Bits& window, const std::uint8_t* bytes, const std::int32_t* spike,
                        std::int64_t offset)
{
    if constexpr (Spikes == 1) {
        // Begins at any bit: two loads, a byte apart.
        const auto bit = *spike + offset;
        auto low = Bits{};
        auto high = Bits{};
        std::memcpy(&low, bytes + (bit >> 3), sizeof(Bits));
        std::memcpy(&high, bytes + (bit >> 3) + 1, sizeof(Bits));
        window = (low >> (bit & 7)) | (high << (8 - (bit & 7)));
    } else {
        window = Bits{word_from(bytes, spike[0] + offset), word_from(bytes, spike[1] + offset),
                      word_from(bytes, spike[2] + offset), word_from(bytes, spike[3] + offset)};
    }
}

/// Full adder of three bits at every position.
REWIRE_INLINE void add(Bits& carry, Bits& sum, const Bits& a, const Bits& b)
{
    const auto half = sum ^ a;
    carry = (sum & a) | (half & b);
    sum = half ^ b;
}

struct Planes
{
    Bits ones{};
    Bits twos{};
    Bits fours{};
    Bits eights{};
};

/// Sixteen windows; what overflows is worth 16.
template <int Spikes>
REWIRE_INLINE void add_sixteen(Planes& planes, Bits& sixteens, const std::uint8_t* bytes,
                               const std::int32_t* spike, std::int64_t offset)
{
    std::array<Bits, 2> twos;
    std::array<Bits, 2> fours;
    std::array<Bits, 2> eights;
    for (std::size_t k = 0; k < 2; ++k) {
        for (std::size_t m = 0; m < 2; ++m) {
            for (std::size_t n = 0; n < 2; ++n) {
                Bits a;
                Bits b;
                const auto window = 8 * k + 4 * m + 2 * n;
                load<Spikes>(a, bytes, spike + window * Spikes, offset);
                load<Spikes>(b, bytes, spike + (window + 1) * Spikes, offset);
                add(twos[n], planes.ones, a, b);
            }
            add(fours[m], planes.twos, twos[0], twos[1]);
        }
        add(eights[k], planes.fours, fours[0], fours[1]);
    }
    add(sixteens, planes.eights, eights[0], eights[1]);
}

/// Fewer than sixteen windows.
REWIRE_INLINE void add_one(Planes& planes, Bits carry)
{
    for (auto* plane : {&planes.ones, &planes.twos, &planes.fours, &planes.eights}) {
        const Bits next = *plane & carry;
        *plane ^= carry;
        carry = next;
    }
}

/// Adds weight * bit to the first `count` places, of each lane where a window has four spikes.
template <int Spikes>
REWIRE_INLINE void expand(const Bits& bits, std::int32_t weight, std::int64_t count,
                          std::int32_t* out)
{
    std::array<std::uint64_t, 4> words;
    std::memcpy(words.data(), &bits, sizeof(Bits));
    for (std::size_t lane = 0; lane < words.size(); ++lane) {
        const auto word = words[lane];
        const auto first = Spikes == 1 ? static_cast<std::int64_t>(64 * lane) : 0;
        const auto places = count - first < 64 ? count - first : 64;
        if (word == 0)
            continue;
        for (std::int64_t k = 0; k < places; ++k)
            out[first + k] += static_cast<std::int32_t>(word >> k & 1) * weight;
    }
}

template <int Spikes>
REWIRE_INLINE void count_block(const std::uint8_t* bytes, std::span<const std::int32_t> spikes,
                               std::int64_t offset, std::int64_t lags, std::int32_t* out)
{
    constexpr auto at_once = std::size_t{16 * Spikes};
    auto planes = Planes{};
    auto rest = Planes{};
    auto upper = std::array<Bits, levels>{};
    auto waiting = std::array<Bits, levels>{}; // [level]: set where that bit of `groups` is
    auto groups = std::uint64_t{0};
    auto k = std::size_t{0};
    for (; k + at_once <= spikes.size(); k += at_once) {
        Bits carry;
        add_sixteen<Spikes>(planes, carry, bytes, spikes.data() + k, offset);
        auto level = std::size_t{0};
        for (auto full = groups++; (full & 1) != 0; full >>= 1, ++level) {
            Bits next;
            add(next, upper[level], waiting[level], carry);
            carry = next;
        }
        waiting[level] = carry;
    }
    for (; k + Spikes <= spikes.size(); k += Spikes) {
        Bits window;
        load<Spikes>(window, bytes, spikes.data() + k, offset);
        add_one(rest, window);
    }
    for (const auto& one : {planes, rest}) {
        expand<Spikes>(one.ones, 1, lags, out);
        expand<Spikes>(one.twos, 2, lags, out);
        expand<Spikes>(one.fours, 4, lags, out);
        expand<Spikes>(one.eights, 8, lags, out);
    }
    for (std::size_t level = 0; groups >> level != 0; ++level) {
        expand<Spikes>(upper[level], 16 << level, lags, out);
        if ((groups >> level & 1) != 0)
            expand<Spikes>(waiting[level], 16 << level, lags, out);
    }
    for (; k < spikes.size(); ++k) { // fewer than a window has
        const auto word = word_from(bytes, spikes[k] + offset);
        for (std::int64_t lag = 0; lag < lags; ++lag)
            out[lag] += static_cast<std::int32_t>(word >> lag & 1);
    }
}

REWIRE_CLONES("avx512f", "avx2", "default")
void count_wide(const std::uint8_t* bytes, std::span<const std::int32_t> spikes,
                std::int64_t offset, std::int64_t lags, std::int32_t* out)
{
    count_block<1>(bytes, spikes, offset, lags, out);
}

REWIRE_CLONES("avx512f", "avx2", "default")
void count_narrow(const std::uint8_t* bytes, std::span<const std::int32_t> spikes,
                  std::int64_t offset, std::int64_t lags, std::int32_t* out)
{
    count_block<4>(bytes, spikes, offset, lags, out);
}

} // namespace

void add_counts_windows(const BitTrain& first, std::span<const std::int32_t> second,
                        std::span<std::int32_t> count)
{
    const auto lags = std::ssize(count);
    for (std::int64_t lag = 0; lag < lags;) {
        const auto left = lags - lag;
        const auto narrow = left <= narrow_lags;
        const auto block = std::min(left, wide_lags);
        (narrow ? count_narrow : count_wide)(first.bytes(), second, first.offset() + lag, block,
                                             count.data() + lag);
        lag += block;
    }
}

} // namespace rewire::spikes
