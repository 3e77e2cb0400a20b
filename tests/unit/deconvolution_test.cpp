#include "calcium_traces.hpp"

#include <rewire/base/error.hpp>
#include <rewire/calcium/deconvolution.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace rewire;
using calcium::OasisVariant;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::IsNan;

namespace {

constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Frames a second for which calcium halves in one frame, with tau = 1 s.
const auto halving_hz = 1 / std::log(2.0);

std::vector<double> spikes_of(std::vector<double> dff, OasisVariant variant)
{
    return calcium::deconvolve(std::span<const double>(dff), {1, halving_hz, variant});
}

auto near(double value)
{
    return DoubleNear(value, 1e-12);
}

/// OASIS as it is published: pools with their fit, weight and length, exponentials and divisions,
/// and farci's own rule for going back.
std::vector<double> obvious_oasis(const std::vector<double>& dff,
                                  const calcium::OasisParameters& parameters)
{
    struct Pool
    {
        double fit, weight;
        std::size_t start, length;
    };
    const auto farci = parameters.variant == OasisVariant::farci;
    const auto decay_over = [&](std::size_t length) {
        return std::exp(-static_cast<double>(length) / (parameters.tau_s * parameters.rate_hz));
    };
    const auto floor_of = [&](double fit) { return farci ? std::max(fit, 0.0) : fit; };

    auto pools = std::vector<Pool>{};
    for (auto t = std::size_t{0}; t < dff.size(); ++t) {
        pools.push_back({dff[t], 1, t, 1});
        for (auto merges = 0; pools.size() > 1; ++merges) {
            const auto last = pools.back();
            auto& before = pools[pools.size() - 2];
            const auto reached = before.fit * decay_over(before.length);
            if (last.fit >= (merges > 0 ? floor_of(reached) : reached))
                break;
            const auto weight = before.weight + last.weight * decay_over(2 * before.length);
            before.fit =
                (before.fit * before.weight + last.fit * last.weight * decay_over(before.length)) /
                weight;
            before.weight = weight;
            before.length += last.length;
            pools.pop_back();
        }
    }

    auto spikes = std::vector<double>(dff.size());
    for (auto k = std::size_t{1}; k < pools.size(); ++k)
        spikes[pools[k].start] =
            floor_of(pools[k].fit) - floor_of(pools[k - 1].fit) * decay_over(pools[k - 1].length);
    return spikes;
}

} // namespace

TEST(Deconvolution, SpikesOfCalciumWithoutNoiseComeBack)
{
    // spikes of 1 in frame 1 and 2 in frame 3
    const auto spikes = spikes_of({0, 1, 0.5, 2.25, 1.125}, OasisVariant::farci);

    EXPECT_THAT(spikes, ElementsAre(0, near(1), near(0), near(2), near(0)));
}

TEST(Deconvolution, NeighboursThatFallTooFastShareOneFit)
{
    // 1, 0: fit c, c/2 with c = (1 + 0/2) / (1 + 1/4) = 0.8; it decays to 0.2 in frame 2
    const auto spikes = spikes_of({1, 0, 3}, OasisVariant::suite2p);

    EXPECT_THAT(spikes, ElementsAre(0, 0, near(2.8)));
}

TEST(Deconvolution, NegativeCalciumIsClippedByFarciOnly)
{
    EXPECT_THAT(spikes_of({-4, -1, 3}, OasisVariant::suite2p), ElementsAre(0, near(1), near(3.5)));
    EXPECT_THAT(spikes_of({-4, -1, 3}, OasisVariant::farci), ElementsAre(0, 0, near(3)));
}

TEST(Deconvolution, SpikeInTheFirstFrameIsLost)
{
    EXPECT_THAT(spikes_of({4, 2, 1}, OasisVariant::suite2p), ElementsAre(0, near(0), near(0)));
}

TEST(Deconvolution, FarciGivesNothingForEqualSteps)
{
    EXPECT_THAT(spikes_of({1.5, 1.5, 1.5}, OasisVariant::farci), ElementsAre(0, 0, 0));
    EXPECT_THAT(spikes_of({0, 1, 2}, OasisVariant::farci), ElementsAre(0, 0, 0));
    EXPECT_THAT(spikes_of({0, 1}, OasisVariant::farci), ElementsAre(0, 0));
    EXPECT_THAT(spikes_of({1.5, 1.5, 1.5}, OasisVariant::suite2p),
                ElementsAre(0, near(0.75), near(0.75)));
}

TEST(Deconvolution, NoneAndOneFrame)
{
    for (const auto variant : {OasisVariant::farci, OasisVariant::suite2p}) {
        EXPECT_TRUE(spikes_of({}, variant).empty());
        EXPECT_THAT(spikes_of({3}, variant), ElementsAre(0));
    }
}

TEST(Deconvolution, SamplesThatAreNotFinite)
{
    EXPECT_THAT(spikes_of({0, 1, not_a_number, 1, 3}, OasisVariant::farci),
                ElementsAre(IsNan(), IsNan(), IsNan(), IsNan(), IsNan()));
    EXPECT_THAT(spikes_of({0, 1, not_a_number, 1, 3}, OasisVariant::suite2p),
                ElementsAre(0, near(1), IsNan(), IsNan(), near(2.5)));
}

TEST(Deconvolution, EqualsTheObviousKernelOnRandomTraces)
{
    for (const auto variant : {OasisVariant::farci, OasisVariant::suite2p})
        for (const auto frames : {3, 10, 1000})
            for (const auto tau_s : {0.02, 0.7, 8.0})
                for (const auto offset : {-1.0, 0.0, 0.5})
                    for (auto seed = std::uint64_t{1}; seed <= 5; ++seed) {
                        auto traces = test::CalciumTraces{frames, 1};
                        traces.offset = offset;
                        traces.seed = seed;
                        const auto dff = test::simulated_dff<double>(traces);
                        const auto parameters = calcium::OasisParameters{tau_s, 28, variant};

                        const auto spikes =
                            calcium::deconvolve(std::span<const double>(dff), parameters);

                        EXPECT_THAT(spikes, testing::Pointwise(DoubleNear(1e-11),
                                                               obvious_oasis(dff, parameters)));
                    }
}

TEST(Deconvolution, LongPoolsOfFallingTraces)
{
    // Each sample falls below what is left of the one before: one pool of 20,000 frames, over which
    // g^length underflows; then a spike of 5.
    auto dff = std::vector<double>(20'000);
    for (auto t = std::size_t{0}; t < dff.size(); ++t)
        dff[t] = -1 - 0.5 * static_cast<double>(t % 2);
    dff.push_back(5);

    const auto spikes = spikes_of(dff, OasisVariant::farci);

    EXPECT_EQ(std::count(spikes.begin(), spikes.end(), 0.0), 20'000);
    EXPECT_DOUBLE_EQ(spikes.back(), 5);
}

TEST(Deconvolution, ParametersThatCannotBe)
{
    const auto decay = [](double tau_s, double rate_hz, OasisVariant variant) {
        return calcium::oasis_decay({tau_s, rate_hz, variant});
    };

    EXPECT_DOUBLE_EQ(decay(0.7, 28, OasisVariant::farci), std::exp(-1 / 19.6));
    EXPECT_GT(decay(0.001, 28, OasisVariant::suite2p), 0);
    EXPECT_THROW(decay(0, 28, OasisVariant::suite2p), base::InputError);
    EXPECT_THROW(decay(0.7, -1, OasisVariant::farci), base::InputError);
    EXPECT_THROW(decay(not_a_number, 28, OasisVariant::farci), base::InputError);
    try {
        decay(0.7, 0.2, OasisVariant::farci); // a rate a minute, not a second
        FAIL();
    } catch (const base::InputError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("tau = 0.7 s at 0.2 frames/s"));
        EXPECT_THAT(error.next(), testing::HasSubstr("seconds"));
    }
}
