#include "behaviour_series.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/behaviour/filters.hpp>
#include <rewire/behaviour/lever_clock.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace rewire;
using namespace rewire::behaviour;
using testing::AllOf;
using testing::HasSubstr;

using test::message_of;
using test::times;

namespace {

using Values = std::vector<double>;

/// Position at a time: presses every 3 s from 2 s on.
double position(double time_s)
{
    auto sum = 1.5;
    for (auto centre = 2.0; centre < 120; centre += 3)
        if (std::abs(time_s - centre) < 1)
            sum += 0.6 * std::exp(-0.5 * std::pow((time_s - centre) / 0.08, 2));
    return sum;
}

Values positions(const Values& time_s)
{
    auto values = Values{};
    for (const auto time : time_s)
        values.push_back(position(time));
    return values;
}

/// Frames 28 a second over the samples.
Values frames_over(const Values& time_s)
{
    const auto seconds = time_s.back() - time_s.front();
    return times(static_cast<std::size_t>(seconds * 28), 1 / 28.0, time_s.front());
}

EvenTrace even(const Values& time_s)
{
    return on_even_clock(positions(time_s), time_s, 0, frames_over(time_s), "lever");
}

void expect_near(const Values& values, const Values& expected, double tolerance)
{
    ASSERT_EQ(values.size(), expected.size());
    for (std::size_t k = 0; k < values.size(); ++k)
        EXPECT_NEAR(values[k], expected[k], tolerance) << "at " << k;
}

/// Movements as from a perfect clock of 1 kHz over the first `seconds`.
LeverMovements true_movements(double seconds)
{
    const auto at = times(static_cast<std::size_t>(seconds * 1000), 0.001);
    return lever_movements(positions(at), 1000, 0);
}

void expect_true_movements(const LeverMovements& movements, double seconds)
{
    const auto expected = true_movements(seconds);
    ASSERT_GT(expected.start_s.size(), 10U);
    expect_near(movements.start_s, expected.start_s, 0.0021);
    expect_near(movements.stop_s, expected.stop_s, 0.0021);
}

} // namespace

TEST(LeverClock, AStatedRateIsTakenAsItIs)
{
    const auto at = times(60000, 0.001, 5);
    const auto trace = on_even_clock(positions(at), at, 1000, frames_over(at), "lever");

    const auto movements = lever_movements(trace);

    const auto expected = lever_movements(positions(at), 1000, 5);
    EXPECT_EQ(trace.value, positions(at));
    EXPECT_EQ(movements.start_s, expected.start_s);
    EXPECT_EQ(movements.stop_s, expected.stop_s);
}

TEST(LeverClock, EvenTimestampsAreAsGoodAsARate)
{
    const auto trace = even(times(60000, 0.001));

    EXPECT_EQ(trace.value.size(), 60000U);
    EXPECT_NEAR(trace.rate_hz, 1000, 1e-6);
    expect_true_movements(lever_movements(trace), 60);
}

TEST(LeverClock, AFastOrSlowClockDoesNotDrift)
{
    // 0.05 % over 60 s is 30 ms, about a frame.
    for (const auto rate_hz : {999.5, 1000.5, 1000.0000768437575, 441.123, 10003.7}) {
        SCOPED_TRACE(rate_hz);
        const auto trace = even(times(static_cast<std::size_t>(60 * rate_hz), 1 / rate_hz));

        EXPECT_NEAR(trace.rate_hz, rate_hz, 1e-3 * rate_hz);
        EXPECT_NEAR(trace.step_s * rate_hz, 1, 1e-9);
        expect_true_movements(lever_movements(trace), 60);
    }
    const auto at = times(60050, 1 / 1000.0000768437575);
    expect_true_movements(lever_movements(on_even_clock(positions(at), at, 1000.0000768437575,
                                                        times(1680, 1 / 28.0), "lever")),
                          60);
}

TEST(LeverClock, JitterAndLostSamplesAreInterpolatedOnTime)
{
    auto stream = base::Stream(7, {1});
    auto jittered = times(60000, 0.001);
    for (auto& time : jittered)
        time += 20e-6 * (2 * stream.uniform() - 1);
    auto coarse = times(60000, 0.001);
    for (auto& time : coarse)
        time += 0.8e-3 * (stream.uniform() - 0.5);
    auto with_losses = Values{};
    for (std::size_t k = 0; k < 60000; ++k)
        if (k % 100 != 50 && (k < 30000 || k > 30010))
            with_losses.push_back(0.001 * static_cast<double>(k));
    auto wandering = times(60000, 0.001); // by 10 ms to and fro
    for (auto& time : wandering)
        time += 0.01 * std::sin(time / 10);

    for (const auto& at : {jittered, coarse, with_losses, wandering}) {
        const auto trace = even(at);

        EXPECT_EQ(trace.step_s * trace.rate_hz, 1);
        EXPECT_NEAR(static_cast<double>(trace.value.size()) * trace.step_s, at.back() - at.front(),
                    0.003);
        for (std::size_t k = 0; k < trace.value.size(); k += 7)
            ASSERT_NEAR(trace.value[k],
                        position(trace.first_time_s + static_cast<double>(k) * trace.step_s), 1e-4)
                << k;
        expect_true_movements(lever_movements(trace), 60);
    }
}

TEST(LeverClock, AGapAmongTheFramesIsAnError)
{
    auto at = times(60000, 0.001);
    for (std::size_t k = 30000; k < at.size(); ++k)
        at[k] += k < 50000 ? 60 : 60.5;
    const auto values = positions(at);
    const auto message = [&](const Values& frames) {
        return message_of([&] { on_even_clock(values, at, 0, frames, "file.nwb:/lever"); });
    };

    EXPECT_THAT(message(frames_over(at)),
                AllOf(HasSubstr("2 gaps"), HasSubstr("from 29.999 s to 90.000 s (60.001 s"),
                      HasSubstr("20 ms are bridged"), HasSubstr("file.nwb:/lever"),
                      HasSubstr("table of intervals")));
    EXPECT_THAT(message(times(900, 1 / 28.0, 95)), HasSubstr("from 109.999 s to 110.500 s"));
    EXPECT_THAT(message(times(10, 1, 60)), HasSubstr("29.999"));
}

TEST(LeverClock, AGapOutsideOfTheFramesCutsTheTrace)
{
    auto at = times(60000, 0.001);
    for (std::size_t k = 30000; k < at.size(); ++k)
        at[k] += 60;
    const auto values = positions(at);

    const auto before = on_even_clock(values, at, 0, times(840, 1 / 28.0), "lever");
    const auto after = on_even_clock(values, at, 0, times(840, 1 / 28.0, 90), "lever");

    EXPECT_EQ(before.value, Values(values.begin(), values.begin() + 30000));
    EXPECT_EQ(before.first_time_s, 0);
    EXPECT_EQ(after.value, Values(values.begin() + 30000, values.end()));
    EXPECT_EQ(after.first_time_s, 90);
}

TEST(LeverClock, HasToCoverTheImagingButForAFrame)
{
    const auto at = times(30000, 0.001, 1);
    const auto values = positions(at);
    for (const auto stated_rate_hz : {0.0, 1000.0}) {
        const auto message = [&](double first_s, double last_s) {
            return message_of([&] {
                const auto frames = static_cast<std::size_t>((last_s - first_s) * 10) + 1;
                on_even_clock(values, at, stated_rate_hz, times(frames, 0.1, first_s), "lever");
            });
        };
        EXPECT_EQ(message(1, 31), "no error");
        EXPECT_EQ(message(0.95, 31.05), "no error");
        EXPECT_THAT(message(0.85, 20), HasSubstr("the series lasts from 1.000 s to 31.000 s, the "
                                                 "imaging from 0.850 s to 19.950 s"));
        EXPECT_THAT(message(1, 120), HasSubstr("the imaging from 1.000 s to 120.000 s"));
    }
}

TEST(LeverClock, SaysWhatIsWrongWithTheSamples)
{
    auto at = times(1000, 0.001);
    auto values = positions(at);
    const auto message = [&] {
        return message_of([&] { on_even_clock(values, at, 0, times(28, 1 / 28.0), "lever"); });
    };
    values[60] = std::nan("");
    EXPECT_THAT(message(), HasSubstr("sample 60 (0.060 s) of the lever trace is not a number"));
    values[60] = 1;
    at[9] = at[8];
    EXPECT_THAT(message(), HasSubstr("time of sample 9 (0.008000 s) is not after"));
    at.resize(999);
    EXPECT_THAT(message(), HasSubstr("1000 samples but 999 times"));
    at = {0};
    values = {1};
    EXPECT_THAT(message(), HasSubstr("a single sample"));
}

TEST(LeverFilters, SimpleRatesAreNearAndMakeShortFractions)
{
    const auto expect_rate = [](double rate_hz, double expected) {
        EXPECT_DOUBLE_EQ(simple_rate(rate_hz, 1000), expected) << rate_hz;
    };
    expect_rate(1000, 1000);
    expect_rate(10000, 10000);
    expect_rate(28.5, 28.5);
    expect_rate(10000.0 / 3, 10000.0 / 3);
    expect_rate(1000.0000768437575, 1000);
    expect_rate(999.2, 999.2); // 1250 / 1249
    expect_rate(29.9987, 30);
    expect_rate(987.654, 988);
    expect_rate(0.0123456, 0.01235);
    EXPECT_THROW(simple_rate(0, 1000), base::InputError);
    EXPECT_THROW(simple_rate(std::nan(""), 1000), base::InputError);
    auto stream = base::Stream(5, {2});
    for (auto k = 0; k < 200; ++k) {
        const auto rate_hz = std::exp(2 + 9 * stream.uniform()); // 7 Hz to 60 kHz
        const auto simple = simple_rate(rate_hz, 1000);
        EXPECT_NEAR(simple, rate_hz, 1e-3 * rate_hz);
        EXPECT_NO_THROW(rate_ratio(simple, 1000)) << simple;
    }
}
