#include "rewire/spikes/correlogram.hpp"

#include <rewire/base/index.hpp>

#include <algorithm>
#include <cmath>

namespace rewire::spikes {

namespace {

using base::at;

/// Bits of the units of a tile that any of its pairs needs.
class TileBits
{
  public:
    TileBits(const BinnedTrains& trains, const PairTile& tile, std::int64_t max_lag,
             std::span<const std::uint8_t> wanted)
        : trains_(trains), max_lag_(max_lag), bits_(at(trains.units()))
    {
        for_each_pair(tile, wanted, [&](auto i, auto j, auto) {
            const auto kernel = kernel_of(i, j);
            if (kernel != CountKernel::two_pointer)
                need(kernel == CountKernel::windows_of_first ? i : j);
        });
    }

    CountKernel kernel_of(std::int64_t i, std::int64_t j) const
    {
        return choose_kernel(std::ssize(trains_.train(i)), std::ssize(trains_.train(j)),
                             trains_.timeline.extent(), max_lag_);
    }
    const BitTrain& of(std::int64_t unit) const { return *bits_[at(unit)]; }

  private:
    void need(std::int64_t unit)
    {
        if (!bits_[at(unit)])
            bits_[at(unit)].emplace(trains_.train(unit), trains_.timeline.extent(), max_lag_);
    }

    const BinnedTrains& trains_;
    std::int64_t max_lag_;
    std::vector<std::optional<BitTrain>> bits_;
};

void add_counts(const BinnedTrains& trains, const TileBits& bits, std::int64_t i, std::int64_t j,
                std::int64_t max_lag, std::span<std::int32_t> count)
{
    switch (bits.kernel_of(i, j)) {
    case CountKernel::two_pointer:
        add_counts_two_pointer(trains.train(i), trains.train(j), max_lag, count);
        break;
    case CountKernel::windows_of_first:
        add_counts_windows(bits.of(i), trains.train(j), count);
        break;
    case CountKernel::windows_of_second:
        add_counts_windows(bits.of(j), trains.train(i), count);
        std::reverse(count.begin(), count.end());
        break;
    }
}

} // namespace

BitTrain::BitTrain(std::span<const std::int32_t> positions, std::int64_t extent,
                   std::int64_t max_lag)
    : max_lag_(max_lag),
      margin_((max_lag + 127) / 64 * 64),
      words_(at((extent + 2 * margin_) / 64 + 8), 0)
{
    for (const auto position : positions)
        put(position);
}

void BitTrain::clear(std::span<const std::int32_t> positions) noexcept
{
    for (const auto position : positions)
        words_[at((position + margin_) / 64)] = 0;
}

void add_counts_two_pointer(std::span<const std::int32_t> first,
                            std::span<const std::int32_t> second, std::int64_t max_lag,
                            std::span<std::int32_t> count)
{
    const auto reach = static_cast<std::int32_t>(max_lag);
    auto start = std::size_t{0};
    for (const auto position : first) {
        while (start < second.size() && second[start] < position - reach)
            ++start;
        for (auto k = start; k < second.size() && second[k] <= position + reach; ++k)
            ++count[at(std::int64_t{position} - second[k] + reach)];
    }
}

double count_seconds(CountKernel kernel, std::int64_t first_spikes, std::int64_t second_spikes,
                     std::int64_t extent, std::int64_t max_lag) noexcept
{
    const auto first = static_cast<double>(first_spikes);
    const auto second = static_cast<double>(second_spikes);
    const auto lags = static_cast<double>(lag_count(max_lag));
    const auto bins = static_cast<double>(std::max(extent, std::int64_t{1}));
    // Fitted to the kernels of benchmarks/kernels_spikes.cpp.
    if (kernel == CountKernel::two_pointer)
        return 2e-8 + 1e-9 * (first + second) + 4.5e-9 * first * second / bins * lags;
    const auto listed = kernel == CountKernel::windows_of_first ? second : first;
    const auto blocks = std::ceil(lags / 256);
    const auto narrow = lags <= 57;
    return (narrow ? 0.4e-6 : 0.3e-6) * blocks + (narrow ? 0.55e-9 : 0.95e-9) * blocks * listed;
}

CountKernel choose_kernel(std::int64_t first_spikes, std::int64_t second_spikes,
                          std::int64_t extent, std::int64_t max_lag) noexcept
{
    const auto windows = second_spikes <= first_spikes ? CountKernel::windows_of_first
                                                       : CountKernel::windows_of_second;
    const auto pointers = CountKernel::two_pointer;
    return count_seconds(windows, first_spikes, second_spikes, extent, max_lag) <
                   count_seconds(pointers, first_spikes, second_spikes, extent, max_lag)
               ? windows
               : pointers;
}

std::optional<std::vector<std::int32_t>> count_tile(const BinnedTrains& trains,
                                                    const PairTile& tile, std::int64_t max_lag,
                                                    const Tick& tick,
                                                    std::span<const std::uint8_t> wanted)
{
    const auto lags = lag_count(max_lag);
    const auto bits = TileBits(trains, tile, max_lag, wanted);
    auto result = std::vector<std::int32_t>(at(tile.pairs() * lags), 0);
    auto unreported = std::int64_t{0};
    auto stopped = false;
    for_each_pair(tile, wanted, [&](auto i, auto j, auto pair) {
        if (stopped)
            return;
        add_counts(trains, bits, i, j, max_lag,
                   std::span(result).subspan(at(pair * lags), at(lags)));
        if (++unreported == 16) {
            stopped = !tick(unreported);
            unreported = 0;
        }
    });
    if (stopped || !tick(unreported))
        return std::nullopt;
    return result;
}

std::vector<std::int32_t> count_pair(const BinnedTrains& trains, std::int64_t first,
                                     std::int64_t second, std::int64_t max_lag)
{
    auto count = std::vector<std::int32_t>(at(lag_count(max_lag)), 0);
    add_counts_two_pointer(trains.train(first), trains.train(second), max_lag, count);
    return count;
}

std::vector<double> overlap_s(const Timeline& timeline, std::int64_t max_lag)
{
    const auto& segments = timeline.segments;
    auto result = std::vector<double>(at(lag_count(max_lag)), 0.0);
    for (std::int64_t lag = 0; lag <= max_lag; ++lag) {
        auto bins = std::int64_t{0};
        // Segments are in order: those that a shifted one can meet begin with itself.
        for (std::size_t a = 0; a < segments.size(); ++a)
            for (auto b = a; b < segments.size() && segments[b].first < segments[a].last() + lag;
                 ++b) {
                const auto first = std::max(segments[b].first, segments[a].first + lag);
                const auto last = std::min(segments[b].last(), segments[a].last() + lag);
                bins += std::max(last - first, std::int64_t{0});
            }
        const auto seconds =
            static_cast<double>(bins) * static_cast<double>(timeline.bin_ns) * 1e-9;
        result[at(max_lag + lag)] = result[at(max_lag - lag)] = seconds;
    }
    return result;
}

std::vector<double> normalised(std::span<const double> count, double first_rate_hz,
                               double second_rate_hz, std::span<const double> overlap_s)
{
    const auto rate = std::sqrt(first_rate_hz * second_rate_hz);
    auto result = std::vector<double>(count.size(), 0.0);
    for (std::size_t k = 0; k < count.size(); ++k)
        if (rate > 0 && overlap_s[k] > 0)
            result[k] = count[k] / (rate * overlap_s[k]);
    return result;
}

} // namespace rewire::spikes
