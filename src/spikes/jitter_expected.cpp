#include "jitter_parts.hpp"

#include <rewire/base/dispatch.hpp>
#include <rewire/base/error.hpp>
#include <rewire/base/index.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace rewire::spikes {

namespace {

using base::at;

/// Room before and after the coarse counts, so that 16 offsets can be read at once.
constexpr auto coarse_margin = std::int64_t{64};

using Bytes = std::uint8_t __attribute__((vector_size(16)));
using Shorts = std::uint16_t __attribute__((vector_size(32)));

/// Sixteen offsets: adds bytes as long as none can overflow, then in 16 bits, then in 64.
REWIRE_CLONES("avx512f", "avx2", "default")
void coarse_block(const std::uint8_t* first, std::int64_t most, const std::int32_t* spike,
                  std::int64_t count, std::int64_t* sum)
{
    const auto safe = std::max(std::int64_t{1}, 255 / std::max(most, std::int64_t{1}));
    auto k = std::int64_t{0};
    while (count - k >= 4) {
        Shorts wide = {};
        for (auto turn = 0; turn < 64 && count - k >= 4; ++turn) { // 64 * 4 * 255 < 2^16
            auto total = std::array<Bytes, 4>{};
            for (auto left = std::min((count - k) / 4, safe); left > 0; --left, k += 4)
                for (std::size_t lane = 0; lane < 4; ++lane) {
                    Bytes bytes;
                    std::memcpy(&bytes, first + spike[k + static_cast<std::int64_t>(lane)],
                                sizeof(bytes));
                    total[lane] += bytes;
                }
            for (const auto& part : total)
                wide += __builtin_convertvector(part, Shorts);
        }
        for (auto offset = 0; offset < 16; ++offset)
            sum[offset] += wide[offset];
    }
    for (; k < count; ++k)
        for (auto offset = 0; offset < 16; ++offset)
            sum[offset] += first[spike[k] + offset];
}

/// Counts of whole windows -D .. D apart, from the list of the shorter train.
std::vector<std::int64_t> coarse_of(const JitterPlan& plan, const JitterUnit& first,
                                    const JitterUnit& second)
{
    const auto reach = plan.coarse_reach();
    auto result = std::vector<std::int64_t>(at(2 * reach + 1), 0);
    const auto swap = first.coarse_spike.size() < second.coarse_spike.size();
    const auto& counts = swap ? second : first;
    coarse_counts(counts.coarse.data() + coarse_margin, counts.most,
                  (swap ? first : second).coarse_spike, reach, result);
    if (swap)
        std::reverse(result.begin(), result.end());
    return result;
}

std::vector<double> expected_interval(const JitterPlan& plan, const JitterUnit& first,
                                      const JitterUnit& second)
{
    const auto length = plan.settings().bins;
    const auto max_lag = plan.max_lag();
    const auto reach = plan.coarse_reach();
    const auto coarse = coarse_of(plan, first, second);
    const auto scale = 1 / static_cast<double>(length * length);
    auto result = std::vector<double>(at(2 * max_lag + 1));
    for (auto d = -reach; d < reach; ++d) { // linear between d and d + 1 windows
        const auto from = std::max(d * length, -max_lag);
        const auto to = std::min((d + 1) * length, max_lag + 1);
        const auto left = coarse[at(d + reach)];
        const auto right = coarse[at(d + 1 + reach)];
        for (auto lag = from; lag < to; ++lag) {
            const auto past = lag - d * length;
            result[at(lag + max_lag)] =
                static_cast<double>(left * (length - past) + right * past) * scale;
        }
    }
    if (max_lag == reach * length)
        result.back() = static_cast<double>(coarse.back() * length) * scale;
    for (const auto& one : plan.irregular()) {
        auto sum = std::int64_t{0};
        for (const auto& [a, b] : one.windows)
            sum += std::int64_t{first.irregular[at(a)]} * second.irregular[at(b)];
        if (sum != 0)
            for (std::size_t k = 0; k < result.size(); ++k)
                result[k] += static_cast<double>(sum) * one.profile[k];
    }
    return result;
}

REWIRE_CLONES("avx512f", "avx2", "default")
std::int32_t product_over_trials(const std::int16_t* first, const std::int16_t* second,
                                 std::int64_t trials)
{
    auto sum = std::int32_t{0};
    for (std::int64_t trial = 0; trial < trials; ++trial)
        sum += std::int32_t{first[trial]} * second[trial];
    return sum;
}

/// out[k] += factor * row[k]
REWIRE_CLONES("avx512f", "avx2", "default")
void add_scaled(double factor, const double* row, std::int64_t count, double* out)
{
    for (std::int64_t k = 0; k < count; ++k)
        out[k] += factor * row[k];
}

std::vector<double> expected_pattern(const JitterPlan& plan, const JitterUnit& first,
                                     const JitterUnit& second)
{
    const auto bins = std::ssize(first.share);
    const auto windows = plan.windows_of_a_trial();
    const auto trials = std::ssize(plan.timeline().segments);
    const auto length = plan.settings().bins;
    const auto reach = plan.max_lag();
    auto result = std::vector<double>(at(2 * reach + 1), 0.0);
    auto row = std::vector<double>(at(bins)); // expected first train of the window of the second
    for (std::int64_t own = 0; own < windows; ++own) {
        const auto from = std::max(own - plan.coarse_reach(), std::int64_t{0});
        const auto to = std::min(own + plan.coarse_reach(), windows - 1);
        for (auto other = from; other <= to; ++other) {
            const auto both = static_cast<double>(
                product_over_trials(first.by_window.data() + other * trials,
                                    second.by_window.data() + own * trials, trials));
            for (auto bin = other * length; bin < std::min((other + 1) * length, bins); ++bin)
                row[at(bin)] = both * first.share[at(bin)];
        }
        for (auto bin = own * length; bin < std::min((own + 1) * length, bins); ++bin) {
            const auto share = second.share[at(bin)];
            if (share == 0)
                continue;
            const auto low = std::max(bin - reach, std::int64_t{0});
            const auto high = std::min(bin + reach, bins - 1);
            add_scaled(share, row.data() + low, high - low + 1,
                       result.data() + (low - bin + reach));
        }
    }
    return result;
}

/// Bins that a dithered spike may take: its reach, cut at the segment.
struct Dithered
{
    std::int64_t first;
    std::int64_t bins;
};

Dithered dithered(const Timeline& timeline, std::int64_t spike, std::int64_t reach)
{
    const auto after = std::upper_bound(
        timeline.segments.begin(), timeline.segments.end(), spike,
        [](auto position, const auto& segment) { return position < segment.first; });
    const auto& segment = *std::prev(after);
    const auto first = std::max(spike - reach, segment.first);
    return {first, std::min(spike + reach + 1, segment.last()) - first};
}

/// What pairs of a spike near an edge give less than the triangle.
void correct_edges(const JitterPlan& plan, std::span<const std::int32_t> first,
                   std::span<const std::int32_t> second, bool skip_edges_of_first,
                   std::span<double> expected)
{
    const auto reach = plan.settings().bins;
    const auto max_lag = plan.max_lag();
    const auto choices = 2 * reach + 1;
    const auto area = static_cast<double>(choices * choices);
    auto start = std::size_t{0};
    for (const auto a : first) {
        const auto one = dithered(plan.timeline(), a, reach);
        if (skip_edges_of_first && one.bins < choices)
            continue;
        while (start < second.size() && second[start] < a - plan.reach())
            ++start;
        for (auto k = start; k < second.size() && second[k] <= a + plan.reach(); ++k) {
            const auto b = std::int64_t{second[k]};
            const auto other = dithered(plan.timeline(), b, reach);
            for (auto lag = std::max(-max_lag, a - b - 2 * reach);
                 lag <= std::min(max_lag, a - b + 2 * reach); ++lag) {
                const auto left =
                    window_overlap(lag, one.first - other.first, one.bins, other.bins);
                const auto whole = window_overlap(lag, a - b, choices, choices);
                expected[at(lag + max_lag)] += static_cast<double>(left - whole) / area;
            }
        }
    }
}

std::vector<double> expected_dither(const JitterPlan& plan, const JitterUnit& first,
                                    const JitterUnit& second, std::span<const std::int32_t> raw)
{
    const auto reach = plan.settings().bins;
    const auto choices = 2 * reach + 1;
    const auto lags = 2 * plan.max_lag() + 1;
    auto result = std::vector<double>(at(lags), 0.0);
    for (std::int64_t lag = 0; lag < lags; ++lag) {
        auto sum = std::int64_t{0};
        for (std::int64_t shift = -2 * reach; shift <= 2 * reach; ++shift)
            sum += raw[at(lag + 2 * reach + shift)] * (choices - std::abs(shift));
        result[at(lag)] = static_cast<double>(sum) / static_cast<double>(choices * choices);
    }
    correct_edges(plan, first.at_edge, second.spike, false, result);
    correct_edges(plan, first.spike, second.at_edge, true, result);
    return result;
}

void fill_interval(const JitterPlan& plan, std::span<const std::int32_t> train, JitterUnit& unit)
{
    unit.coarse.assign(at(plan.coarse_extent() + 2 * coarse_margin + plan.coarse_reach()), 0);
    unit.irregular.assign(at(plan.irregular_windows()), 0);
    unit.coarse_spike.reserve(train.size());
    const auto put = [&](std::int32_t coarse) {
        auto& count = unit.coarse[at(coarse + coarse_margin)];
        unit.most = std::max(unit.most, ++count);
        unit.coarse_spike.push_back(coarse);
    };
    const auto length = static_cast<std::uint32_t>(plan.settings().bins);
    for_each_in_segments(plan.timeline(), train, [&](auto spike, auto index) {
        const auto& segment = plan.segment_windows()[index];
        const auto within =
            static_cast<std::uint32_t>(spike - plan.timeline().segments[index].first);
        const auto window_index = segment.first + within / length;
        // Most are regular: where they lie follows from the first of them.
        if (window_index >= segment.regular_first && window_index < segment.regular_last) {
            put(plan.windows()[at(segment.regular_first)].coarse +
                static_cast<std::int32_t>(window_index - segment.regular_first));
            return;
        }
        const auto& window = plan.windows()[at(window_index)];
        if (window.irregular >= 0)
            ++unit.irregular[at(window.irregular)];
        if (window.coarse >= 0)
            put(window.coarse);
    });
}

void fill_pattern(const JitterPlan& plan, std::span<const std::int32_t> train, JitterUnit& unit)
{
    const auto& segments = plan.timeline().segments;
    const auto trials = std::ssize(segments);
    const auto length = plan.settings().bins;
    const auto bins = segments.front().bins;
    unit.by_window.assign(at(plan.windows_of_a_trial() * trials), 0);
    auto by_bin = std::vector<std::int64_t>(at(bins), 0);
    auto in_window = std::vector<std::int64_t>(at(plan.windows_of_a_trial()), 0);
    for_each_in_segments(plan.timeline(), train, [&](auto spike, auto trial) {
        const auto bin = spike - segments[trial].first;
        ++unit.by_window[at(bin / length * trials) + trial];
        ++by_bin[at(bin)];
        ++in_window[at(bin / length)];
    });
    for (std::int64_t bin = 0; bin < bins; ++bin) {
        const auto total = in_window[at(bin / length)];
        unit.share.push_back(
            total > 0 ? static_cast<double>(by_bin[at(bin)]) / static_cast<double>(total) : 0.0);
    }
}

void fill_dither(const JitterPlan& plan, std::span<const std::int32_t> train, JitterUnit& unit)
{
    const auto reach = plan.settings().bins;
    unit.spike.assign(train.begin(), train.end());
    for_each_in_segments(plan.timeline(), train, [&](auto spike, auto segment) {
        const auto& of = plan.timeline().segments[segment];
        if (spike - reach < of.first || spike + reach >= of.last())
            unit.at_edge.push_back(spike);
    });
}

} // namespace

void coarse_counts(const std::uint8_t* first, std::uint8_t most,
                   std::span<const std::int32_t> spikes, std::int64_t reach,
                   std::span<std::int64_t> sum)
{
    std::fill(sum.begin(), sum.end(), 0);
    for (std::int64_t offset = 0; offset < std::ssize(sum); offset += 16) {
        auto block = std::array<std::int64_t, 16>{};
        coarse_block(first - reach + offset, most, spikes.data(), std::ssize(spikes), block.data());
        std::copy_n(block.begin(), std::min(std::int64_t{16}, std::ssize(sum) - offset),
                    sum.begin() + offset);
    }
}

JitterUnit jitter_unit(const JitterPlan& plan, std::span<const std::int32_t> train)
{
    auto unit = JitterUnit{};
    switch (plan.settings().kind) {
    case Jitter::none:
        break;
    case Jitter::pattern:
        fill_pattern(plan, train, unit);
        break;
    case Jitter::interval:
        fill_interval(plan, train, unit);
        break;
    case Jitter::dither:
        fill_dither(plan, train, unit);
        break;
    }
    return unit;
}

std::vector<double> expected_counts(const JitterPlan& plan, const JitterUnit& first,
                                    const JitterUnit& second, std::span<const std::int32_t> raw)
{
    switch (plan.settings().kind) {
    case Jitter::pattern:
        return expected_pattern(plan, first, second);
    case Jitter::interval:
        return expected_interval(plan, first, second);
    case Jitter::dither:
        return expected_dither(plan, first, second, raw);
    case Jitter::none:
        break;
    }
    throw base::UsageError("no jitter was chosen", "expected counts", "choose one");
}

std::vector<double> expected_train(const JitterPlan& plan, std::span<const std::int32_t> train)
{
    auto result = std::vector<double>(at(plan.timeline().extent()), 0.0);
    const auto spread = [&](std::int64_t first, std::int64_t bins, double value) {
        for (auto position = first; position < first + bins; ++position)
            result[at(position)] += value;
    };
    const auto& settings = plan.settings();
    if (settings.kind == Jitter::interval)
        for_each_in_windows(plan, train, [&](auto, auto index) {
            const auto& window = plan.windows()[index];
            spread(window.first, window.bins, 1.0 / window.bins);
        });
    if (settings.kind == Jitter::dither)
        for (const auto spike : train) {
            const auto one = dithered(plan.timeline(), spike, settings.bins);
            spread(one.first, one.bins, 1.0 / static_cast<double>(2 * settings.bins + 1));
        }
    if (settings.kind == Jitter::pattern) {
        const auto unit = jitter_unit(plan, train);
        for_each_in_segments(plan.timeline(), train, [&](auto spike, auto trial) {
            const auto first = plan.timeline().segments[trial].first;
            const auto from = (spike - first) / settings.bins * settings.bins;
            const auto to = std::min(from + settings.bins, std::ssize(unit.share));
            for (auto bin = from; bin < to; ++bin)
                result[at(first + bin)] += unit.share[at(bin)];
        });
    }
    return result;
}

std::optional<std::vector<double>> expected_tile(const JitterPlan& plan, const BinnedTrains& trains,
                                                 const PairTile& tile,
                                                 std::span<const std::int32_t> raw,
                                                 const Tick& tick,
                                                 std::span<const std::uint8_t> wanted)
{
    auto units = std::vector<std::optional<JitterUnit>>(at(trains.units()));
    for_each_pair(tile, wanted, [&](auto i, auto j, auto) {
        for (const auto unit : {i, j})
            if (!units[at(unit)])
                units[at(unit)] = jitter_unit(plan, trains.train(unit));
    });
    const auto lags = 2 * plan.max_lag() + 1;
    const auto raw_lags = plan.settings().kind == Jitter::dither ? 2 * plan.reach() + 1 : 0;
    auto result = std::vector<double>(at(tile.pairs() * lags));
    auto stopped = false;
    for_each_pair(tile, wanted, [&](auto i, auto j, auto pair) {
        if (stopped)
            return;
        const auto expected = expected_counts(plan, *units[at(i)], *units[at(j)],
                                              raw.subspan(at(pair * raw_lags), at(raw_lags)));
        std::copy(expected.begin(), expected.end(), result.begin() + pair * lags);
        stopped = pair % 16 == 15 && !tick(16);
    });
    if (stopped || !tick(tile.pairs() % 16))
        return std::nullopt;
    return result;
}

} // namespace rewire::spikes
