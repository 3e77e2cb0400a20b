#include "rewire/spikes/spike_trains.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rewire::spikes {

void SpikeTrains::add(std::span<const std::int64_t> train)
{
    time_ns.insert(time_ns.end(), train.begin(), train.end());
    start.push_back(static_cast<std::int64_t>(time_ns.size()));
}

std::vector<std::int64_t> nanoseconds_of(std::span<const double> seconds)
{
    constexpr auto limit = 0x1p53;
    auto result = std::vector<std::int64_t>(seconds.size());
    for (std::size_t k = 0; k < seconds.size(); ++k) {
        const auto time = seconds[k] * static_cast<double>(nanoseconds_per_second);
        if (!(std::abs(time) <= limit))
            throw base::InputError(fmt::format("spike time {} s is not a time", seconds[k]),
                                   fmt::format("value {}", k),
                                   "leave such spikes out of the file, or the unit out");
        result[k] = std::llround(time);
    }
    return result;
}

std::vector<TimeInterval> merged(std::vector<TimeInterval> intervals)
{
    std::erase_if(intervals, [](const auto& one) { return one.stop_ns <= one.start_ns; });
    std::sort(intervals.begin(), intervals.end(),
              [](const auto& a, const auto& b) { return a.start_ns < b.start_ns; });
    auto result = std::vector<TimeInterval>{};
    for (const auto& one : intervals) {
        if (!result.empty() && one.start_ns <= result.back().stop_ns)
            result.back().stop_ns = std::max(result.back().stop_ns, one.stop_ns);
        else
            result.push_back(one);
    }
    return result;
}

std::vector<TimeInterval> intersection(std::span<const TimeInterval> first,
                                       std::span<const TimeInterval> second)
{
    auto result = std::vector<TimeInterval>{};
    for (std::size_t i = 0, j = 0; i < first.size() && j < second.size();) {
        const auto start = std::max(first[i].start_ns, second[j].start_ns);
        const auto stop = std::min(first[i].stop_ns, second[j].stop_ns);
        if (start < stop)
            result.push_back({start, stop});
        if (first[i].stop_ns < second[j].stop_ns)
            ++i;
        else
            ++j;
    }
    return result;
}

std::vector<TimeInterval> difference(std::span<const TimeInterval> first,
                                     std::span<const TimeInterval> second)
{
    auto result = std::vector<TimeInterval>{};
    auto cut = second.begin();
    for (auto rest : first) {
        while (cut != second.end() && cut->stop_ns <= rest.start_ns)
            ++cut;
        for (auto at = cut; at != second.end() && at->start_ns < rest.stop_ns; ++at) {
            if (at->start_ns > rest.start_ns)
                result.push_back({rest.start_ns, at->start_ns});
            rest.start_ns = std::max(rest.start_ns, at->stop_ns);
        }
        if (rest.start_ns < rest.stop_ns)
            result.push_back(rest);
    }
    return result;
}

std::int64_t total_length_ns(std::span<const TimeInterval> intervals) noexcept
{
    auto sum = std::int64_t{0};
    for (const auto& one : intervals)
        sum += one.length_ns();
    return sum;
}

TidiedTrains tidied_trains(const SpikeTrainsView& trains, std::span<const TimeInterval> observed)
{
    auto result = TidiedTrains{};
    for (std::int64_t unit = 0; unit < trains.units(); ++unit) {
        const auto given = trains.train(unit);
        auto train = std::vector<std::int64_t>(given.begin(), given.end());
        auto finding = TrainFindings{static_cast<std::int64_t>(given.size())};
        for (std::size_t k = 1; k < train.size(); ++k)
            finding.out_of_order += given[k] < given[k - 1];
        if (finding.out_of_order > 0)
            std::sort(train.begin(), train.end());
        const auto distinct = std::unique(train.begin(), train.end());
        finding.duplicate = train.end() - distinct;
        train.erase(distinct, train.end());
        auto interval = observed.begin();
        finding.outside = static_cast<std::int64_t>(std::erase_if(train, [&](std::int64_t time) {
            while (interval != observed.end() && interval->stop_ns <= time)
                ++interval;
            return interval == observed.end() || time < interval->start_ns;
        }));
        result.trains.add(train);
        result.finding.push_back(finding);
    }
    return result;
}

std::vector<double> rates_hz(const SpikeTrainsView& trains, std::span<const TimeInterval> observed)
{
    const auto seconds = static_cast<double>(total_length_ns(observed)) * 1e-9;
    auto result = std::vector<double>{};
    for (std::int64_t unit = 0; unit < trains.units(); ++unit)
        result.push_back(seconds > 0 ? static_cast<double>(trains.train(unit).size()) / seconds
                                     : 0.0);
    return result;
}

} // namespace rewire::spikes
