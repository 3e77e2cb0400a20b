#include "rewire/spikes/trials.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace rewire::spikes {

namespace {

using base::at;

/// Trials in the order of their starts.
std::vector<std::size_t> by_start(const TrialWindows& windows)
{
    auto order = std::vector<std::size_t>(windows.start_ns.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](auto a, auto b) { return windows.start_ns[a] < windows.start_ns[b]; });
    return order;
}

void expect_sizes(std::size_t first, std::size_t second, const char* what)
{
    if (first != second)
        throw base::InputError(fmt::format("{} values for {} {}", second, first, what), "trials",
                               "give one value for each");
}

} // namespace

TrialWindows windows_around(std::span<const double> time_s, std::span<const std::uint8_t> mask,
                            double start_s, double stop_s, double bin_ms)
{
    expect_sizes(time_s.size(), mask.size(), "alignment times");
    const auto bin_ns = std::llround(bin_ms * static_cast<double>(nanoseconds_per_ms));
    const auto length = (stop_s - start_s) * static_cast<double>(nanoseconds_per_second);
    if (!(bin_ms > 0) || bin_ns < 1 || !(length > 0) || !std::isfinite(length))
        throw base::InputError(
            fmt::format("a window of {} to {} s in bins of {} ms", start_s, stop_s, bin_ms),
            "trial window", "the stop has to lie after the start, and bins have to be positive");
    auto result = TrialWindows{{}, std::llround(length / static_cast<double>(bin_ns)), bin_ns};
    if (result.bins < 1)
        throw base::InputError("the window is shorter than half a bin", "trial window",
                               "make the window longer or the bins shorter");
    const auto offset = std::llround(start_s * static_cast<double>(nanoseconds_per_second));
    for (std::size_t k = 0; k < time_s.size(); ++k) {
        if (mask[k] == 0)
            continue;
        const auto aligned = nanoseconds_of(time_s.subspan(k, 1));
        result.start_ns.push_back(aligned.front() + offset);
    }
    return result;
}

TrialWindows selected(const TrialWindows& windows, std::span<const std::uint8_t> mask)
{
    expect_sizes(windows.start_ns.size(), mask.size(), "trials");
    auto result = TrialWindows{{}, windows.bins, windows.bin_ns};
    for (std::size_t k = 0; k < mask.size(); ++k)
        if (mask[k] != 0)
            result.start_ns.push_back(windows.start_ns[k]);
    return result;
}

std::vector<std::uint8_t> within(const TrialWindows& windows,
                                 std::span<const TimeInterval> observed)
{
    auto result = std::vector<std::uint8_t>(windows.start_ns.size(), 0);
    for (std::int64_t trial = 0; trial < windows.trials(); ++trial) {
        const auto window = windows.window(trial);
        const auto after =
            std::upper_bound(observed.begin(), observed.end(), window.start_ns,
                             [](auto time, const auto& one) { return time < one.start_ns; });
        if (after != observed.begin())
            result[at(trial)] = window.stop_ns <= std::prev(after)->stop_ns;
    }
    return result;
}

std::vector<std::uint8_t> overlapping(const TrialWindows& windows)
{
    const auto length = windows.bins * windows.bin_ns;
    const auto order = by_start(windows);
    auto result = std::vector<std::uint8_t>(order.size(), 0);
    for (std::size_t k = 1; k < order.size(); ++k)
        if (windows.start_ns[order[k]] < windows.start_ns[order[k - 1]] + length)
            result[order[k]] = result[order[k - 1]] = 1;
    return result;
}

std::vector<std::uint8_t> without_overlaps(const TrialWindows& windows)
{
    const auto length = windows.bins * windows.bin_ns;
    auto result = std::vector<std::uint8_t>(windows.start_ns.size(), 0);
    auto kept = std::size_t{0};
    auto any = false;
    for (const auto trial : by_start(windows))
        if (!any || windows.start_ns[trial] >= windows.start_ns[kept] + length) {
            result[trial] = 1;
            kept = trial;
            any = true;
        }
    return result;
}

std::vector<Locomotion> locomotion(const TrialWindows& windows, std::span<const double> sample_s,
                                   std::span<const double> speed_cm_s, double threshold_cm_s)
{
    expect_sizes(sample_s.size(), speed_cm_s.size(), "samples of the running speed");
    if (!std::is_sorted(sample_s.begin(), sample_s.end()))
        throw base::InputError("the samples of the running speed are not in order of time",
                               "running speed", "sort them by their times");
    auto result = std::vector<Locomotion>{};
    for (std::int64_t trial = 0; trial < windows.trials(); ++trial) {
        const auto window = windows.window(trial);
        auto sample = std::lower_bound(sample_s.begin(), sample_s.end(),
                                       static_cast<double>(window.start_ns) * 1e-9) -
                      sample_s.begin();
        auto sum = 0.0;
        auto count = 0;
        for (; sample < std::ssize(sample_s) &&
               sample_s[at(sample)] < static_cast<double>(window.stop_ns) * 1e-9;
             ++sample)
            if (std::isfinite(speed_cm_s[at(sample)])) {
                sum += std::abs(speed_cm_s[at(sample)]);
                ++count;
            }
        result.push_back(count == 0                      ? Locomotion::unknown
                         : sum / count >= threshold_cm_s ? Locomotion::running
                                                         : Locomotion::stationary);
    }
    return result;
}

PackedTrials packed_trials(const SpikeTrainsView& trains, const TrialWindows& windows)
{
    auto result =
        PackedTrials{trains.units(), windows.trials(), windows.bins, (windows.bins + 63) / 64};
    result.bits.assign(at(result.units * result.trials * result.words), 0);
    result.clipped.assign(at(result.units), 0);
    for (std::int64_t unit = 0; unit < result.units; ++unit) {
        const auto train = trains.train(unit);
        for (std::int64_t trial = 0; trial < result.trials; ++trial) {
            const auto window = windows.window(trial);
            auto* words = result.bits.data() + (unit * result.trials + trial) * result.words;
            for (auto spike = std::lower_bound(train.begin(), train.end(), window.start_ns);
                 spike != train.end() && *spike < window.stop_ns; ++spike) {
                const auto bin = (*spike - window.start_ns) / windows.bin_ns;
                const auto bit = std::uint64_t{1} << (bin % 64);
                result.clipped[at(unit)] += (words[bin / 64] & bit) != 0;
                words[bin / 64] |= bit;
            }
        }
    }
    return result;
}

PackedTrials trials_of(const PackedTrials& packed, std::span<const std::uint8_t> mask)
{
    expect_sizes(at(packed.trials), mask.size(), "trials");
    auto result = packed;
    result.trials = std::count_if(mask.begin(), mask.end(), [](auto keep) { return keep != 0; });
    result.bits.clear();
    for (std::int64_t unit = 0; unit < packed.units; ++unit)
        for (std::int64_t trial = 0; trial < packed.trials; ++trial)
            if (mask[at(trial)] != 0) {
                const auto row = packed.row(unit, trial);
                result.bits.insert(result.bits.end(), row.begin(), row.end());
            }
    return result;
}

std::vector<double> rates_hz(const PackedTrials& packed, std::int64_t bin_ns)
{
    const auto seconds = static_cast<double>(packed.trials * packed.bins * bin_ns) * 1e-9;
    auto result = std::vector<double>(at(packed.units), 0.0);
    for (std::int64_t unit = 0; unit < packed.units && seconds > 0; ++unit) {
        auto spikes = std::int64_t{0};
        for (std::int64_t trial = 0; trial < packed.trials; ++trial)
            for (const auto word : packed.row(unit, trial))
                spikes += std::popcount(word);
        result[at(unit)] = static_cast<double>(spikes) / seconds;
    }
    return result;
}

} // namespace rewire::spikes
