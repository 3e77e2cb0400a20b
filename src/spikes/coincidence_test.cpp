#include "rewire/spikes/coincidence_test.hpp"

#include "jitter_parts.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>

#include <algorithm>

namespace rewire::spikes {

namespace {

using base::at;

/// Expected counts with the post train permuted within its windows across trials, the pre held, at
/// post - pre = lag.
double expected_permuted(const JitterPlan& plan, const JitterUnit& post,
                         std::span<const std::int32_t> pre, std::int64_t lag)
{
    const auto& segments = plan.timeline().segments;
    const auto trials = std::ssize(segments);
    const auto length = plan.settings().bins;
    auto sum = 0.0;
    for_each_in_segments(plan.timeline(), pre, [&](auto spike, auto trial) {
        const auto bin = spike + lag - segments[trial].first;
        if (bin >= 0 && bin < segments[trial].bins)
            sum += post.by_window[at(bin / length * trials) + trial] * post.share[at(bin)];
    });
    return sum;
}

struct OneLag
{
    double expected = 0;
    double p_peak = 1;
    double p_trough = 1;
    double flank_peak = 0; ///< the same against the level of the flanks; 0: there are none
    double flank_trough = 0;
};

/// Lags 0 .. exact_lag of post - pre.
std::vector<OneLag> directed_lags(const JitterPlan& plan, const TestUnit& post, const TestUnit& pre,
                                  std::span<const std::int32_t> count)
{
    auto result = std::vector<OneLag>(count.size());
    if (plan.settings().kind == Jitter::pattern) {
        for (std::size_t lag = 0; lag < count.size(); ++lag) {
            const auto mean =
                expected_permuted(plan, post.jitter(), pre.train(), static_cast<std::int64_t>(lag));
            const auto p = stats::poisson_tails(mean, count[lag]);
            result[lag] = {mean, p.upper, p.lower};
        }
        return result;
    }
    const auto classes = coincidence_classes(post.windows(), pre.bits(), 0, std::ssize(count) - 1);
    for (std::size_t lag = 0; lag < count.size(); ++lag) {
        const auto p = tails(classes[lag], count[lag]);
        result[lag] = {mean_of(classes[lag]), p.upper, p.lower};
    }
    return result;
}

/// Coincidences a second of overlap in the flanks; negative without flanks.
double flank_level(std::span<const std::int32_t> count, std::span<const double> overlap,
                   const LagTestSettings& settings)
{
    const auto max_lag = std::ssize(count) / 2;
    auto events = 0.0;
    auto seconds = 0.0;
    for (auto lag = settings.flank_first; lag <= max_lag && !overlap.empty(); ++lag)
        for (const auto k : {at(max_lag - lag), at(max_lag + lag)}) {
            events += count[k];
            seconds += overlap[k];
        }
    return seconds > 0 ? events / seconds : -1;
}

void test_against_flanks(std::vector<OneLag>& lags, std::span<const std::int32_t> count,
                         std::span<const double> overlap, double level)
{
    const auto max_lag = std::ssize(overlap) / 2;
    for (std::size_t lag = 0; lag < lags.size() && level >= 0; ++lag) {
        const auto mean =
            level * overlap[at(max_lag) + lag]; // the overlap is the same on both sides
        const auto p = stats::poisson_tails(mean, count[lag]);
        lags[lag].flank_peak = p.upper;
        lags[lag].flank_trough = p.lower;
    }
}

DirectedP smallest(std::span<const OneLag> lag, const LagTestSettings& settings, int sign)
{
    const auto tested = static_cast<double>(settings.exact_lag - settings.first_tested_lag + 1);
    auto result = DirectedP{2, 2};
    for (auto k = settings.first_tested_lag; k <= settings.exact_lag; ++k) {
        const auto& one = lag[at(k)];
        if (one.p_peak < result.p_peak) {
            result.p_peak = one.p_peak;
            result.peak_lag = sign * k;
        }
        if (one.p_trough < result.p_trough) {
            result.p_trough = one.p_trough;
            result.trough_lag = sign * k;
        }
        result.p_peak_strict =
            std::min(result.p_peak_strict, tested * std::max(one.p_peak, one.flank_peak));
        result.p_trough_strict =
            std::min(result.p_trough_strict, tested * std::max(one.p_trough, one.flank_trough));
    }
    result.p_peak = std::min(1.0, tested * result.p_peak);
    result.p_trough = std::min(1.0, tested * result.p_trough);
    return result;
}

} // namespace

JitterWindows jitter_windows(const JitterPlan& plan, std::span<const std::int32_t> train)
{
    auto result = JitterWindows{};
    const auto add = [&](std::int64_t first, std::int64_t bins, std::int64_t choices) {
        result.first.push_back(static_cast<std::int32_t>(first));
        result.bins.push_back(static_cast<std::uint8_t>(bins));
        result.choices.push_back(static_cast<std::uint8_t>(choices));
    };
    const auto reach = plan.settings().bins;
    switch (plan.settings().kind) {
    case Jitter::interval:
        for_each_in_windows(plan, train, [&](auto, auto index) {
            const auto& window = plan.windows()[index];
            add(window.first, window.bins, window.bins);
        });
        return result;
    case Jitter::dither:
        for_each_in_segments(plan.timeline(), train, [&](auto spike, auto index) {
            const auto& segment = plan.timeline().segments[index];
            const auto first = std::max(spike - reach, segment.first);
            add(first, std::min(spike + reach + 1, segment.last()) - first, 2 * reach + 1);
        });
        return result;
    case Jitter::none:
    case Jitter::pattern:
        break;
    }
    throw base::UsageError("spikes are independent under interval jitter and dither only",
                           "jitter windows", "choose one of these");
}

TestUnit::TestUnit(const JitterPlan& plan, std::span<const std::int32_t> train,
                   std::int64_t exact_lag)
    : bits_(train, plan.timeline().extent(), exact_lag + 256), train_(train)
{
    if (plan.settings().kind == Jitter::pattern)
        jitter_ = jitter_unit(plan, train);
    else
        windows_ = jitter_windows(plan, train);
}

PairTests test_pair(const JitterPlan& plan, const TestUnit& first, const TestUnit& second,
                    std::span<const std::int32_t> count, std::span<const double> expected,
                    std::span<const double> overlap, const LagTestSettings& settings)
{
    const auto max_lag = plan.max_lag();
    const auto exact = settings.exact_lag;
    if (exact > max_lag || settings.first_tested_lag > exact)
        throw base::UsageError("the lags to be tested reach beyond those of the correlogram",
                               "exact lags", "count more lags, or test fewer");
    // post - pre: first after second is second -> first.
    auto backward_count = std::vector<std::int32_t>{};
    auto forward_count = std::vector<std::int32_t>{};
    for (std::int64_t lag = 0; lag <= exact; ++lag) {
        backward_count.push_back(count[at(max_lag + lag)]);
        forward_count.push_back(count[at(max_lag - lag)]);
    }
    auto backward = directed_lags(plan, first, second, backward_count);
    auto forward = directed_lags(plan, second, first, forward_count);
    const auto level = flank_level(count, overlap, settings);
    test_against_flanks(backward, backward_count, overlap, level);
    test_against_flanks(forward, forward_count, overlap, level);

    auto result = PairTests{{std::vector<double>(expected.begin(), expected.end()), {}, {}},
                            smallest(forward, settings, -1),
                            smallest(backward, settings, 1)};
    for (auto lag = -max_lag; lag <= max_lag; ++lag) {
        const auto k = at(lag + max_lag);
        if (std::abs(lag) > exact) {
            const auto p = stats::poisson_tails(expected[k], count[k]);
            result.lags.p_peak.push_back(p.upper);
            result.lags.p_trough.push_back(p.lower);
            continue;
        }
        const auto& one = lag > 0 ? backward[at(lag)] : forward[at(-lag)];
        const auto& other = lag == 0 ? backward[0] : one;
        result.lags.expected_one[k] = one.expected;
        result.lags.p_peak.push_back(std::max(one.p_peak, other.p_peak));
        result.lags.p_trough.push_back(std::max(one.p_trough, other.p_trough));
    }
    return result;
}

std::optional<std::vector<PairTests>> test_tile(const JitterPlan& plan, const BinnedTrains& trains,
                                                const PairTile& tile,
                                                std::span<const std::int32_t> count,
                                                std::span<const double> expected,
                                                const LagTestSettings& settings, const Tick& tick)
{
    auto units = std::vector<std::optional<TestUnit>>(at(trains.units()));
    for (const auto& range : {tile.first, tile.second})
        for (auto unit = range.first; unit < range.last; ++unit)
            if (!units[at(unit)])
                units[at(unit)].emplace(plan, trains.train(unit), settings.exact_lag);
    const auto lags = lag_count(plan.max_lag());
    const auto overlap = overlap_s(plan.timeline(), plan.max_lag());
    auto result = std::vector<PairTests>{};
    auto stopped = false;
    for_each_pair(tile, [&](auto i, auto j, auto pair) {
        if (stopped)
            return;
        result.push_back(test_pair(plan, *units[at(i)], *units[at(j)],
                                   count.subspan(at(pair * lags), at(lags)),
                                   expected.subspan(at(pair * lags), at(lags)), overlap, settings));
        stopped = !tick(1);
    });
    if (stopped)
        return std::nullopt;
    return result;
}

} // namespace rewire::spikes
