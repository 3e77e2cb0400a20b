#include <rewire/runtime/plan.hpp>

#include <gtest/gtest.h>

using rewire::runtime::Estimate;

TEST(MostOf, IsEnoughForEach)
{
    auto one = Estimate{};
    one.rank_bytes = 100;
    one.spread_bytes = 7;
    one.notes = {"measured"};
    one.add_phase("inputs", 10, 5, 2);
    one.add_phase("null", 300, 100, 3);
    auto other = Estimate{};
    other.rank_bytes = 50;
    other.spread_bytes = 9;
    other.notes = {"measured"};
    other.add_phase("inputs", 8, 1, 8);

    const auto most = rewire::runtime::most_of({one, other});

    EXPECT_EQ(most.rank_bytes, 100);
    EXPECT_EQ(most.spread_bytes, 9);
    EXPECT_EQ(most.notes.size(), 1U);
    ASSERT_EQ(most.phases.size(), 2U);
    for (const auto ranks : {1, 2, 4, 64}) {
        EXPECT_GE(most.seconds_on(ranks), one.seconds_on(ranks));
        EXPECT_GE(most.seconds_on(ranks), other.seconds_on(ranks));
    }
    EXPECT_EQ(most.seconds_on(1), 310);
}
