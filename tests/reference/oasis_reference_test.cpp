#include "shared_data.hpp"

#include <rewire/calcium/baseline.hpp>
#include <rewire/calcium/deconvolution.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/io/hdf5.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

using namespace rewire;

namespace {

/// A dataset of neurons x frames.
struct Traces
{
    std::int64_t neurons = 0;
    std::int64_t frames = 0;
    std::vector<double> values;

    std::span<const double> row(std::int64_t n) const
    {
        return std::span(values).subspan(static_cast<std::size_t>(n * frames),
                                         static_cast<std::size_t>(frames));
    }
};

Traces read_traces(hid_t file, const std::string& path)
{
    const auto shape = io::shape_of(io::open_dataset(file, path));
    return {shape[0], shape[1], io::read_all<double>(file, path)};
}

calcium::OasisParameters parameters_of(hid_t file, const std::string& group,
                                       calcium::OasisVariant variant)
{
    const auto object = io::open_group(file, group);
    return {io::read_attribute<double>(object, "tau"), io::read_attribute<double>(object, "fs"),
            variant};
}

void expect_near(std::span<const double> found, std::span<const double> expected, double tolerance)
{
    ASSERT_EQ(found.size(), expected.size());
    for (auto t = std::size_t{0}; t < found.size(); ++t) {
        if (std::isnan(expected[t]))
            EXPECT_TRUE(std::isnan(found[t])) << "frame " << t << ": " << found[t];
        else if (std::isinf(expected[t]))
            EXPECT_EQ(found[t], expected[t]) << "frame " << t;
        else
            EXPECT_NEAR(found[t], expected[t], tolerance) << "frame " << t;
    }
}

double largest(std::span<const double> values)
{
    auto largest = 0.0;
    for (const auto value : values)
        if (std::isfinite(value))
            largest = std::max(largest, std::abs(value));
    return largest;
}

/// Where the peer worked in single precision its five taps are rounded to 24 bits each; elsewhere
/// only the order of the additions is left.
double smoothing_tolerance(hid_t file, const std::string& path, std::span<const double> smooth)
{
    const auto dataset = io::open_dataset(file, path);
    const auto type = io::Handle(H5Dget_type(dataset));
    const auto single = H5Tget_size(type) == sizeof(float);
    return single ? 5 * std::ldexp(largest(smooth), -24) : 1e-10;
}

struct OasisSuite2p : testing::TestWithParam<const char*>
{
};
struct OasisFarci : testing::TestWithParam<const char*>
{
};
struct EventsFarci : testing::TestWithParam<const char*>
{
};

} // namespace

TEST_P(OasisSuite2p, SpikesAreThoseOfPython)
{
    const auto path = test::shared_data("reference/calcium/a_oasis.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    const auto group = std::string(GetParam());
    const auto dff = read_traces(file, group + "/F");
    const auto expected = read_traces(file, group + "/S");
    const auto parameters = parameters_of(file, group, calcium::OasisVariant::suite2p);

    for (auto n = std::int64_t{0}; n < dff.neurons; ++n) {
        SCOPED_TRACE(n);
        const auto spikes = calcium::deconvolve(dff.row(n), parameters);

        expect_near(spikes, expected.row(n), 1e-5 * (1 + largest(dff.row(n))));
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, OasisSuite2p,
                         testing::Values("T1", "T2", "awkward", "basic", "bias", "fast", "nan",
                                         "neg", "slow"),
                         [](const auto& one) { return std::string(one.param); });

TEST_P(OasisFarci, SpikesAreThoseOfMatlab)
{
    const auto path = test::shared_data("reference/calcium/b_farci.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    const auto group = std::string(GetParam());
    const auto dff = read_traces(file, group + "/F");
    const auto expected = read_traces(file, group + "/spikes_raw");
    const auto parameters = parameters_of(file, group, calcium::OasisVariant::farci);

    for (auto n = std::int64_t{0}; n < dff.neurons; ++n) {
        SCOPED_TRACE(n);
        const auto spikes = calcium::deconvolve(dff.row(n), parameters);

        expect_near(spikes, expected.row(n), 1e-5);
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, OasisFarci,
                         testing::Values("T_eq_N_plus_6", "T_lt_N", "basic", "constant_neuron",
                                         "duplicate_neuron", "neg"),
                         [](const auto& one) { return std::string(one.param); });

TEST_P(EventsFarci, ThresholdAndSmoothingAreThoseOfMatlab)
{
    const auto path = test::shared_data("reference/calcium/b_farci.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    const auto group = std::string(GetParam());
    const auto raw = read_traces(file, group + "/spikes_raw");
    const auto denoised = read_traces(file, group + "/spikes_denoised");
    const auto smooth = read_traces(file, group + "/spikes_smooth");

    for (auto n = std::int64_t{0}; n < raw.neurons; ++n) {
        SCOPED_TRACE(n);
        const auto events = calcium::keep_events(raw.row(n), calcium::event_threshold(raw.row(n)));
        const auto smoothed = calcium::smooth_events(denoised.row(n));

        expect_near(events, denoised.row(n), 1e-10);
        expect_near(smoothed, smooth.row(n),
                    smoothing_tolerance(file, group + "/spikes_denoised", smooth.row(n)));
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, EventsFarci,
                         testing::Values("T_eq_N_plus_6", "T_lt_N", "basic", "constant_neuron",
                                         "duplicate_neuron", "nan_in_spikes", "neg", "suite2p_py",
                                         "tiny"),
                         [](const auto& one) { return std::string(one.param); });

TEST(BaselineSuite2p, FluorescenceAboveBaselineIsThatOfPython)
{
    const auto path = test::shared_data("reference/calcium/a_oasis.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;
    const auto file = io::open_for_reading(path);
    const auto raw = read_traces(file, "baseline/F");
    const auto rate_hz = io::read_attribute<double>(io::open_group(file, "baseline"), "fs");
    const auto above = [&](std::int64_t n, const auto& baseline_at) {
        auto trace = std::vector<double>(raw.row(n).begin(), raw.row(n).end());
        for (auto t = std::size_t{0}; t < trace.size(); ++t)
            trace[t] -= baseline_at(t);
        return trace;
    };
    auto lowest = std::numeric_limits<double>::infinity();
    for (auto n = std::int64_t{0}; n < raw.neurons; ++n)
        lowest = std::min(lowest, calcium::smoothed_minimum(raw.row(n)));
    const auto percentile = read_traces(file, "baseline/prctile8");
    const auto constant = read_traces(file, "baseline/constant");

    for (auto n = std::int64_t{0}; n < raw.neurons; ++n) {
        SCOPED_TRACE(n);
        const auto eighth = calcium::percentile_baseline(raw.row(n), 8);

        expect_near(above(n, [&](std::size_t) { return eighth; }), percentile.row(n), 1e-4);
        expect_near(above(n, [&](std::size_t) { return lowest; }), constant.row(n), 1e-4);
        for (const auto& [name, window_s, sigma] : {std::tuple{"baseline/maximin_3_2.5", 3.0, 2.5},
                                                    {"baseline/maximin_4_10", 4.0, 10.0},
                                                    {"baseline/maximin_60_10", 60.0, 10.0}}) {
            const auto expected = read_traces(file, name);
            const auto baseline = calcium::maximin_baseline(raw.row(n), rate_hz, window_s, sigma);

            expect_near(above(n, [&](std::size_t t) { return baseline[t]; }), expected.row(n),
                        1e-4);
        }
    }
}
