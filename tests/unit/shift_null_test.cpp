#include "activity_rows.hpp"
#include "shift_setting.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/calcium/shift_null.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

using namespace rewire;
using namespace rewire::calcium;
using namespace rewire::test;

namespace {

std::size_t at(std::int64_t i)
{
    return static_cast<std::size_t>(i);
}

/// Partial correlations by Gauss-Jordan on the (shrunk) covariance of centred rows.
std::vector<double> partials(const Rows& rows, double shrinkage)
{
    const auto n = rows.size();
    auto a = Rows(n, std::vector<double>(2 * n));
    auto mean_variance = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j)
            a[i][j] = dot(centred(rows[i]), centred(rows[j]));
        mean_variance += a[i][i] / static_cast<double>(n);
        a[i][n + i] = 1;
    }
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
            a[i][j] = (1 - shrinkage) * a[i][j] + (i == j ? shrinkage * mean_variance : 0);
    for (std::size_t k = 0; k < n; ++k)
        for (std::size_t i = 0; i < n; ++i) {
            const auto factor = i == k ? 1 - 1 / a[k][k] : a[i][k] / a[k][k];
            const auto pivot = a[k];
            for (std::size_t j = 0; j < 2 * n; ++j)
                a[i][j] -= factor * pivot[j];
        }
    auto result = std::vector<double>{};
    for (std::size_t i = 0; i < n; ++i)
        for (auto j = i + 1; j < n; ++j)
            result.push_back(-a[i][n + j] / std::sqrt(a[i][n + i] * a[j][n + j]));
    return result;
}

/// Used frames of each state of one row, in order, as one row.
std::vector<double> used(const Setting& setting, const ShiftNullPlan& plan,
                         const std::vector<double>& row)
{
    auto result = std::vector<double>{};
    for (const auto& s : plan.states) {
        auto taken = std::int64_t{0};
        for (std::size_t t = 0; t < row.size() && taken < s.frames; ++t)
            if (setting.state.empty() || setting.state[t] == s.state) {
                result.push_back(row[t]);
                ++taken;
            }
    }
    return result;
}

/// Literally: draw, roll each trace within each state, covariance, inverse, count.
ShiftNullTally by_rolling(const Setting& setting, const ShiftNullPlan& plan)
{
    auto covariates = Rows{};
    for (const auto& row : setting.covariates)
        covariates.push_back(used(setting, plan, row));
    auto traces = Rows{};
    for (const auto neuron : plan.active)
        traces.push_back(residual(used(setting, plan, setting.rows[at(neuron)]), covariates));
    const auto observed = partials(traces, setting.shrinkage);
    const auto n = plan.active_count();
    const auto& options = plan.options;
    auto tally = empty_tally(plan);
    for (std::int64_t s = 0; s < options.surrogates; ++s) {
        auto slots = base::Stream(key.seed, {base::key_of("shift slot"), key.subject, key.session,
                                             static_cast<std::uint64_t>(s)});
        const auto slot = base::distinct_below(slots, plan.slots, n);
        auto bases = base::Stream(key.seed, {base::key_of("shift base"), key.subject, key.session,
                                             static_cast<std::uint64_t>(s / options.block_size)});
        auto rolled = traces;
        auto shift = std::vector<std::vector<std::int64_t>>{};
        for (const auto& state : plan.states) {
            auto& of_state = shift.emplace_back();
            for (std::int64_t i = 0; i < n; ++i) {
                of_state.push_back(slot[at(i)] * state.slot_frames +
                                   static_cast<std::int64_t>(
                                       bases.below(static_cast<std::uint64_t>(state.slot_frames))));
                for (std::int64_t t = 0; t < state.frames; ++t)
                    rolled[at(i)][at(state.first + (t + of_state.back()) % state.frames)] =
                        traces[at(i)][at(state.first + t)];
            }
        }
        const auto value = partials(rolled, setting.shrinkage);
        ++tally.surrogates;
        for (std::int64_t i = 0; i < n; ++i)
            for (auto j = i + 1; j < n; ++j) {
                const auto pair = at(base::pair_index(i, j, n));
                auto aligned = false;
                for (std::size_t k = 0; k < plan.states.size(); ++k) {
                    const auto difference = std::abs(shift[k][at(i)] - shift[k][at(j)]);
                    aligned |= std::min(difference, plan.states[k].frames - difference) <
                               options.minimum_shift;
                }
                auto a = value[pair];
                auto b = observed[pair];
                if (options.two_sided) {
                    a = std::abs(a);
                    b = std::abs(b);
                }
                tally.aligned += aligned ? 1 : 0;
                tally.exceed[pair] += a >= b - tie_tolerance ? 1 : 0;
                if (!aligned)
                    tally.maximum[at(s)] = std::max(tally.maximum[at(s)], a);
            }
    }
    return tally;
}

std::vector<std::uint8_t> random_states(std::int64_t frames, int kinds)
{
    auto stream = base::Stream(17, {static_cast<std::uint64_t>(frames)});
    auto state = std::vector<std::uint8_t>(at(frames));
    auto now = std::uint8_t{0};
    for (auto& s : state) {
        if (stream.uniform() < 0.1)
            now = static_cast<std::uint8_t>(stream.below(static_cast<std::uint64_t>(kinds)));
        s = now;
    }
    return state;
}

void expect_engines_agree_with_rolling(Setting setting)
{
    for (const auto engine : {NullEngine::table, NullEngine::direct}) {
        setting.options.engine = engine;
        const auto plan = setting.plan();
        ASSERT_TRUE(plan.possible) << plan.status_text;

        const auto tally = run_all(plan);
        const auto expected = by_rolling(setting, plan);

        EXPECT_EQ(tally.surrogates, expected.surrogates);
        EXPECT_EQ(tally.singular, 0);
        EXPECT_EQ(tally.exceed, expected.exceed);
        EXPECT_EQ(tally.aligned, expected.aligned);
        const auto tolerance = engine == NullEngine::table ? 2e-6 : 1e-11;
        for (std::size_t s = 0; s < tally.maximum.size(); ++s)
            EXPECT_NEAR(tally.maximum[s], expected.maximum[s], tolerance);
    }
}

} // namespace

TEST(ShiftNull, EnginesAgreeWithRolling)
{
    // neurons around the groups of 16; frames that slots divide and that they do not; one frame a
    // slot and many
    for (const auto neurons : {2, 3, 15, 16, 17, 33})
        for (const auto frames : {211, 1013, 3000}) {
            SCOPED_TRACE(testing::Message() << neurons << " neurons, " << frames << " frames");
            expect_engines_agree_with_rolling(
                {.rows = random_rows(neurons, frames, 0.1, 1),
                 .state = {},
                 .covariates = {},
                 .options = {.surrogates = 7, .minimum_shift = 12, .block_size = 3}});
        }
}

TEST(ShiftNull, SinglePrecisionIsEnough)
{
    auto setting = Setting{.rows = random_rows(150, 12000, 0.03, 1),
                           .state = {},
                           .covariates = {},
                           .options = {.surrogates = 6, .minimum_shift = 56, .block_size = 6}};
    setting.options.engine = NullEngine::table;
    const auto single = run_all(setting.plan());
    setting.options.engine = NullEngine::direct;
    const auto twice = run_all(setting.plan());

    EXPECT_EQ(single.exceed, twice.exceed);
    EXPECT_EQ(single.aligned, twice.aligned);
    for (std::size_t s = 0; s < 6; ++s)
        EXPECT_NEAR(single.maximum[s], twice.maximum[s], 1e-6);
}

TEST(ShiftNull, TwoSided)
{
    expect_engines_agree_with_rolling(
        {.rows = random_rows(5, 500, 0.2, 2),
         .state = {},
         .covariates = {},
         .options = {.surrogates = 40, .minimum_shift = 5, .two_sided = true, .block_size = 16}});
}

TEST(ShiftNull, WithinStates)
{
    constexpr auto frames = 2500;
    auto state = random_states(frames, 3);
    for (auto& s : state)
        s = s == 2 ? left_out_state : s;

    expect_engines_agree_with_rolling(
        {.rows = random_rows(6, frames, 0.1, 3),
         .state = state,
         .covariates = {},
         .options = {.surrogates = 20, .minimum_shift = 9, .block_size = 8}});
}

TEST(ShiftNull, WithCovariatesAndStatesAndShrinkage)
{
    constexpr auto frames = 1501;
    auto stream = base::Stream(12, {3});
    auto covariates = Rows(2, std::vector<double>(frames));
    for (auto& row : covariates)
        for (auto& value : row)
            value = 3 + stream.normal();
    auto rows = random_rows(7, frames, 0.1, 4);
    for (std::size_t t = 0; t < frames; ++t)
        rows[2][t] += 0.2 * covariates[0][t];

    expect_engines_agree_with_rolling(
        {.rows = rows,
         .state = random_states(frames, 2),
         .covariates = covariates,
         .shrinkage = 0.1,
         .options = {.surrogates = 12, .minimum_shift = 7, .block_size = 5}});
}

TEST(ShiftNull, InactiveNeuronsAreNotTested)
{
    auto rows = random_rows(4, 400, 0.2, 6);
    rows[1].assign(400, 0);
    auto setting = Setting{.rows = rows,
                           .state = {},
                           .covariates = {},
                           .options = {.surrogates = 30, .minimum_shift = 5, .block_size = 10}};

    expect_engines_agree_with_rolling(setting);
    const auto plan = setting.plan();
    const auto result = finish_shift_null(plan, run_all(plan));

    for (std::int64_t i = 0; i < 4; ++i)
        for (auto j = i + 1; j < 4; ++j)
            for (const auto* values : {&result.p_value, &result.q_value, &result.p_fwe})
                EXPECT_EQ(std::isnan((*values)[at(base::pair_index(i, j, 4))]), i == 1 || j == 1);
}

TEST(ShiftNull, BlocksMayBeAddedInAnyOrder)
{
    const auto plan = Setting{.rows = random_rows(20, 1200, 0.1, 8),
                              .state = {},
                              .covariates = {},
                              .options = {.surrogates = 50, .minimum_shift = 10, .block_size = 9}}
                          .plan();
    const auto forward = run_all(plan);

    auto backward = empty_tally(plan);
    for (auto block = plan.blocks(); block-- > 0;)
        add_to(backward, *run_shift_block(plan, block, go_on));

    EXPECT_EQ(plan.blocks(), 6);
    EXPECT_EQ(forward.exceed, backward.exceed);
    EXPECT_EQ(forward.aligned, backward.aligned);
    EXPECT_EQ(forward.maximum, backward.maximum);
    EXPECT_EQ(forward.surrogates, 50);
}

TEST(ShiftNull, StopsWhereTold)
{
    for (const auto engine : {NullEngine::table, NullEngine::direct}) {
        const auto plan = Setting{.rows = random_rows(4, 300, 0.2, 9),
                                  .state = {},
                                  .covariates = {},
                                  .options = {.surrogates = 100,
                                              .minimum_shift = 5,
                                              .engine = engine,
                                              .block_size = 100}}
                              .plan();
        auto done = std::int64_t{0};

        const auto stopped = run_shift_block(plan, 0, [&](std::int64_t finished) {
            done += finished;
            return done < 20;
        });
        const auto at_once = run_shift_block(plan, 0, [](std::int64_t) { return false; });

        EXPECT_FALSE(stopped.has_value());
        EXPECT_FALSE(at_once.has_value());
        EXPECT_GE(done, 20);
        EXPECT_LT(done, 100);
    }
}

TEST(ShiftNull, ASurrogateWithoutAnInverseIsCountedApart)
{
    // Two impulses each: where shifts put them on the same frames the two traces are one. A
    // minimum shift of 1 leaves no pair out.
    auto rows = Rows(2, std::vector<double>(12, 0.0));
    rows[0][1] = rows[0][7] = 1;
    rows[1][2] = rows[1][8] = 1;
    const auto plan = Setting{.rows = rows,
                              .state = {},
                              .covariates = {},
                              .options = {.surrogates = 200, .minimum_shift = 1, .block_size = 200}}
                          .plan();
    ASSERT_TRUE(plan.possible) << plan.status_text;

    const auto tally = run_all(plan);
    const auto result = finish_shift_null(plan, tally);

    // relative shifts -1 and 5 of the 11 that distinct slots allow
    EXPECT_NEAR(static_cast<double>(tally.singular), 200 * 2.0 / 11, 20);
    EXPECT_EQ(result.surrogates, 200 - tally.singular);
    EXPECT_EQ(std::count(tally.maximum.begin(), tally.maximum.end(), no_maximum), tally.singular);
    // every other shift gives the observed value again, up to rounding: a tie is no evidence
    EXPECT_EQ(result.p_value[0], 1);
    EXPECT_EQ(result.p_fwe[0], 1);
}
