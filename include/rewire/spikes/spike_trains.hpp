#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// Spike trains of the sorted units of a session, kept exactly: int64 nanoseconds, one ragged
/// array.
namespace rewire::spikes {

inline constexpr auto nanoseconds_per_second = std::int64_t{1'000'000'000};
inline constexpr auto nanoseconds_per_ms = std::int64_t{1'000'000};

/// Half-open span of time, ns.
struct TimeInterval
{
    std::int64_t start_ns = 0;
    std::int64_t stop_ns = 0;

    std::int64_t length_ns() const noexcept { return stop_ns - start_ns; }
    friend bool operator==(const TimeInterval&, const TimeInterval&) = default;
};

/// Ragged trains in memory of the caller: unit u has time_ns[start[u] .. start[u + 1]).
struct SpikeTrainsView
{
    std::span<const std::int64_t> time_ns;
    std::span<const std::int64_t> start; ///< [units + 1]; empty: no units

    std::int64_t units() const noexcept
    {
        return start.empty() ? 0 : static_cast<std::int64_t>(start.size()) - 1;
    }
    std::span<const std::int64_t> train(std::int64_t unit) const noexcept
    {
        const auto first = static_cast<std::size_t>(start[static_cast<std::size_t>(unit)]);
        const auto last = static_cast<std::size_t>(start[static_cast<std::size_t>(unit) + 1]);
        return time_ns.subspan(first, last - first);
    }
};

struct SpikeTrains
{
    std::vector<std::int64_t> time_ns;
    std::vector<std::int64_t> start{0}; ///< [units + 1]

    SpikeTrainsView view() const noexcept { return {time_ns, start}; }
    /// Appends a unit.
    void add(std::span<const std::int64_t> train);
};

/// Seconds, as NWB has them, to the nearest nanosecond. Exact for times that were written from
/// whole nanoseconds, up to 2^53 ns (104 days).
/// @throws InputError naming the first value that is NaN, infinite or beyond that
std::vector<std::int64_t> nanoseconds_of(std::span<const double> seconds);

/// Sorted, without empty ones, those that overlap or touch joined.
std::vector<TimeInterval> merged(std::vector<TimeInterval> intervals);
/// Time in both. @pre both merged
std::vector<TimeInterval> intersection(std::span<const TimeInterval> first,
                                       std::span<const TimeInterval> second);
/// Time in `first` that is not in `second` (invalid times, say). @pre both merged
std::vector<TimeInterval> difference(std::span<const TimeInterval> first,
                                     std::span<const TimeInterval> second);
std::int64_t total_length_ns(std::span<const TimeInterval> intervals) noexcept;

/// What was found in the train of one unit, and repaired by tidied_trains.
struct TrainFindings
{
    std::int64_t spikes = 0;
    std::int64_t out_of_order = 0; ///< earlier than the spike before it
    std::int64_t duplicate = 0;    ///< at exactly the time of another spike of the unit
    std::int64_t outside = 0;      ///< not within the observed intervals
};

struct TidiedTrains
{
    SpikeTrains trains;                 ///< strictly ascending, within the observed intervals
    std::vector<TrainFindings> finding; ///< [units]
};

/// Spikes in order, each time once, within `observed`. Negative times are times like others: a
/// session's clock may start before its first stimulus. O(spikes) for trains in order.
/// @pre observed merged
TidiedTrains tidied_trains(const SpikeTrainsView& trains, std::span<const TimeInterval> observed);

/// Mean rate of each unit over the observed time, Hz. 0 for no time.
/// @pre trains are within it
std::vector<double> rates_hz(const SpikeTrainsView& trains, std::span<const TimeInterval> observed);

} // namespace rewire::spikes
