#include "calcium_traces.hpp"

#include <rewire/base/error.hpp>
#include <rewire/calcium/deconvolve_block.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

using namespace rewire;
using calcium::NeuronStatus;
using calcium::OasisKernel;
using calcium::OasisVariant;

namespace {

constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr auto infinity = std::numeric_limits<double>::infinity();

std::vector<OasisKernel> kernels_here()
{
    auto kernels = std::vector<OasisKernel>{};
    for (const auto kernel : {OasisKernel::scalar, OasisKernel::avx2, OasisKernel::avx512})
        if (calcium::is_available(kernel))
            kernels.push_back(kernel);
    return kernels;
}

calcium::BlockOptions options_with(OasisKernel kernel, OasisVariant variant = OasisVariant::farci,
                                   double tau_s = 0.7)
{
    return {{tau_s, 28, variant}, 2, kernel};
}

struct Found
{
    activity::Activity activity;
    std::vector<calcium::NeuronSummary> summary;
};

template <typename Sample>
Found block_of(const std::vector<Sample>& samples, std::int64_t frames, std::int64_t neurons,
               const calcium::BlockOptions& options)
{
    auto found = Found{};
    found.summary =
        calcium::deconvolve_block<Sample>({samples, frames, neurons}, options, found.activity);
    return found;
}

/// The same, one neuron after the other by the plain functions.
template <typename Sample>
Found one_by_one(const std::vector<Sample>& samples, std::int64_t frames, std::int64_t neurons,
                 const calcium::BlockOptions& options)
{
    auto found = Found{};
    for (auto n = std::int64_t{0}; n < neurons; ++n) {
        auto dff = std::vector<Sample>{};
        for (auto t = std::int64_t{0}; t < frames; ++t)
            dff.push_back(samples[static_cast<std::size_t>(t * neurons + n)]);
        const auto spikes = calcium::deconvolve(std::span<const Sample>(dff), options.oasis);
        found.summary.push_back(calcium::append_events(spikes, options.alpha, found.activity));
    }
    return found;
}

template <typename T>
void expect_same_bits(const std::vector<T>& a, const std::vector<T>& b)
{
    ASSERT_EQ(a.size(), b.size());
    EXPECT_TRUE(a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

std::uint64_t bits_of(double value)
{
    return std::bit_cast<std::uint64_t>(value);
}

void expect_same_bits(const Found& a, const Found& b)
{
    EXPECT_EQ(a.activity.frames, b.activity.frames);
    expect_same_bits(a.activity.start, b.activity.start);
    expect_same_bits(a.activity.frame, b.activity.frame);
    expect_same_bits(a.activity.value, b.activity.value);
    ASSERT_EQ(a.summary.size(), b.summary.size());
    for (auto n = std::size_t{0}; n < a.summary.size(); ++n) {
        EXPECT_EQ(bits_of(a.summary[n].mean), bits_of(b.summary[n].mean));
        EXPECT_EQ(bits_of(a.summary[n].threshold), bits_of(b.summary[n].threshold));
        EXPECT_EQ(a.summary[n].events, b.summary[n].events);
    }
}

} // namespace

TEST(DeconvolveBlock, IsThePlainFunctionsBitForBitOnEveryKernel)
{
    struct Case
    {
        std::int64_t frames;
        std::int64_t neurons;
        double tau_s;
        double noise_sd;
        double offset;
    };
    const auto cases = std::vector<Case>{
        {900, 37, 0.7, 0.2, 0},    // neither 6 nor 16 divides the neurons
        {2048, 16, 0.7, 0.1, 0},   // one whole chunk
        {2049, 6, 0.7, 0.3, 0},    // and one frame more
        {4999, 17, 0.7, 0.3, -1},  // mostly negative
        {5000, 18, 30.0, 0.2, 0},  // long pools
        {300, 33, 0.02, 0.2, 0.5}, // fast decay, offset
        {20000, 3, 0.01, 0, -1e-3} // powers of the decay underflow
    };

    for (const auto& one : cases)
        for (const auto variant : {OasisVariant::farci, OasisVariant::suite2p})
            for (const auto kernel : kernels_here()) {
                SCOPED_TRACE(testing::Message() << one.frames << " x " << one.neurons << ", tau "
                                                << one.tau_s << ", " << name_of(kernel));
                auto traces = test::CalciumTraces{one.frames, one.neurons};
                traces.noise_sd = one.noise_sd;
                traces.offset = one.offset;
                // At least 0.145 frames a decay time, or farci refuses.
                const auto options =
                    options_with(kernel, variant, std::max(one.tau_s, 0.15 / 28 + 1e-4));
                const auto samples = test::simulated_dff<double>(traces);

                const auto found = block_of(samples, one.frames, one.neurons, options);

                expect_same_bits(found, one_by_one(samples, one.frames, one.neurons, options));
            }
}

TEST(DeconvolveBlock, FloatInputIsTheSameAsItsValuesInDouble)
{
    for (const auto kernel : kernels_here()) {
        const auto single = test::simulated_dff<float>({1000, 19});
        const auto wide = std::vector<double>(single.begin(), single.end());

        const auto found = block_of(single, 1000, 19, options_with(kernel));

        expect_same_bits(found, block_of(wide, 1000, 19, options_with(kernel)));
    }
}

TEST(DeconvolveBlock, DegenerateSizes)
{
    for (const auto kernel : kernels_here())
        for (const auto variant : {OasisVariant::farci, OasisVariant::suite2p})
            for (const auto frames : {0, 1, 2, 3, 4, 5, 6, 9})
                for (const auto neurons : {0, 1, 2, 6, 7, 16, 17}) {
                    SCOPED_TRACE(testing::Message()
                                 << frames << " x " << neurons << ", " << name_of(kernel));
                    const auto options = options_with(kernel, variant);
                    const auto samples = test::simulated_dff<double>({frames, neurons});

                    const auto found = block_of(samples, frames, neurons, options);

                    EXPECT_EQ(found.activity.neurons(), neurons);
                    EXPECT_EQ(found.activity.frames, std::max(frames - 4, 0));
                    if (neurons > 0)
                        expect_same_bits(found, one_by_one(samples, frames, neurons, options));
                }
}

TEST(DeconvolveBlock, DoesNotDependOnHowNeuronsAreGrouped)
{
    const auto frames = std::int64_t{700};
    const auto samples = test::simulated_dff<double>({frames, 24});
    for (const auto kernel : kernels_here()) {
        const auto whole = block_of(samples, frames, 24, options_with(kernel));

        auto parts = Found{};
        for (auto n = std::int64_t{0}; n < 24; n += 8) { // appended block by block
            auto part = std::vector<double>{};
            for (auto t = std::int64_t{0}; t < frames; ++t)
                part.insert(part.end(), samples.begin() + t * 24 + n,
                            samples.begin() + t * 24 + n + 8);
            const auto summary = calcium::deconvolve_block<double>(
                {part, frames, 8}, options_with(kernel), parts.activity);
            parts.summary.insert(parts.summary.end(), summary.begin(), summary.end());
        }

        expect_same_bits(parts, whole);
    }
}

TEST(DeconvolveBlock, EventsBeforeSmoothingAreThoseThatAreSmoothed)
{
    const auto frames = std::int64_t{900};
    auto samples = test::simulated_dff<double>({frames, 9});
    samples[static_cast<std::size_t>(5 * 9 + 4)] = not_a_number;
    auto activity = activity::Activity{};
    auto events = activity::Activity{};

    const auto summary = calcium::deconvolve_block<double>(
        {samples, frames, 9}, options_with(OasisKernel::automatic), activity, &events);

    ASSERT_EQ(events.neurons(), 9);
    EXPECT_EQ(events.frames, frames);
    for (auto n = std::int64_t{0}; n < 9; ++n) {
        auto dense = std::vector<double>(static_cast<std::size_t>(frames), 0.0);
        const auto frame = events.view().frames_of(n);
        const auto value = events.view().values_of(n);
        for (std::size_t e = 0; e < frame.size(); ++e)
            dense[static_cast<std::size_t>(frame[e])] = value[e];
        EXPECT_EQ(static_cast<std::int64_t>(frame.size()),
                  summary[static_cast<std::size_t>(n)].events);
        auto nonzero = std::vector<double>{};
        for (const auto smoothed : calcium::smooth_events(dense))
            if (smoothed != 0)
                nonzero.push_back(smoothed);
        const auto expected = activity.view().values_of(n);
        EXPECT_EQ(nonzero, std::vector<double>(expected.begin(), expected.end()));
    }
}

TEST(DeconvolveBlock, NeuronsThatAreNotFiniteLeaveTheOthersAlone)
{
    const auto frames = std::int64_t{3000};
    const auto clean = test::simulated_dff<double>({frames, 20});
    auto broken = clean;
    broken[0 * 20 + 3] = not_a_number;
    broken[2999 * 20 + 7] = infinity;
    broken[1500 * 20 + 19] = -infinity;
    for (const auto variant : {OasisVariant::farci, OasisVariant::suite2p})
        for (const auto kernel : kernels_here()) {
            const auto expected = block_of(clean, frames, 20, options_with(kernel, variant));

            const auto found = block_of(broken, frames, 20, options_with(kernel, variant));

            for (auto n = std::int64_t{0}; n < 20; ++n) {
                const auto& summary = found.summary[static_cast<std::size_t>(n)];
                const auto entries = found.activity.view().values_of(n);
                if (n == 3 || n == 7 || n == 19) {
                    EXPECT_EQ(summary.status, NeuronStatus::not_finite);
                    EXPECT_TRUE(std::isnan(summary.threshold));
                    EXPECT_TRUE(entries.empty());
                } else {
                    EXPECT_EQ(summary.status, NeuronStatus::active);
                    EXPECT_TRUE(std::ranges::equal(entries, expected.activity.view().values_of(n)));
                }
            }
        }
}

TEST(DeconvolveBlock, StatusOfTracesWithoutEvents)
{
    const auto frames = std::int64_t{50};
    auto samples = std::vector<double>{}; // constant, straight line, zero, falling
    for (auto t = std::int64_t{0}; t < frames; ++t) {
        const auto time = static_cast<double>(t);
        samples.insert(samples.end(), {1.5, time, 0.0, -time * time});
    }
    for (const auto kernel : kernels_here()) {
        const auto found = block_of(samples, frames, 4, options_with(kernel));

        EXPECT_EQ(found.summary[0].status, NeuronStatus::constant);
        EXPECT_EQ(found.summary[1].status, NeuronStatus::silent);
        EXPECT_EQ(found.summary[2].status, NeuronStatus::constant);
        EXPECT_EQ(found.summary[3].status, NeuronStatus::silent);
        EXPECT_TRUE(found.activity.value.empty());
    }
}

TEST(DeconvolveBlock, RefusesWhatDoesNotFit)
{
    auto activity = activity::Activity{};
    const auto samples = std::vector<double>(11);

    EXPECT_THROW(calcium::deconvolve_block<double>({samples, 5, 2},
                                                   options_with(OasisKernel::automatic), activity),
                 base::InputError);
    EXPECT_EQ(activity.neurons(), 0);
}

TEST(DeconvolveBlock, SegmentsAreDeconvolvedEachOnItsOwn)
{
    const auto frames = std::int64_t{2600};
    const auto neurons = std::int64_t{19};
    const auto samples = test::simulated_dff<double>({frames, neurons});
    const auto segments =
        std::vector<base::Range>{{100, 900}, {900, 901}, {901, 901}, {1000, 2600}};
    for (const auto variant : {OasisVariant::farci, OasisVariant::suite2p})
        for (const auto kernel : kernels_here()) {
            auto options = options_with(kernel, variant);
            options.segments = segments;
            auto activity = activity::Activity{};
            auto events = activity::Activity{};

            const auto summary = calcium::deconvolve_block<double>({samples, frames, neurons},
                                                                   options, activity, &events);

            for (auto n = std::int64_t{0}; n < neurons; ++n) {
                auto whole = std::vector<double>(static_cast<std::size_t>(frames), 0.0);
                auto inside = std::vector<double>{};
                for (const auto& segment : segments) {
                    auto dff = std::vector<double>{};
                    for (auto t = segment.first; t < segment.last; ++t)
                        dff.push_back(samples[static_cast<std::size_t>(t * neurons + n)]);
                    const auto spikes =
                        calcium::deconvolve(std::span<const double>(dff), options.oasis);
                    inside.insert(inside.end(), spikes.begin(), spikes.end());
                    std::copy(spikes.begin(), spikes.end(), whole.begin() + segment.first);
                }
                const auto threshold = calcium::event_threshold(inside, options.alpha);
                const auto expected = calcium::keep_events(whole, threshold);
                auto found = std::vector<double>(static_cast<std::size_t>(frames), 0.0);
                const auto frame = events.view().frames_of(n);
                for (std::size_t e = 0; e < frame.size(); ++e)
                    found[static_cast<std::size_t>(frame[e])] = events.view().values_of(n)[e];

                EXPECT_EQ(summary[static_cast<std::size_t>(n)].threshold, threshold);
                EXPECT_EQ(found, expected);
            }
        }
}

TEST(DeconvolveBlock, OneSegmentOfAllFramesChangesNothing)
{
    const auto samples = test::simulated_dff<double>({5000, 7});
    auto options = options_with(OasisKernel::automatic);
    const auto whole = block_of(samples, 5000, 7, options);

    options.segments = {{0, 5000}};
    expect_same_bits(block_of(samples, 5000, 7, options), whole);

    for (const auto& wrong : std::vector<std::vector<base::Range>>{
             {{0, 10}, {9, 20}}, {{0, 5001}}, {{-1, 10}}, {{20, 10}}}) {
        options.segments = wrong;
        EXPECT_THROW(block_of(samples, 5000, 7, options), base::InputError);
    }
}

TEST(DeconvolveBlock, WhatLiesOutsideOfSegmentsNeedNotBeFinite)
{
    auto samples = test::simulated_dff<double>({1000, 3});
    samples[500 * 3 + 1] = not_a_number;
    auto options = options_with(OasisKernel::automatic);
    options.segments = {{0, 500}, {501, 1000}};

    const auto found = block_of(samples, 1000, 3, options);

    EXPECT_EQ(found.summary[1].status, NeuronStatus::active);
}
