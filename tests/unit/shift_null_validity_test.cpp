// Properties that must hold over independent data sets: the null rejects as often as it says where
// neurons are independent, and finds what was planted where they are not.

#include "activity_rows.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/calcium/shift_null.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

using namespace rewire;
using namespace rewire::calcium;
using namespace rewire::test;

namespace {

/// Independent traces with bursts: Poisson events at two rates that alternate (a hidden state of
/// each neuron's own), exponential sizes, and the five-tap smoothing of the pipeline.
Rows bursting_rows(std::int64_t neurons, std::int64_t frames, std::uint64_t seed)
{
    auto rows = Rows{};
    for (std::int64_t n = 0; n < neurons; ++n) {
        auto stream = base::Stream(seed, {base::key_of("burst"), static_cast<std::uint64_t>(n)});
        auto raw = std::vector<double>(static_cast<std::size_t>(frames));
        auto active = false;
        for (auto& value : raw) {
            if (stream.uniform() < 0.1)
                active = !active;
            if (stream.uniform() < (active ? 0.08 : 0.01))
                value = 0.5 + stream.exponential();
        }
        auto smooth = std::vector<double>(raw.size());
        constexpr auto taps = std::array{0.33, 0.67, 1.0, 0.67, 0.33};
        for (std::size_t t = 0; t + 4 < raw.size(); ++t)
            for (std::size_t k = 0; k < 5; ++k)
                smooth[t] += taps[k] * raw[t + k];
        rows.push_back(smooth);
    }
    return rows;
}

/// Gaussian AR(1): every sample is non-zero and correlated over 1 / (1 - coefficient) frames.
Rows autoregressive_rows(std::int64_t neurons, std::int64_t frames, double coefficient,
                         std::uint64_t seed)
{
    auto rows = Rows{};
    for (std::int64_t n = 0; n < neurons; ++n) {
        auto stream = base::Stream(seed, {base::key_of("ar"), static_cast<std::uint64_t>(n)});
        auto& row = rows.emplace_back();
        auto value = stream.normal() / std::sqrt(1 - coefficient * coefficient);
        for (std::int64_t t = 0; t < frames; ++t) {
            row.push_back(value);
            value = coefficient * value + stream.normal();
        }
    }
    return rows;
}

ShiftNullResult test_of(const Rows& rows, std::span<const std::uint8_t> state, bool two_sided,
                        std::uint64_t seed, std::int64_t surrogates = 199,
                        std::int64_t minimum_shift = 20)
{
    const auto activity = activity_of(rows, static_cast<std::int64_t>(rows[0].size()));
    const auto plan = plan_shift_null(activity.view(), state, {},
                                      {.surrogates = surrogates,
                                       .minimum_shift = minimum_shift,
                                       .two_sided = two_sided,
                                       .engine = NullEngine::table},
                                      {.seed = seed, .subject = 1, .session = 2});
    auto tally = empty_tally(plan);
    for (std::int64_t block = 0; block < plan.blocks(); ++block)
        add_to(tally, *run_shift_block(plan, block, [](std::int64_t) { return true; }));
    return finish_shift_null(plan, tally);
}

/// Rejections of one pair at two levels, of any pair family-wise, and of any pair by q-value.
struct Rejections
{
    std::int64_t data_sets = 0;
    std::int64_t pair_05 = 0;
    std::int64_t pair_01 = 0;
    std::int64_t family_05 = 0;
    std::int64_t discovery_05 = 0;

    void add(const ShiftNullResult& result)
    {
        const auto below = [](const std::vector<double>& values, double level) {
            return std::any_of(values.begin(), values.end(),
                               [&](double value) { return value <= level; });
        };
        ++data_sets;
        pair_05 += result.p_value[0] <= 0.05 ? 1 : 0;
        pair_01 += result.p_value[0] <= 0.01 ? 1 : 0;
        family_05 += below(result.p_fwe, 0.05) ? 1 : 0;
        discovery_05 += below(result.q_value, 0.05) ? 1 : 0;
    }
};

/// At most `level` within sampling error: the lower end of a 99.9 % interval does not exceed it.
void expect_at_most(double level, std::int64_t rejections, std::int64_t data_sets)
{
    EXPECT_LE(stats::wilson_interval(rejections, data_sets, 3.29).low, level)
        << rejections << " of " << data_sets;
}

void expect_valid(const Rejections& seen)
{
    expect_at_most(0.05, seen.pair_05, seen.data_sets);
    expect_at_most(0.01, seen.pair_01, seen.data_sets);
    expect_at_most(0.05, seen.family_05, seen.data_sets);
    expect_at_most(0.05, seen.discovery_05, seen.data_sets);
    // not by rejecting nothing, either
    EXPECT_GE(stats::wilson_interval(seen.pair_05, seen.data_sets, 3.29).high, 0.05);
    EXPECT_GE(stats::wilson_interval(seen.family_05, seen.data_sets, 3.29).high, 0.04);
}

} // namespace

TEST(ShiftNullValidity, BurstsOneFrameASlot)
{
    auto seen = Rejections{};
    for (std::uint64_t seed = 0; seed < 1000; ++seed)
        seen.add(test_of(bursting_rows(8, 900, seed), {}, false, seed));

    expect_valid(seen);
}

TEST(ShiftNullValidity, AutoregressiveSeveralFramesASlot)
{
    auto seen = Rejections{};
    for (std::uint64_t seed = 0; seed < 500; ++seed)
        seen.add(test_of(autoregressive_rows(6, 3000, 0.8, seed), {}, true, seed));

    expect_valid(seen);
}

TEST(ShiftNullValidity, SlowTracesAndALongMinimumShift)
{
    // Shifts near 0 resemble the observed alignment: a quarter of all shifts left out of the counts
    // would make p too small.
    auto seen = Rejections{};
    for (std::uint64_t seed = 0; seed < 1000; ++seed)
        seen.add(test_of(autoregressive_rows(10, 800, 0.95, seed), {}, false, seed, 199, 100));

    expect_valid(seen);
}

TEST(ShiftNullValidity, DriveByAStateRejectsUnlessShiftsStayWithinIt)
{
    constexpr auto frames = std::int64_t{2000};
    auto within = Rejections{};
    auto across = Rejections{};
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        auto stream = base::Stream(seed, {base::key_of("running")});
        auto rows = Rows(4, std::vector<double>(static_cast<std::size_t>(frames)));
        auto state = std::vector<std::uint8_t>(static_cast<std::size_t>(frames));
        auto running = std::uint8_t{0};
        for (std::size_t t = 0; t < state.size(); ++t) {
            if (stream.uniform() < 0.02)
                running ^= 1U;
            state[t] = running;
            for (auto& row : rows) // all are more active while it runs
                if (stream.uniform() < (running != 0 ? 0.3 : 0.02))
                    row[t] = stream.exponential();
        }
        within.add(test_of(rows, state, false, seed));
        if (seed < 30)
            across.add(test_of(rows, {}, false, seed));
    }

    expect_valid(within);
    EXPECT_GE(across.family_05, 20) << "of " << across.data_sets;
}

TEST(ShiftNullPower, PlantedEdgesAreFound)
{
    constexpr auto neurons = std::int64_t{12};
    auto found = 0;
    auto found_family = 0;
    auto false_family = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        auto rows = bursting_rows(neurons, 3000, seed);
        const auto shared = bursting_rows(2, 3000, seed + 1000);
        for (std::size_t t = 0; t < 3000; ++t)
            for (const auto pair : {std::size_t{0}, std::size_t{1}})
                for (const auto member : {std::size_t{0}, std::size_t{1}})
                    rows[2 * pair + member][t] += 0.6 * shared[pair][t];

        const auto result = test_of(rows, {}, false, seed, 999);

        for (std::int64_t i = 0; i < neurons; ++i)
            for (auto j = i + 1; j < neurons; ++j) {
                const auto pair = static_cast<std::size_t>(base::pair_index(i, j, neurons));
                const auto planted = (i == 0 && j == 1) || (i == 2 && j == 3);
                found += planted && result.q_value[pair] <= 0.05 ? 1 : 0;
                found_family += planted && result.p_fwe[pair] <= 0.05 ? 1 : 0;
                false_family += !planted && result.p_fwe[pair] <= 0.05 ? 1 : 0;
            }
    }

    EXPECT_GE(found, 38); // of 40
    EXPECT_GE(found_family, 38);
    EXPECT_LE(false_family, 5); // 20 data sets at 5 %: expected 1
}
