#include "rewire/dynetcp/averages.hpp"

#include <algorithm>

namespace rewire::dynetcp {

namespace {

constexpr auto against_zero = 1e-8; ///< of the published code

/// Sums along bins over the most recent `window` of them.
std::vector<double> running_sums(const std::vector<double>& values, std::int64_t lags,
                                 std::int64_t window)
{
    auto result = values;
    const auto size = std::ssize(values);
    for (std::int64_t back = 1; back < window; ++back)
        for (auto k = back * lags; k < size; ++k)
            result[static_cast<std::size_t>(k)] +=
                values[static_cast<std::size_t>(k - back * lags)];
    return result;
}

} // namespace

SpikeAlignedSums::SpikeAlignedSums(std::int64_t all_bins, std::int64_t all_lags)
    : bins(all_bins),
      lags(all_lags),
      weight(static_cast<std::size_t>(all_bins * all_lags), 0),
      spikes(weight.size(), 0)
{
}

template <typename Real>
void SpikeAlignedSums::add(const TrialValues& values, std::int64_t trial, std::int64_t sender,
                           std::span<const Real> weights)
{
    for (const auto spike : values.row(trial, sender).bin)
        for (std::int64_t lag = 0; lag < std::min(lags, bins - spike); ++lag) {
            const auto at = static_cast<std::size_t>((spike + lag) * lags + lag);
            weight[at] += static_cast<double>(weights[at]);
            spikes[at] += 1;
        }
}

SpikeAlignedAverage average_of(const SpikeAlignedSums& sums, std::int64_t window)
{
    auto result = SpikeAlignedAverage{running_sums(sums.weight, sums.lags, window),
                                      running_sums(sums.spikes, sums.lags, window)};
    for (std::size_t k = 0; k < result.weight.size(); ++k)
        result.weight[k] /= result.spikes[k] + against_zero;
    return result;
}

template void SpikeAlignedSums::add<float>(const TrialValues&, std::int64_t, std::int64_t,
                                           std::span<const float>);
template void SpikeAlignedSums::add<double>(const TrialValues&, std::int64_t, std::int64_t,
                                            std::span<const double>);

} // namespace rewire::dynetcp
