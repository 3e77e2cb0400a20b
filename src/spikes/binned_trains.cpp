#include "rewire/spikes/binned_trains.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>

namespace rewire::spikes {

namespace {

/// Rounded down, for times before 0, too.
std::int64_t bin_of(std::int64_t time_ns, std::int64_t bin_ns)
{
    const auto bin = time_ns / bin_ns;
    return bin - (time_ns % bin_ns < 0);
}

void expect_positions(const Timeline& timeline)
{
    if (timeline.extent() > std::numeric_limits<std::int32_t>::max() / 2)
        throw base::InputError(fmt::format("{} bins", timeline.extent()), "binned trains",
                               "choose wider bins or a shorter part of the recording");
}

} // namespace

std::int64_t Timeline::observed_bins() const noexcept
{
    auto sum = std::int64_t{0};
    for (const auto& segment : segments)
        sum += segment.bins;
    return sum;
}

Timeline trial_timeline(std::int64_t trials, std::int64_t bins, std::int64_t bin_ns,
                        std::int64_t gap)
{
    auto result = Timeline{{}, bin_ns, true};
    for (std::int64_t trial = 0; trial < trials; ++trial)
        result.segments.push_back({trial * (bins + gap), bins});
    expect_positions(result);
    return result;
}

Timeline continuous_timeline(std::span<const TimeInterval> observed, std::int64_t bin_ns)
{
    auto result = Timeline{{}, bin_ns, false};
    if (observed.empty())
        return result;
    const auto origin = bin_of(observed.front().start_ns, bin_ns);
    for (const auto& one : observed) {
        auto first = bin_of(one.start_ns, bin_ns) - origin;
        const auto last = bin_of(one.stop_ns - 1, bin_ns) + 1 - origin;
        first = std::max(first, result.extent()); // a gap within one bin
        if (first < last)
            result.segments.push_back({first, last - first});
    }
    expect_positions(result);
    return result;
}

double BinnedTrains::rate_hz(std::int64_t unit) const noexcept
{
    const auto seconds =
        static_cast<double>(timeline.observed_bins()) * static_cast<double>(timeline.bin_ns) * 1e-9;
    return seconds > 0 ? static_cast<double>(train(unit).size()) / seconds : 0;
}

BinnedTrains binned(const PackedTrials& packed, std::int64_t bin_ns, std::int64_t gap)
{
    auto result = BinnedTrains{trial_timeline(packed.trials, packed.bins, bin_ns, gap)};
    result.clipped = packed.clipped;
    for (std::int64_t unit = 0; unit < packed.units; ++unit) {
        for (std::int64_t trial = 0; trial < packed.trials; ++trial) {
            auto position = result.timeline.segments[static_cast<std::size_t>(trial)].first;
            for (auto word : packed.row(unit, trial)) {
                for (; word != 0; word &= word - 1)
                    result.position.push_back(
                        static_cast<std::int32_t>(position + std::countr_zero(word)));
                position += 64;
            }
        }
        result.start.push_back(static_cast<std::int64_t>(result.position.size()));
    }
    return result;
}

BinnedTrains binned(const SpikeTrainsView& trains, std::span<const TimeInterval> observed,
                    std::int64_t bin_ns)
{
    auto result = BinnedTrains{continuous_timeline(observed, bin_ns)};
    const auto origin = observed.empty() ? 0 : bin_of(observed.front().start_ns, bin_ns);
    for (std::int64_t unit = 0; unit < trains.units(); ++unit) {
        auto interval = observed.begin();
        auto clipped = std::int64_t{0};
        for (const auto time : trains.train(unit)) {
            while (interval != observed.end() && interval->stop_ns <= time)
                ++interval;
            if (interval == observed.end() || time < interval->start_ns)
                continue;
            const auto position = static_cast<std::int32_t>(bin_of(time, bin_ns) - origin);
            const auto any = std::ssize(result.position) > result.start.back();
            if (any && result.position.back() == position)
                ++clipped;
            else
                result.position.push_back(position);
        }
        result.clipped.push_back(clipped);
        result.start.push_back(static_cast<std::int64_t>(result.position.size()));
    }
    return result;
}

BinnedTrains half_of(const BinnedTrains& trains, bool second)
{
    const auto& segments = trains.timeline.segments;
    auto result = BinnedTrains{{{}, trains.timeline.bin_ns, trains.timeline.trials}};
    auto cut = trains.timeline.extent(); // the position where the second half begins
    if (trains.timeline.trials) {
        if (segments.size() > 1)
            cut = segments[segments.size() / 2].first;
    } else {
        auto left = trains.timeline.observed_bins() / 2;
        for (const auto& segment : segments) {
            if (left < segment.bins) {
                cut = segment.first + left;
                break;
            }
            left -= segment.bins;
        }
    }
    const auto from = second ? cut : 0;
    const auto to = second ? trains.timeline.extent() : cut;
    for (const auto& segment : segments) {
        const auto first = std::max(segment.first, from);
        const auto last = std::min(segment.last(), to);
        if (first < last)
            result.timeline.segments.push_back({first, last - first});
    }
    for (std::int64_t unit = 0; unit < trains.units(); ++unit) {
        for (const auto position : trains.train(unit))
            if (position >= from && position < to)
                result.position.push_back(position);
        result.start.push_back(static_cast<std::int64_t>(result.position.size()));
    }
    result.clipped.assign(static_cast<std::size_t>(trains.units()), 0);
    return result;
}

std::vector<PairTile> pair_tiles(std::int64_t units, std::int64_t size)
{
    auto result = std::vector<PairTile>{};
    const auto blocks = base::blocks_of(units, size);
    for (std::size_t a = 0; a < blocks.size(); ++a)
        for (auto b = a; b < blocks.size(); ++b)
            if (PairTile{blocks[a], blocks[b]}.pairs() > 0)
                result.push_back({blocks[a], blocks[b]});
    return result;
}

} // namespace rewire::spikes
