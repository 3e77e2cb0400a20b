// Expected values: tests/reference/data/lever.h5, made by tests/reference/data/make_lever.py
// (scipy).
#include <rewire/base/error.hpp>
#include <rewire/behaviour/filters.hpp>
#include <rewire/behaviour/lever.hpp>
#include <rewire/io/hdf5.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

using namespace rewire;
using namespace rewire::behaviour;

namespace {

io::Handle expected_values()
{
    return io::open_for_reading(REWIRE_TEST_DATA "/lever.h5");
}

void expect_near(const std::vector<double>& values, const std::vector<double>& expected,
                 double tolerance)
{
    ASSERT_EQ(values.size(), expected.size());
    for (std::size_t k = 0; k < values.size(); ++k)
        EXPECT_NEAR(values[k], expected[k], tolerance) << "at " << k;
}

/// The formula of make_lever.py.
std::vector<double> trace(double seconds, double rate_hz)
{
    struct Press
    {
        double centre, height, width;
    };
    constexpr Press presses[] = {{0.1, 0.5, 0.05},  {1.5, 0.6, 0.08}, {1.9, -0.3, 0.06},
                                 {3.4, 0.25, 0.05}, {5.2, 0.9, 0.15}, {7.95, 0.6, 0.08}};
    auto result = std::vector<double>(static_cast<std::size_t>(std::lround(seconds * rate_hz)));
    for (std::size_t k = 0; k < result.size(); ++k) {
        const auto t = static_cast<double>(k) / rate_hz;
        auto x = 1.5 + 0.0005 * std::sin(2 * std::numbers::pi * 7 * t) +
                 0.002 * (static_cast<double>(k * 7919 % 1000) / 1000 - 0.5);
        for (const auto& press : presses)
            x += press.height * std::exp(-0.5 * std::pow((t - press.centre) / press.width, 2));
        result[k] = x;
    }
    return result;
}

} // namespace

TEST(LeverFilters, AgreeWithScipy)
{
    const auto file = expected_values();
    for (const auto& name : io::children(file, "filters")) {
        SCOPED_TRACE(name);
        const auto group = io::open_group(file, "filters/" + name);
        const auto series = io::read_all<double>(group, "series");

        expect_near(resampled(series, {1, 10}), io::read_all<double>(group, "resampled_1_10"),
                    1e-12);
        expect_near(resampled(series, {3, 7}), io::read_all<double>(group, "resampled_3_7"), 1e-12);
        expect_near(resampled(series, {7, 3}), io::read_all<double>(group, "resampled_7_3"), 1e-12);
        expect_near(moving_mean(series, 2), io::read_all<double>(group, "moving_mean_2"), 1e-12);
        expect_near(envelope(series), io::read_all<double>(group, "envelope"), 1e-12);
        if (series.size() > 12) {
            expect_near(low_pass_zero_phase(series, 0.2),
                        io::read_all<double>(group, "low_pass_020"), 1e-11);
            expect_near(low_pass_zero_phase(series, 0.01),
                        io::read_all<double>(group, "low_pass_001"), 1e-11);
        }
    }
}

TEST(Lever, SpeedAndMovementsAgreeWithScipyAtEveryRate)
{
    const auto file = expected_values();
    for (const auto& name : io::children(file)) {
        if (!name.starts_with("lever_"))
            continue;
        SCOPED_TRACE(name);
        const auto group = io::open_group(file, name);
        const auto rate_hz = io::read_attribute<double>(group, "rate_hz");
        const auto lever = trace(8, rate_hz);

        const auto speed = lever_speed(lever, rate_hz);
        const auto movements = lever_movements(lever, rate_hz, 100.0);

        auto every_11 = std::vector<double>{};
        for (std::size_t k = 0; k < speed.size(); k += 11)
            every_11.push_back(speed[k]);
        expect_near(every_11, io::read_all<double>(group, "speed_every_11"), 1e-12);
        auto start_s = io::read_all<double>(group, "start_ms");
        auto stop_s = io::read_all<double>(group, "stop_ms");
        for (auto* times : {&start_s, &stop_s})
            for (auto& time : *times)
                time = 100.0 + time / 1000;
        expect_near(movements.start_s, start_s, 1e-9);
        expect_near(movements.stop_s, stop_s, 1e-9);
    }
}

TEST(Lever, AHigherThresholdFindsNothing)
{
    auto options = LeverOptions{};
    options.threshold_per_ms = 1;

    const auto movements = lever_movements(trace(3, 1000), 1000, 0, options);

    EXPECT_TRUE(movements.start_s.empty());
}

TEST(Lever, ASampleMovesTheEdgesByTheWideningAndGapsClose)
{
    auto speed = std::vector<double>(3000, 0.0);
    speed[500] = 1;  // widened to [425, 575)
    speed[1000] = 1; // [925, 1075): a gap of 350 is closed
    speed[1725] = 1; // [1650, 1800): a gap of 575 is not

    const auto moving = moving_lever(speed);

    auto edges = std::vector<std::size_t>{};
    for (std::size_t k = 1; k < moving.size(); ++k)
        if (moving[k] != moving[k - 1])
            edges.push_back(k);
    EXPECT_THAT(edges, testing::ElementsAre(425, 1075, 1650, 1800));
}

TEST(Lever, MovementsAtTheEndsAndShortOnesAreDropped)
{
    auto options = LeverOptions{};
    options.widening_ms = 1;
    options.shortest_gap_ms = 1;
    options.shortest_movement_ms = 3;
    const auto speed = std::vector<double>{1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1};

    const auto moving = moving_lever(speed, options);

    EXPECT_THAT(moving, testing::ElementsAre(0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0));
}

TEST(Lever, SaysWhatIsWrongWithTheTrace)
{
    auto broken = std::vector<double>(100, 1.0);
    broken[3] = std::nan("");

    EXPECT_THROW(lever_speed(broken, 1000), base::InputError);
    EXPECT_THROW(lever_speed(std::vector<double>(100, 1.0), 0), base::InputError);
    EXPECT_THROW(lever_speed(std::vector<double>(12, 1.0), 1000), base::InputError);
    EXPECT_THROW(low_pass_zero_phase(broken, 1), base::InputError);
}

TEST(LeverFilters, RatesBecomeFractions)
{
    const auto expect_ratio = [](double from_hz, std::int64_t up, std::int64_t down) {
        const auto ratio = rate_ratio(from_hz, 1000);
        EXPECT_EQ(ratio.up, up) << from_hz;
        EXPECT_EQ(ratio.down, down) << from_hz;
    };

    expect_ratio(10000, 1, 10);
    expect_ratio(1000, 1, 1);
    expect_ratio(44100, 10, 441);
    expect_ratio(28.5, 2000, 57);
    EXPECT_THROW(rate_ratio(1000 * std::numbers::pi * 1e5, 1000), base::InputError);
    EXPECT_THROW(rate_ratio(-1, 1000), base::InputError);
}

TEST(LeverFilters, EmptyStaysEmptyAndAConstantStaysConstant)
{
    const auto constant = std::vector<double>(40, 2.5);

    EXPECT_TRUE(resampled({}, {1, 10}).empty());
    EXPECT_TRUE(low_pass_zero_phase({}, 0.1).empty());
    EXPECT_TRUE(envelope({}).empty());
    EXPECT_TRUE(moving_mean({}, 2).empty());
    expect_near(resampled(constant, {1, 10}), {2.5, 2.5, 2.5, 2.5}, 1e-12);
    expect_near(low_pass_zero_phase(constant, 0.01), constant, 1e-12);
}
