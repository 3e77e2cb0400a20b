#pragma once

#include <rewire/spikes/binned_trains.hpp>

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

/// Cross-correlograms of binned trains (methods page, spikes b): C[k] counts pairs of spikes with
/// bin of the first - bin of the second = k, k = -max_lag .. max_lag. A positive lag: the first
/// fires after the second, evidence for second -> first.
namespace rewire::spikes {

constexpr std::int64_t lag_count(std::int64_t max_lag) noexcept
{
    return 2 * max_lag + 1;
}

/// A train as bits, bit `position + margin` of the words, with room on both sides for windows that
/// reach beyond the train.
class BitTrain
{
  public:
    /// @pre positions in [0, extent)
    BitTrain(std::span<const std::int32_t> positions, std::int64_t extent, std::int64_t max_lag);

    /// The bit at `position - max_lag` is bit `position + offset()` of the array.
    const std::uint8_t* bytes() const noexcept
    {
        return reinterpret_cast<const std::uint8_t*>(words_.data());
    }
    std::int64_t max_lag() const noexcept { return max_lag_; }
    std::int64_t offset() const noexcept { return margin_ - max_lag_; }

    /// Puts a bit; false where there is one already.
    bool put(std::int32_t position) noexcept
    {
        const auto bit = static_cast<std::uint64_t>(position + margin_);
        const auto mask = std::uint64_t{1} << (bit % 64);
        auto& word = words_[bit / 64];
        const auto is_new = (word & mask) == 0;
        word |= mask;
        return is_new;
    }
    void clear(std::span<const std::int32_t> positions) noexcept;
    /// 64 bits from `position` on (it may lie up to max_lag before or after the train).
    std::uint64_t bits_from(std::int64_t position) const noexcept
    {
        const auto bit = position + margin_;
        auto low = std::uint64_t{};
        auto high = std::uint64_t{};
        std::memcpy(&low, bytes() + (bit >> 3), sizeof(low));
        std::memcpy(&high, bytes() + (bit >> 3) + 1, sizeof(high));
        return low >> (bit & 7) | high << (8 - (bit & 7));
    }

  private:
    std::int64_t max_lag_;
    std::int64_t margin_;
    std::vector<std::uint64_t> words_;
};

/// Adds the counts of two lists: for each spike of one the spikes of the other around it. 1 ns a
/// spike and 2 to 6 ns a coincidence. Trains may hold a position more than once.
/// @pre ascending; count.size() == lag_count(max_lag)
void add_counts_two_pointer(std::span<const std::int32_t> first,
                            std::span<const std::int32_t> second, std::int64_t max_lag,
                            std::span<std::int32_t> count);

/// Adds the same counts from bits: for each spike of `second` the window of `first` around it, up
/// to 249 lags at once, added up position by position in bit-sliced counters (carry-save adders).
/// About 1 ns a spike of `second` whatever the rate of the first. `second` may be in any order and
/// hold a position more than once.
/// @pre count.size() == lag_count(first.max_lag())
void add_counts_windows(const BitTrain& first, std::span<const std::int32_t> second,
                        std::span<std::int32_t> count);

enum class CountKernel : std::uint8_t
{
    two_pointer,
    windows_of_first,  ///< bits of the first, list of the second
    windows_of_second, ///< the other way round
};

/// Estimated seconds of a pair, from sizes only, so that the choice is the same on every rank.
double count_seconds(CountKernel kernel, std::int64_t first_spikes, std::int64_t second_spikes,
                     std::int64_t extent, std::int64_t max_lag) noexcept;
/// The cheapest of them.
CountKernel choose_kernel(std::int64_t first_spikes, std::int64_t second_spikes,
                          std::int64_t extent, std::int64_t max_lag) noexcept;

/// Counts [pairs of the tile, lags] with the cheaper kernel for each pair; nothing when stopped.
/// The same numbers whatever the tiling and kernel. Memory: bits of the tile's units, extent / 8
/// bytes each.
/// @param wanted [pairs of the tile]: 0 leaves a pair's counts 0, at no cost; empty: all pairs
std::optional<std::vector<std::int32_t>> count_tile(const BinnedTrains& trains,
                                                    const PairTile& tile, std::int64_t max_lag,
                                                    const Tick& tick,
                                                    std::span<const std::uint8_t> wanted = {});

/// Counts of one pair.
std::vector<std::int32_t> count_pair(const BinnedTrains& trains, std::int64_t first,
                                     std::int64_t second, std::int64_t max_lag);

/// Observed time common to both trains at each lag, s: the observed bins that are observed again k
/// bins later. Trials: M (T - |k|) bins; without gaps: T - |k|.
std::vector<double> overlap_s(const Timeline& timeline, std::int64_t max_lag);

/// The paper's normalisation: counts / (theta[k] sqrt(rate rate)), coincidences a bin and spike of
/// the geometric mean rate (the width of the bin is not divided out). 0 where a rate or theta is 0.
std::vector<double> normalised(std::span<const double> count, double first_rate_hz,
                               double second_rate_hz, std::span<const double> overlap_s);

} // namespace rewire::spikes
