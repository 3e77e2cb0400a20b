#pragma once

#include <rewire/base/random.hpp>
#include <rewire/spikes/binned_trains.hpp>

#include <cmath>
#include <vector>

namespace rewire::test {

/// Poisson spikes, ns, ascending, at least `dead_ms` apart.
inline std::vector<std::int64_t> poisson_train(base::Stream& stream, double rate_hz, double seconds,
                                               double dead_ms = 0)
{
    auto result = std::vector<std::int64_t>{};
    for (auto time = 0.0;;) {
        time += stream.exponential() / rate_hz + dead_ms / 1000;
        if (time >= seconds)
            return result;
        result.push_back(std::llround(time * 1e9));
    }
}

inline spikes::SpikeTrains poisson_trains(std::uint64_t seed, const std::vector<double>& rates_hz,
                                          double seconds)
{
    auto stream = base::Stream(seed, {base::key_of("poisson trains")});
    auto result = spikes::SpikeTrains{};
    for (const auto rate : rates_hz)
        result.add(poisson_train(stream, rate, seconds));
    return result;
}

inline bool never_stop(std::int64_t /*done*/)
{
    return true;
}

/// Coincidences by looking at every pair of spikes.
inline std::vector<std::int32_t> slow_counts(std::span<const std::int32_t> first,
                                             std::span<const std::int32_t> second,
                                             std::int64_t max_lag)
{
    auto result = std::vector<std::int32_t>(static_cast<std::size_t>(2 * max_lag + 1), 0);
    for (const auto a : first)
        for (const auto b : second)
            if (std::abs(std::int64_t{a} - b) <= max_lag)
                ++result[static_cast<std::size_t>(a - b + max_lag)];
    return result;
}

} // namespace rewire::test
