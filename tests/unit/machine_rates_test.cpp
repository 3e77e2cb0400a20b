#include "jobs/activity/machine_rates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace rewire::jobs;

TEST(MachineRates, AreMeasuredForStudiesOfAnySize)
{
    for (const auto neurons : {0, 1, 40, 5000}) {
        const auto rates = measured_rates(neurons);

        for (const auto rate :
             {rates.inverse_flops_per_s, rates.table_flops_per_s, rates.pairs_per_s,
              rates.oasis_samples_per_s, rates.movement_sums_per_s, rates.checked_bytes_per_s}) {
            EXPECT_TRUE(std::isfinite(rate));
            EXPECT_GT(rate, 0);
        }
        EXPECT_THAT(described(rates), testing::HasSubstr("GFLOP/s"));
    }
}
