#pragma once

#include <cstdint>
#include <span>

namespace rewire::calcium {

/// Number of pairs 0 <= a <= b <= lags.
constexpr std::int64_t lag_pairs(std::int64_t lags) noexcept
{
    return (lags + 1) * (lags + 2) / 2;
}

/// sum[k] = sum_t e(t) e(t+a) e(t+b) over the frames of a circle, for 0 <= a <= b <= lags in the
/// order (0,0) (0,1) .. (0,lags) (1,1) .. (lags,lags). `wrapped` is the trace followed by its
/// first `lags` values: frames + lags values. frames * pairs multiply-adds. Added up in a fixed
/// order, in the precision of the trace within 4,096 frames and in double beyond.
void third_lag_sums(std::span<const double> wrapped, std::int64_t frames, std::int64_t lags,
                    std::span<double> sum);
void third_lag_sums(std::span<const float> wrapped, std::int64_t frames, std::int64_t lags,
                    std::span<double> sum);

} // namespace rewire::calcium
