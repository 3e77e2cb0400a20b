#pragma once

#include <rewire/spikes/spike_trains.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Which presentations of a stimulus count as trials, as pure functions over their times and
/// columns. Masks are u8 [trials]: 1 keeps the trial; they are combined by `both`.
namespace rewire::spikes {

/// A condition on a column, such as `contrast==0.8`, `orientation>=90`, `stimulus_block!=2`.
struct Condition
{
    enum class Relation : std::uint8_t
    {
        equal,
        unequal,
        less,
        less_or_equal,
        greater,
        greater_or_equal,
    };
    std::string column;
    Relation relation = Relation::equal;
    std::string value;
};

/// @throws UsageError: no relation in it, no column, or no value
Condition parse_condition(std::string_view text);

/// Trials whose number stands in the relation. Equal: within 1e-6 of the larger magnitude, since
/// tables hold 0.8 as float32, too. NaN stands in none.
/// @throws UsageError: the value of the condition is not a number
std::vector<std::uint8_t> matching(const Condition& condition, std::span<const double> column);
/// Trials whose text is (not) that of the condition. A text that is a number in both is compared as
/// a number: stimulus tables write orientations as "90.0".
/// @throws UsageError: a relation of order on a text that is not a number
std::vector<std::uint8_t> matching(const Condition& condition, std::span<const std::string> column);

std::vector<std::uint8_t> both(std::span<const std::uint8_t> first,
                               std::span<const std::uint8_t> second);

/// Windows of equal length around the alignment times, cut into bins.
struct TrialWindows
{
    std::vector<std::int64_t> start_ns; ///< [trials] start of the first bin
    std::int64_t bins = 0;
    std::int64_t bin_ns = nanoseconds_per_ms;

    std::int64_t trials() const noexcept { return static_cast<std::int64_t>(start_ns.size()); }
    TimeInterval window(std::int64_t trial) const noexcept
    {
        const auto start = start_ns[static_cast<std::size_t>(trial)];
        return {start, start + bins * bin_ns};
    }
};

/// Windows from `start_s` to `stop_s` around each time, a whole number of bins (rounded to the
/// nearest; `start_s` is kept). A time that is NaN is an error: leave those trials out by the mask.
/// @throws InputError: no bin in the window, bin not positive, a kept time not finite
TrialWindows windows_around(std::span<const double> time_s, std::span<const std::uint8_t> mask,
                            double start_s, double stop_s, double bin_ms);
/// Those of a mask.
TrialWindows selected(const TrialWindows& windows, std::span<const std::uint8_t> mask);

/// Windows wholly within the observed time.
/// @pre observed merged
std::vector<std::uint8_t> within(const TrialWindows& windows,
                                 std::span<const TimeInterval> observed);

/// Windows that share time with another of them.
std::vector<std::uint8_t> overlapping(const TrialWindows& windows);
/// The most windows that can be kept so that none overlaps another: by start, each that begins at
/// or after the end of the last one kept. Spikes in two trials would be counted twice and make the
/// trials dependent.
std::vector<std::uint8_t> without_overlaps(const TrialWindows& windows);

enum class Locomotion : std::uint8_t
{
    stationary,
    running,
    unknown, ///< no finite sample of the speed within the window
};

/// Running where the mean absolute speed over the window is at least the threshold (the paper: 5
/// cm/s, Methods, running and stationary trials).
/// @throws InputError: times of the samples and speeds differ in number, or times not ascending
std::vector<Locomotion> locomotion(const TrialWindows& windows, std::span<const double> sample_s,
                                   std::span<const double> speed_cm_s, double threshold_cm_s = 5);

/// Spikes of all units in all trials, a bit a bin: [units, trials, words], bin b of a trial being
/// bit b % 64 of word b / 64. Bits beyond the last bin are 0. Memory units * trials * bins / 8.
struct PackedTrials
{
    std::int64_t units = 0;
    std::int64_t trials = 0;
    std::int64_t bins = 0;
    std::int64_t words = 0; ///< of a trial of a unit
    std::vector<std::uint64_t> bits;
    std::vector<std::int64_t> clipped; ///< [units] spikes that fell into a bin that had one

    std::span<const std::uint64_t> row(std::int64_t unit, std::int64_t trial) const noexcept
    {
        return std::span(bits).subspan(static_cast<std::size_t>((unit * trials + trial) * words),
                                       static_cast<std::size_t>(words));
    }
    bool at(std::int64_t unit, std::int64_t trial, std::int64_t bin) const noexcept
    {
        return (row(unit, trial)[static_cast<std::size_t>(bin / 64)] >> (bin % 64) & 1) != 0;
    }
};

/// Bin of a spike: floor((time - start of the window) / bin). A spike is in every window that holds
/// it. O(spikes + trials * log) a unit.
/// @pre trains ascending
PackedTrials packed_trials(const SpikeTrainsView& trains, const TrialWindows& windows);

/// Trials first .. last-1 of all units: a half of the session, the running trials after sorting.
PackedTrials trials_of(const PackedTrials& packed, std::span<const std::uint8_t> mask);

/// Spikes a second of each unit over all trials. 0 without trials.
std::vector<double> rates_hz(const PackedTrials& packed, std::int64_t bin_ns);

} // namespace rewire::spikes
