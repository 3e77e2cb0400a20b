#include "activity_rows.hpp"
#include "shift_setting.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/base/random.hpp>
#include <rewire/calcium/shift_null.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace rewire;
using namespace rewire::calcium;
using namespace rewire::test;

TEST(ShiftNullPlan, ObservedValuesAreThoseOfPartialCorrelation)
{
    const auto rows = random_rows(5, 1000, 0.1, 6); // 1000 slots of 1 frame: all frames are used
    const auto activity = activity_of(rows, 1000);

    const auto plan = plan_shift_null(activity.view(), {}, {}, {}, key);
    const auto expected = partial_correlation(activity.view());

    EXPECT_EQ(plan.frames_left_out, 0);
    ASSERT_EQ(plan.observed.size(), expected.value.size());
    for (std::size_t pair = 0; pair < expected.value.size(); ++pair)
        EXPECT_NEAR(plan.observed[pair], expected.value[pair], 1e-12);
}

TEST(ShiftNullPlan, SessionsWithoutANullSayWhy)
{
    auto plan_of = [](const Rows& rows, std::int64_t minimum_shift) {
        return Setting{.rows = rows,
                       .state = {},
                       .covariates = {},
                       .options = {.surrogates = 10, .minimum_shift = minimum_shift}}
            .plan();
    };
    auto twins = random_rows(3, 200, 0.2, 1);
    twins[2] = twins[0];
    const auto cases = std::vector<ShiftNullPlan>{
        plan_of(random_rows(3, 200, 0.2, 1), 51), // 4 minimum shifts are 204 frames
        plan_of(random_rows(12, 10, 0.9, 1), 2),  // fewer frames than neurons
        plan_of(random_rows(12, 12, 0.9, 1), 2),  // as many
        plan_of(random_rows(1, 200, 0.2, 1), 2),  // no pair
        plan_of(Rows(2, std::vector<double>(0)), 2), plan_of(twins, 2)};

    for (const auto& plan : cases) {
        EXPECT_FALSE(plan.possible);
        EXPECT_NE(plan.status_text, "");
        EXPECT_NE(plan.status_text, "ok");
        EXPECT_EQ(plan.blocks(), 0);
        const auto result = finish_shift_null(plan, empty_tally(plan));
        EXPECT_TRUE(std::all_of(result.p_value.begin(), result.p_value.end(),
                                [](double p) { return std::isnan(p); }));
        EXPECT_EQ(static_cast<std::int64_t>(result.p_value.size()), base::pair_count(plan.neurons));
    }
}

TEST(ShiftNullPlan, StatesTooShortToShiftAreCounted)
{
    const auto activity = activity_of(random_rows(5, 1000, 0.1, 6), 1000);
    auto state = std::vector<std::uint8_t>(1000, 0);
    std::fill(state.begin() + 200, state.begin() + 239, std::uint8_t{1});
    std::fill(state.begin() + 500, state.begin() + 540, std::uint8_t{2});
    std::fill(state.begin() + 900, state.begin() + 910, left_out_state);

    const auto plan = plan_shift_null(activity.view(), state, {}, {.minimum_shift = 10}, key);

    EXPECT_EQ(plan.states.size(), 2);
    EXPECT_EQ(plan.shortest_state, 40);
    EXPECT_EQ(plan.frames_too_short, 39);
    EXPECT_EQ(plan.frames_left_out, 1000 - plan.frames_used);
    EXPECT_GE(plan.frames_left_out, 39 + 10);
}

TEST(ShiftNullPlan, BadInputIsAnError)
{
    const auto activity = activity_of(random_rows(3, 200, 0.2, 1), 200);
    const auto state = std::vector<std::uint8_t>(100, 0);
    const auto covariate = std::vector<double>(100, 0);

    EXPECT_THROW(plan_shift_null(activity.view(), state, {}, {}, key), base::InputError);
    EXPECT_THROW(plan_shift_null(activity.view(), {}, {.count = 1, .value = covariate}, {}, key),
                 base::InputError);
    EXPECT_THROW(plan_shift_null(activity.view(), {}, {}, {.surrogates = 0}, key),
                 base::InputError);
    EXPECT_THROW(plan_shift_null(activity.view(), {}, {}, {.minimum_shift = 0}, key),
                 base::InputError);
}

TEST(ShiftNullPlan, SlotsUseNearlyAllFrames)
{
    const auto slots_of = [](std::int64_t active, std::vector<std::int64_t> frames) {
        return choose_slots(active, frames);
    };

    EXPECT_EQ(slots_of(500, {40000}), 1000);
    EXPECT_EQ(slots_of(20, {900}), 900);
    EXPECT_EQ(slots_of(20, {}), 0);
    EXPECT_EQ(slots_of(7, {7}), 0); // 7 is no product of 2, 3, 5 and 6 slots are too few
    for (const auto frames : {997, 12345, 39996, 100003})
        for (const auto active : {2, 300, 900}) {
            const auto slots = slots_of(active, {frames});
            EXPECT_GE(slots, active);
            EXPECT_LE(frames % slots, frames / 33);
        }
}

TEST(ShiftNullPlan, ResolutionBoundsP)
{
    // 40 frames: 39 relative shifts, however many surrogates
    auto rows = Rows(2, std::vector<double>(40, 0.0));
    auto stream = base::Stream(3, {3});
    for (auto& value : rows[0])
        value = stream.normal();
    rows[1] = rows[0];
    rows[1][0] += 0.3;
    const auto plan =
        Setting{.rows = rows,
                .state = {},
                .covariates = {},
                .options = {.surrogates = 1000, .minimum_shift = 10, .block_size = 500}}
            .plan();

    const auto result = finish_shift_null(plan, run_all(plan));

    EXPECT_EQ(plan.distinct_shifts, 39);
    EXPECT_GE(result.p_value[0], 1.0 / 40);
    EXPECT_EQ(result.p_value[0], result.smallest_p);
}

TEST(ShiftNullPlan, PlannersGetPositiveGrowingNumbers)
{
    for (const auto engine : {NullEngine::table, NullEngine::direct}) {
        EXPECT_GT(null_memory_bytes(500, 40000, 1000000, 500, engine), 1e6);
        EXPECT_EQ(null_work(500, 40000, 1000000, 500, engine).inverse_flops,
                  500.0 * 500 * 500 * 500);
        EXPECT_GT(null_work(500, 40000, 1000000, 500, engine).table_flops, 0);
        EXPECT_GT(null_memory_bytes(1000, 40000, 2000000, 500, engine),
                  null_memory_bytes(500, 40000, 1000000, 500, engine));
    }
    EXPECT_EQ(default_block_size(10), 1000);
    EXPECT_GE(default_block_size(5000), 16);
}
