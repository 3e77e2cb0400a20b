#include "jobs/connectome/rates.hpp"
#include "jobs/dynetcp_dynamic/estimate.hpp"
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

TEST(MachineRates, OfNetworksAreMeasuredForAnyNumberOfUnits)
{
    for (const auto units : {0, 2, 9}) {
        const auto rates = measured_dynamic_rates({.lags = 3}, units);

        expect_rates({rates.pair_bin_s, rates.neuron_bin_s, rates.forward_share, rates.parameter_s,
                      rates.leaf_parameter_s});
        EXPECT_LE(rates.forward_share, 1);
    }
}

TEST(PartsOfATrial, AreMadeWhereRanksAreMoreThanTrials)
{
    const auto sharing = TrialSharing{100, 0.1};

    EXPECT_EQ(parts_of_trial(16, 1, sharing), 1);
    EXPECT_EQ(parts_of_trial(16, 16, sharing), 1);
    EXPECT_EQ(parts_of_trial(16, 32, sharing), 2);
    EXPECT_EQ(parts_of_trial(16, 24, sharing), 3); // two of 48 parts each: 0.8 of a trial
    EXPECT_EQ(parts_of_trial(1, 4, sharing), 4);
    EXPECT_EQ(parts_of_trial(16, 64, {1, 0.1}), 1);
    EXPECT_EQ(parts_of_trial(16, 17, {100, 0.9}), 1); // nothing is gained
    EXPECT_LE(parts_of_trial(2, 1000, {5, 0.01}), 5);
}

TEST(PartsOfATrial, RepeatLessWhereEdgesAreMany)
{
    EXPECT_LT(sharing_of(800, 800.0 * 799).repeated, sharing_of(20, 380).repeated);
    EXPECT_GT(sharing_of(100, 200).repeated, 0.5);
}
