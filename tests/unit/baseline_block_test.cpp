#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/calcium/baseline.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace rewire;
using calcium::BaselineKind;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

constexpr auto nan_value = std::numeric_limits<double>::quiet_NaN();

/// Raw fluorescence of one neuron: a baseline, noise, and now and then a transient.
std::vector<double> fluorescence(std::int64_t frames, double baseline, double noise,
                                 std::uint64_t seed)
{
    auto stream = base::Stream(seed, {2});
    auto trace = std::vector<double>(static_cast<std::size_t>(frames));
    auto event = 0.0;
    for (auto& value : trace) {
        event = 0.95 * event + (stream.uniform() < 0.01 ? baseline : 0);
        value = baseline + event + noise * stream.normal();
    }
    return trace;
}

template <typename Sample>
std::vector<Sample> block_of(const std::vector<std::vector<double>>& traces)
{
    auto block = std::vector<Sample>{};
    for (std::size_t t = 0; t < traces.front().size(); ++t)
        for (const auto& trace : traces)
            block.push_back(static_cast<Sample>(trace[t]));
    return block;
}

std::vector<double> trace_of(const std::vector<double>& block, std::size_t neurons,
                             std::size_t neuron)
{
    auto trace = std::vector<double>{};
    for (auto at = neuron; at < block.size(); at += neurons)
        trace.push_back(block[at]);
    return trace;
}

} // namespace

TEST(BaselineBlock, IsTheBaselineOfEachNeuronWithoutItsNeuropil)
{
    constexpr auto frames = std::int64_t{400};
    const auto traces = std::vector{fluorescence(frames, 100, 5, 1), fluorescence(frames, 20, 1, 2),
                                    fluorescence(frames, 7, 1, 3)};
    const auto around = std::vector{fluorescence(frames, 30, 1, 4), fluorescence(frames, 3, 1, 5),
                                    fluorescence(frames, 1, 0.1, 6)};
    for (const auto kind : {BaselineKind::maximin, BaselineKind::percentile, BaselineKind::constant,
                            BaselineKind::none})
        for (const auto relative : {false, true})
            for (const auto factor : {0.0, 0.7}) {
                auto block = block_of<double>(traces);
                const auto neuropil = factor > 0 ? block_of<double>(around) : std::vector<double>{};
                const auto options = calcium::BaselineOptions{.kind = kind,
                                                              .window_s = 5,
                                                              .constant = 2,
                                                              .neuropil_factor = factor,
                                                              .relative = relative};

                const auto undefined =
                    calcium::subtract_baseline<double>(block, neuropil, frames, 3, 10, options);

                EXPECT_THAT(undefined, IsEmpty());
                for (std::size_t n = 0; n < 3; ++n) {
                    auto expected = traces[n];
                    for (std::size_t t = 0; t < expected.size(); ++t)
                        expected[t] -= factor * around[n][t];
                    auto base = std::vector<double>(expected.size(), 2);
                    if (kind == BaselineKind::maximin)
                        base = calcium::maximin_baseline(expected, 10, 5);
                    if (kind == BaselineKind::percentile)
                        base.assign(expected.size(), calcium::percentile_baseline(expected));
                    for (std::size_t t = 0; t < expected.size(); ++t)
                        if (kind != BaselineKind::none)
                            expected[t] = (expected[t] - base[t]) / (relative ? base[t] : 1);
                    EXPECT_EQ(trace_of(block, 3, n), expected);
                }
            }
}

TEST(BaselineBlock, NothingIsDefinedRelativeToABaselineBelowZero)
{
    auto block = std::vector<float>{1, 5, -1, 6, -1, 7};

    const auto undefined = calcium::subtract_baseline<float>(
        block, {}, 3, 2, 10, {.kind = BaselineKind::percentile, .percentile = 0, .relative = true});

    EXPECT_THAT(undefined, ElementsAre(0));
    EXPECT_TRUE(std::isnan(block[0]) && std::isnan(block[2]) && std::isnan(block[4]));
    EXPECT_FLOAT_EQ(block[5], 0.4F);
}

TEST(BaselineBlock, MissingSamplesOfEitherStayMissing)
{
    auto block = std::vector<double>{1, 1, nan_value, 2, 3, 3};
    const auto neuropil = std::vector<double>{1, 1, 1, 1, 1, nan_value};

    calcium::subtract_baseline<double>(block, neuropil, 3, 2, 10,
                                       {.kind = BaselineKind::percentile, .neuropil_factor = 1});

    EXPECT_TRUE(std::isnan(block[2]));
    EXPECT_TRUE(std::isnan(block[5]));
    EXPECT_EQ(block[0], 0);
    EXPECT_EQ(block[3], 1);
    EXPECT_THROW(calcium::subtract_baseline<double>(block, {}, 4, 2, 10, {}), base::InputError);
}

TEST(RawFluorescence, IsFarFromZeroAndDffIsNot)
{
    constexpr auto frames = std::int64_t{3000};
    auto raw = std::vector<std::vector<double>>{};
    auto dff = raw;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        raw.push_back(fluorescence(frames, 50 * static_cast<double>(seed), 4, seed));
        auto block = raw.back();
        calcium::subtract_baseline<double>(
            block, {}, frames, 1, 30,
            {.kind = seed % 2 == 0 ? BaselineKind::maximin : BaselineKind::percentile,
             .relative = true});
        dff.push_back(block);
    }

    EXPECT_EQ(calcium::count_far_from_zero<double>(block_of<double>(raw), frames, 20), 20);
    EXPECT_EQ(calcium::count_far_from_zero<float>(block_of<float>(dff), frames, 20), 0);
}

TEST(RawFluorescence, LimitsOfTheJudgement)
{
    EXPECT_FALSE(calcium::is_far_from_zero({}));
    EXPECT_FALSE(calcium::is_far_from_zero(std::vector<double>{5, nan_value, 5}));
    EXPECT_FALSE(calcium::is_far_from_zero(std::vector<double>(10, 0.0)));
    EXPECT_FALSE(calcium::is_far_from_zero(std::vector<double>(10, -5.0)));
    EXPECT_TRUE(calcium::is_far_from_zero(std::vector<double>(10, 5.0)));
}
