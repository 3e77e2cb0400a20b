#include "shared_data.hpp"

#include <rewire/base/text.hpp>
#include <rewire/calcium/baseline.hpp>
#include <rewire/calcium/deconvolution.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/io/hdf5.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>

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

void expect_near(std::span<const double> values, std::span<const double> expected, double tolerance)
{
    ASSERT_EQ(values.size(), expected.size());
    for (auto t = std::size_t{0}; t < values.size(); ++t) {
        if (std::isnan(expected[t]))
            EXPECT_TRUE(std::isnan(values[t])) << "frame " << t << ": " << values[t];
        else if (std::isinf(expected[t]))
            EXPECT_EQ(values[t], expected[t]) << "frame " << t;
        else
            EXPECT_NEAR(values[t], expected[t], tolerance) << "frame " << t;
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

/// Calls check(file, group) for every case of the file that has all these datasets: one at least.
template <typename Check>
void for_cases(const std::filesystem::path& path, const std::vector<std::string>& datasets,
               const Check& check)
{
    const auto file = io::open_for_reading(path);
    auto checked = 0;
    for (const auto& name : io::children(file)) {
        const auto group = io::open_group(file, name);
        if (!std::all_of(datasets.begin(), datasets.end(),
                         [&](const auto& dataset) { return io::exists(group, dataset); }))
            continue;
        SCOPED_TRACE(name);
        check(file, name);
        ++checked;
    }
    EXPECT_GT(checked, 0);
}

/// Numbers of a name such as maximin_60_2.5.
std::vector<double> numbers_in(const std::string& name)
{
    auto numbers = std::vector<double>{};
    for (const auto& part : base::split(name, '_'))
        if (const auto digit = part.find_first_of("0123456789"); digit != std::string::npos)
            numbers.push_back(std::stod(part.substr(digit)));
    return numbers;
}

} // namespace

TEST(OasisSuite2p, SpikesAreThoseOfPython)
{
    const auto path = test::shared_data("reference/calcium/a_oasis.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;

    for_cases(path, {"F", "S"}, [](hid_t file, const std::string& group) {
        const auto dff = read_traces(file, group + "/F");
        const auto expected = read_traces(file, group + "/S");
        const auto parameters = parameters_of(file, group, calcium::OasisVariant::suite2p);

        for (auto n = std::int64_t{0}; n < dff.neurons; ++n) {
            SCOPED_TRACE(n);
            const auto spikes = calcium::deconvolve(dff.row(n), parameters);

            expect_near(spikes, expected.row(n), 1e-5 * (1 + largest(dff.row(n))));
        }
    });
}

TEST(OasisFarci, SpikesAreThoseOfMatlab)
{
    const auto path = test::shared_data("reference/calcium/b_farci.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;

    for_cases(path, {"F", "spikes_raw"}, [](hid_t file, const std::string& group) {
        const auto dff = read_traces(file, group + "/F");
        const auto expected = read_traces(file, group + "/spikes_raw");
        const auto parameters = parameters_of(file, group, calcium::OasisVariant::farci);

        for (auto n = std::int64_t{0}; n < dff.neurons; ++n) {
            SCOPED_TRACE(n);
            const auto spikes = calcium::deconvolve(dff.row(n), parameters);

            expect_near(spikes, expected.row(n), 1e-5);
        }
    });
}

TEST(EventsFarci, ThresholdAndSmoothingAreThoseOfMatlab)
{
    const auto path = test::shared_data("reference/calcium/b_farci.h5");
    if (path.empty())
        GTEST_SKIP() << test::skipped_reference;

    for_cases(path, {"spikes_raw", "spikes_smooth"}, [](hid_t file, const std::string& group) {
        const auto raw = read_traces(file, group + "/spikes_raw");
        const auto denoised = read_traces(file, group + "/spikes_denoised");
        const auto smooth = read_traces(file, group + "/spikes_smooth");

        for (auto n = std::int64_t{0}; n < raw.neurons; ++n) {
            SCOPED_TRACE(n);
            const auto events =
                calcium::keep_events(raw.row(n), calcium::event_threshold(raw.row(n)));
            const auto smoothed = calcium::smooth_events(denoised.row(n));

            expect_near(events, denoised.row(n), 1e-10);
            expect_near(smoothed, smooth.row(n),
                        smoothing_tolerance(file, group + "/spikes_denoised", smooth.row(n)));
        }
    });
}

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
    const auto constant = read_traces(file, "baseline/constant");

    for (auto n = std::int64_t{0}; n < raw.neurons; ++n) {
        SCOPED_TRACE(n);
        expect_near(above(n, [&](std::size_t) { return lowest; }), constant.row(n), 1e-4);
        for (const auto& name : io::children(file, "baseline")) {
            SCOPED_TRACE(name);
            const auto numbers = numbers_in(name);
            if (name.starts_with("prctile")) {
                const auto percentile = calcium::percentile_baseline(raw.row(n), numbers.at(0));
                expect_near(above(n, [&](std::size_t) { return percentile; }),
                            read_traces(file, "baseline/" + name).row(n), 1e-4);
            } else if (name.starts_with("maximin")) {
                const auto baseline =
                    calcium::maximin_baseline(raw.row(n), rate_hz, numbers.at(0), numbers.at(1));
                expect_near(above(n, [&](std::size_t t) { return baseline[t]; }),
                            read_traces(file, "baseline/" + name).row(n), 1e-4);
            }
        }
    }
}
