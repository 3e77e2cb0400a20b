#include "jitter_parts.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/spikes/jitter_monte_carlo.hpp>

#include <algorithm>
#include <numeric>

namespace rewire::spikes {

namespace {

/// Uniform in [0, bound) from 32 bits, without bias (Lemire 2019): half the cost of 64 bits and no
/// division.
std::int32_t below(base::Stream& stream, std::uint32_t bound) noexcept
{
    auto product = std::uint64_t{stream.bits32()} * bound;
    if (static_cast<std::uint32_t>(product) < bound) {
        const auto rejected = (0 - bound) % bound;
        while (static_cast<std::uint32_t>(product) < rejected)
            product = std::uint64_t{stream.bits32()} * bound;
    }
    return static_cast<std::int32_t>(product >> 32);
}

} // namespace

Jitterer::Jitterer(const JitterPlan& plan, const BinnedTrains& trains, const JitterKey& key)
    : trains_(trains), settings_(plan.settings()), key_(key)
{
    for (std::int64_t unit = 0; unit < trains.units(); ++unit) {
        const auto train = trains.train(unit);
        switch (settings_.kind) {
        case Jitter::none:
            throw base::UsageError("no jitter was chosen", "Monte Carlo surrogates", "choose one");
        case Jitter::pattern:
            pattern_.push_back(pattern_of(plan, train));
            break;
        case Jitter::interval: {
            auto& choice = choice_.emplace_back();
            for_each_in_windows(plan, train, [&](auto, auto index) {
                const auto& window = plan.windows()[index];
                choice.push_back({static_cast<std::int32_t>(window.first), window.bins});
            });
            break;
        }
        case Jitter::dither: {
            auto& segment = segment_.emplace_back();
            for_each_in_segments(plan.timeline(), train, [&](auto, auto index) {
                segment.push_back(static_cast<std::uint32_t>(index));
            });
            break;
        }
        }
    }
}

Jitterer::PatternUnit Jitterer::pattern_of(const JitterPlan& plan,
                                           std::span<const std::int32_t> train) const
{
    auto order = std::vector<std::size_t>(train.size());
    auto window = std::vector<std::int64_t>{};
    auto trial_first = std::vector<std::int64_t>{};
    for_each_in_segments(plan.timeline(), train, [&](auto spike, auto trial) {
        trial_first.push_back(plan.timeline().segments[trial].first);
        window.push_back((spike - trial_first.back()) / settings_.bins);
    });
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](auto a, auto b) { return window[a] < window[b]; });
    auto result = PatternUnit{};
    for (const auto spike : order) {
        const auto here = static_cast<std::int32_t>(result.bin.size());
        if (result.group.empty() ||
            window[spike] != window[order[static_cast<std::size_t>(result.group.back())]])
            result.group.push_back(here);
        result.trial_first.push_back(static_cast<std::int32_t>(trial_first[spike]));
        result.bin.push_back(static_cast<std::int32_t>(train[spike] - trial_first[spike]));
    }
    result.group.push_back(static_cast<std::int32_t>(result.bin.size()));
    return result;
}

void Jitterer::draw(std::int64_t unit, std::int64_t surrogate,
                    std::vector<std::int32_t>& spikes) const
{
    auto stream = base::Stream(key_.seed, {base::key_of("spike jitter"), key_.subject, key_.session,
                                           static_cast<std::uint64_t>(unit),
                                           static_cast<std::uint64_t>(surrogate)});
    spikes.clear();
    const auto index = static_cast<std::size_t>(unit);
    if (settings_.kind == Jitter::interval)
        for (const auto& [first, bins] : choice_[index])
            spikes.push_back(first + below(stream, static_cast<std::uint32_t>(bins)));
    if (settings_.kind == Jitter::dither) {
        const auto train = trains_.train(unit);
        const auto reach = static_cast<std::int32_t>(settings_.bins);
        const auto choices = static_cast<std::uint32_t>(2 * reach + 1);
        for (std::size_t k = 0; k < train.size(); ++k) {
            const auto& segment = trains_.timeline.segments[segment_[index][k]];
            const auto spike = train[k] - reach + below(stream, choices);
            if (spike >= segment.first && spike < segment.last())
                spikes.push_back(spike);
        }
    }
    if (settings_.kind == Jitter::pattern) {
        const auto& pattern = pattern_[index];
        auto bin = pattern.bin;
        for (std::size_t g = 0; g + 1 < pattern.group.size(); ++g)
            for (auto last = pattern.group[g + 1] - 1; last > pattern.group[g]; --last) {
                const auto count = static_cast<std::uint32_t>(last - pattern.group[g] + 1);
                std::swap(bin[static_cast<std::size_t>(last)],
                          bin[static_cast<std::size_t>(pattern.group[g]) +
                              static_cast<std::size_t>(below(stream, count))]);
            }
        for (std::size_t k = 0; k < bin.size(); ++k)
            spikes.push_back(pattern.trial_first[k] + bin[k]);
    }
}

} // namespace rewire::spikes
