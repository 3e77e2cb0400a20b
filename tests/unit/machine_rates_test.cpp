#include "jobs/connectome/rates.hpp"
#include "jobs/movement/rates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>

using namespace rewire::jobs;

namespace {

void expect_rates(std::initializer_list<double> rates)
{
    for (const auto rate : rates) {
        EXPECT_TRUE(std::isfinite(rate));
        EXPECT_GT(rate, 0);
    }
}

} // namespace

TEST(MachineRates, AreMeasuredForStudiesOfAnySize)
{
    for (const auto neurons : {0, 1, 40, 5000}) {
        const auto rates = measured_connectome_rates(neurons);

        expect_rates({rates.inverse_flops_per_s, rates.table_flops_per_s, rates.pairs_per_s,
                      rates.activity.oasis_samples_per_s,
                      rates.activity.files.checked_bytes_per_s});
        EXPECT_THAT(described(rates), testing::HasSubstr("GFLOP/s"));
    }
}

TEST(MachineRates, AreThoseOfTheJob)
{
    const auto rates = measured_movement_rates();

    expect_rates({rates.sums_per_s, rates.activity.oasis_samples_per_s});
    EXPECT_THAT(described(rates), testing::HasSubstr("movement sums"));
}
