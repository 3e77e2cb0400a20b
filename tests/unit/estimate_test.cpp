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

TEST(MemoryOfANode, IsThatOfItsWorstTime)
{
    auto estimate = Estimate{};
    estimate.rank_bytes = 50;
    estimate.early_rank_bytes = 120;
    estimate.node_bytes = 200;

    EXPECT_EQ(estimate.bytes_on_node(1), 250);
    EXPECT_EQ(estimate.bytes_on_node(4), 480);     // before they share
    EXPECT_EQ(estimate.bytes_on_node(4, 4), 1000); // each has a copy
}

TEST(Steps, TakeTheirComputeAndTheSumOverRanks)
{
    auto estimate = Estimate{};
    estimate.add_steps("train", 1000, 0.8, 8, 4e6);

    EXPECT_DOUBLE_EQ(estimate.core_seconds(), 800);
    EXPECT_DOUBLE_EQ(estimate.seconds_on(1), 800); // nothing to sum
    // Four ranks: a quarter of the compute, two rounds up and two down of 20 us + 4 ms.
    EXPECT_DOUBLE_EQ(estimate.seconds_on(4), 200 + 1000 * 4 * 4.02e-3);
    // Three: the slowest rank has three of the eight leaves.
    EXPECT_DOUBLE_EQ(estimate.seconds_on(3), 300 + 1000 * 4 * 4.02e-3);
    EXPECT_EQ(estimate.most_units(), 8);
}

TEST(Steps, AreShownInThePlan)
{
    auto estimate = Estimate{};
    estimate.add_steps("train", 1000, 0.8, 8, 4e6);

    const auto text = rewire::runtime::describe_plan("dynetcp", estimate, 4, 4, "rewire dynetcp");

    EXPECT_NE(text.find("1000 steps of 8 parts; 4.0 MB summed over ranks a step"),
              std::string::npos)
        << text;
}

TEST(SecondsToStop, AreAMinuteAndTheCheckpointWithinAQuarterOfTheLimit)
{
    using rewire::runtime::seconds_to_stop;

    EXPECT_EQ(seconds_to_stop(0, 60), 60);
    EXPECT_EQ(seconds_to_stop(3e9, 60), 90);
    EXPECT_EQ(seconds_to_stop(3e9, 5), 75); // of five minutes three are not waited away
    EXPECT_EQ(seconds_to_stop(1e13, 600), 9000);
}
