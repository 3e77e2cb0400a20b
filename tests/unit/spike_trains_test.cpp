// Trains, trials and the choice of units. Expected values by hand; packing against a loop over
// bins.
#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/spikes/sorting_quality.hpp>
#include <rewire/spikes/trials.hpp>
#include <rewire/spikes/unit_filter.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace rewire;
using namespace rewire::spikes;
using testing::ElementsAre;

namespace {

constexpr auto ms = nanoseconds_per_ms;
constexpr auto second = nanoseconds_per_second;
const auto missing = std::numeric_limits<double>::quiet_NaN();

SpikeTrains trains_of(const std::vector<std::vector<std::int64_t>>& units)
{
    auto result = SpikeTrains{};
    for (const auto& unit : units)
        result.add(unit);
    return result;
}

/// Poisson with a dead time, ascending.
std::vector<std::int64_t> poisson_train(base::Stream& stream, double rate_hz, double seconds,
                                        double dead_ms = 0)
{
    auto result = std::vector<std::int64_t>{};
    for (auto time = 0.0;;) {
        time += stream.exponential() / rate_hz + dead_ms / 1000;
        if (time >= seconds)
            return result;
        result.push_back(std::llround(time * 1e9));
    }
}

} // namespace

TEST(SpikeTimes, SecondsBecomeTheNanosecondsTheyWereWrittenFrom)
{
    const auto times = std::vector<double>{0, 1.692529986, -0.5, 9000.123456789};

    EXPECT_THAT(nanoseconds_of(times),
                ElementsAre(0, 1'692'529'986, -second / 2, 9'000'123'456'789));
    EXPECT_THROW(nanoseconds_of(std::vector{1.0, missing}), base::InputError);
    EXPECT_THROW(nanoseconds_of(std::vector{std::numeric_limits<double>::infinity()}),
                 base::InputError);
}

TEST(Intervals, AreJoinedIntersectedAndSubtracted)
{
    const auto joined = merged({{50, 60}, {0, 10}, {10, 20}, {70, 70}, {55, 65}});
    const auto other = std::vector<TimeInterval>{{5, 12}, {18, 52}};

    EXPECT_THAT(joined, ElementsAre(TimeInterval{0, 20}, TimeInterval{50, 65}));
    EXPECT_THAT(intersection(joined, other),
                ElementsAre(TimeInterval{5, 12}, TimeInterval{18, 20}, TimeInterval{50, 52}));
    EXPECT_THAT(difference(joined, other),
                ElementsAre(TimeInterval{0, 5}, TimeInterval{12, 18}, TimeInterval{52, 65}));
    EXPECT_EQ(total_length_ns(joined), 35);
    EXPECT_TRUE(merged({}).empty());
}

TEST(TidiedTrains, SaysWhatItPutRight)
{
    const auto trains = trains_of({{5, 3, 3, 40, -7, 100}, {}, {1, 2, 3}});
    const auto observed = std::vector<TimeInterval>{{-10, 4}, {30, 100}};

    const auto tidied = tidied_trains(trains.view(), observed);

    EXPECT_THAT(tidied.trains.view().train(0), ElementsAre(-7, 3, 40));
    EXPECT_EQ(tidied.finding[0].spikes, 6);
    EXPECT_EQ(tidied.finding[0].out_of_order, 2);
    EXPECT_EQ(tidied.finding[0].duplicate, 1);
    EXPECT_EQ(tidied.finding[0].outside, 2);
    EXPECT_TRUE(tidied.trains.view().train(1).empty());
    EXPECT_EQ(tidied.finding[2].out_of_order + tidied.finding[2].duplicate, 0);
    EXPECT_THAT(rates_hz(tidied.trains.view(), {}), ElementsAre(0, 0, 0));
}

TEST(Conditions, AreParsedAndHeldAgainstColumns)
{
    const auto contrast = std::vector<double>{0.8, static_cast<double>(0.8F), 0.4, missing};
    const auto orientation = std::vector<std::string>{"90.0", "null", "45"};

    EXPECT_THAT(matching(parse_condition("contrast==0.8"), contrast), ElementsAre(1, 1, 0, 0));
    EXPECT_THAT(matching(parse_condition("contrast != 0.8"), contrast), ElementsAre(0, 0, 1, 0));
    EXPECT_THAT(matching(parse_condition("contrast<=0.8"), contrast), ElementsAre(1, 1, 1, 0));
    EXPECT_THAT(matching(parse_condition("contrast<0.8"), contrast), ElementsAre(0, 0, 1, 0));
    EXPECT_THAT(matching(parse_condition("orientation==90"), orientation), ElementsAre(1, 0, 0));
    EXPECT_THAT(matching(parse_condition("orientation>=45"), orientation), ElementsAre(1, 0, 1));
    EXPECT_THAT(matching(parse_condition("orientation!=null"), orientation), ElementsAre(1, 0, 1));
    EXPECT_THAT(both(std::vector<std::uint8_t>{1, 1, 0}, std::vector<std::uint8_t>{1, 0, 0}),
                ElementsAre(1, 0, 0));
    for (const auto* text : {"contrast", "==0.8", "contrast==", "contrast=0.8", "", "!contrast"})
        EXPECT_THROW(parse_condition(text), base::UsageError) << text;
    EXPECT_THROW(matching(parse_condition("contrast==high"), contrast), base::UsageError);
    EXPECT_THROW(matching(parse_condition("orientation<left"), orientation), base::UsageError);
}

TEST(TrialWindows, LieAroundTheirTimesInWholeBins)
{
    const auto windows = windows_around(std::vector{1.0, missing, 3.0},
                                        std::vector<std::uint8_t>{1, 0, 1}, -0.25, 2, 5);

    EXPECT_THAT(windows.start_ns, ElementsAre(750 * ms, 2750 * ms));
    EXPECT_EQ(windows.bins, 450);
    EXPECT_THROW(windows_around(std::vector{missing}, std::vector<std::uint8_t>{1}, 0, 1, 1),
                 base::InputError);
    EXPECT_THROW(windows_around({}, {}, 1, 1, 1), base::InputError);
    EXPECT_THROW(windows_around({}, {}, 0, 1, 0), base::InputError);
}

TEST(TrialWindows, OverlapsAndTimesNotObservedAreSeen)
{
    const auto windows = TrialWindows{{0, 15, 8, 100, 25}, 10, 1};
    const auto observed = std::vector<TimeInterval>{{0, 20}, {20, 30}, {95, 110}};

    EXPECT_THAT(overlapping(windows), ElementsAre(1, 1, 1, 0, 0));
    EXPECT_THAT(without_overlaps(windows), ElementsAre(1, 1, 0, 1, 1));
    EXPECT_THAT(within(windows, observed), ElementsAre(1, 0, 1, 1, 0));
    EXPECT_THAT(selected(windows, without_overlaps(windows)).start_ns, ElementsAre(0, 15, 100, 25));
}

TEST(Locomotion, IsTheMeanSpeedOverTheWindow)
{
    const auto windows = TrialWindows{{0, second, 2 * second, 3 * second}, 1000, ms};
    const auto time = std::vector{0.1, 0.5, 1.2, 1.4, 2.5};
    const auto speed = std::vector{-9.0, 1.0, 4.0, missing, missing};

    EXPECT_THAT(locomotion(windows, time, speed),
                ElementsAre(Locomotion::running, Locomotion::stationary, Locomotion::unknown,
                            Locomotion::unknown));
    EXPECT_THROW(locomotion(windows, std::vector{2.0, 1.0}, std::vector{1.0, 1.0}),
                 base::InputError);
}

TEST(PackedTrials, HoldWhatALoopOverBinsFinds)
{
    auto stream = base::Stream(3, {1});
    auto trains = SpikeTrains{};
    for (auto unit = 0; unit < 3; ++unit)
        trains.add(poisson_train(stream, 30, 5));
    const auto windows = TrialWindows{{second / 2, second, 4 * second}, 70, 5 * ms};

    const auto packed = packed_trials(trains.view(), windows);

    for (std::int64_t unit = 0; unit < 3; ++unit) {
        auto clipped = std::int64_t{0};
        for (std::int64_t trial = 0; trial < 3; ++trial)
            for (std::int64_t bin = 0; bin < 70; ++bin) {
                const auto start = windows.window(trial).start_ns + bin * 5 * ms;
                auto spikes = 0;
                for (const auto time : trains.view().train(unit))
                    spikes += time >= start && time < start + 5 * ms;
                EXPECT_EQ(packed.at(unit, trial, bin), spikes > 0);
                clipped += spikes > 1 ? spikes - 1 : 0;
            }
        EXPECT_EQ(packed.clipped[static_cast<std::size_t>(unit)], clipped);
    }
    const auto last = trials_of(packed, std::vector<std::uint8_t>{0, 0, 1});
    EXPECT_EQ(last.trials, 1);
    EXPECT_THAT(last.row(1, 0), testing::ElementsAreArray(packed.row(1, 2)));
}

TEST(PackedTrials, WithoutTrialsOrUnitsAreEmpty)
{
    const auto none = packed_trials(trains_of({{1, 2}}).view(), TrialWindows{{}, 10, ms});

    EXPECT_TRUE(none.bits.empty());
    EXPECT_THAT(rates_hz(none, ms), ElementsAre(0));
    EXPECT_EQ(packed_trials({}, TrialWindows{{0}, 10, ms}).units, 0);
}

TEST(UnitFilter, IsStrictAndNaNFails)
{
    EXPECT_THAT(passing(paper_criteria[0], std::vector{0.0999, 0.1, missing}),
                ElementsAre(1, 0, 0));
    EXPECT_THAT(passing(paper_criteria[4], std::vector{1.0, 1.01, missing}), ElementsAre(0, 1, 0));
    EXPECT_THAT(rate_above(std::vector{1.0, 1.1}), ElementsAre(0, 1));
    EXPECT_THAT(cell_types(std::vector{0.4, 0.41, missing}),
                ElementsAre(CellType::inhibitory, CellType::excitatory, CellType::unknown));
}

/// Trains whose spikes lie 10 ms apart, but for `close` that lie 1 ms apart: by chance 20 would.
TEST(SortingQuality, AsksForFewerCoincidencesTheMorePairsAreLookedAt)
{
    const auto found = [](std::int64_t close, std::int64_t pairs) {
        auto trains = SpikeTrains{};
        auto first = std::vector<std::int64_t>{};
        auto other = first;
        for (std::int64_t k = 0; k < 2582; ++k) {
            first.push_back(k * 387 * ms);
            other.push_back(first.back() + (k < close ? 1 : 10) * ms);
        }
        trains.add(first);
        trains.add(other);
        const auto observed = std::vector<TimeInterval>{{0, 1000 * second}};
        auto criterion = SplitCriterion{};
        criterion.pairs = pairs;
        return split_units(trains.view(), observed, std::vector<std::int32_t>{0},
                           std::vector<std::int32_t>{1}, criterion)
            .size();
    };

    EXPECT_EQ(found(5, 1), 0U);     // more than a fifth
    EXPECT_EQ(found(4, 1), 1U);     // Poisson: 2e-5
    EXPECT_EQ(found(4, 10000), 0U); // which one of so many pairs reaches now and then
    EXPECT_EQ(found(0, 10000), 1U); // 2e-9
    EXPECT_EQ(found(0, 319600), 1U);
}

/// 59,000 pairs of independent units, each with 20 to 45 coincidences by chance.
TEST(SortingQuality, TakesNoIndependentUnitsForOneThatWasCut)
{
    auto found = std::size_t{0};
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        auto trains = SpikeTrains{};
        for (auto unit = 0; unit < 100; ++unit) {
            auto stream = base::Stream(seed, {12, static_cast<std::uint64_t>(unit)});
            trains.add(poisson_train(stream, 8 + 0.04 * unit, 110));
        }
        auto first = std::vector<std::int32_t>{};
        auto other = std::vector<std::int32_t>{};
        for (auto i = 0; i < 100; ++i)
            for (auto j = i + 1; j < 100; ++j) {
                first.push_back(i);
                other.push_back(j);
            }
        const auto observed = std::vector<TimeInterval>{{0, 110 * second}};
        found += split_units(trains.view(), observed, first, other).size();
    }

    EXPECT_EQ(found, 0U); // at 0.01 a recording
}

TEST(SortingQuality, FindsDuplicatesSplitAndDriftingUnits)
{
    auto stream = base::Stream(4, {1});
    const auto observed = std::vector<TimeInterval>{{0, 2000 * second}};
    const auto whole = poisson_train(stream, 40, 2000, 3);
    auto split = std::vector<std::vector<std::int64_t>>(2);
    for (const auto time : whole)
        split[stream.below(2)].push_back(time);
    auto leaves = poisson_train(stream, 10, 900);
    auto trains = SpikeTrains{};
    trains.add(split[0]);
    trains.add(split[1]);
    trains.add(poisson_train(stream, 15, 2000)); // no refractory time
    trains.add(leaves);
    trains.add({});
    auto first = std::vector<std::int32_t>{};
    auto other = std::vector<std::int32_t>{};
    for (auto i = 0; i < 5; ++i)
        for (auto j = i + 1; j < 5; ++j) {
            first.push_back(i);
            other.push_back(j);
        }

    const auto pairs = split_units(trains.view(), observed, first, other);
    const auto violations = refractory_violations(trains.view());
    const auto present = presence(trains.view(), observed);

    ASSERT_EQ(pairs.size(), 1U);
    EXPECT_EQ(pairs[0].first, 0);
    EXPECT_EQ(pairs[0].second, 1);
    EXPECT_EQ(pairs[0].coincidences, 0);
    EXPECT_EQ(violations[0].violations, 0);
    EXPECT_NEAR(violations[2].share, 1 - std::exp(-15 * 0.0015), 0.003);
    EXPECT_TRUE(std::isnan(violations[4].share));
    EXPECT_TRUE(present[3].goes);
    EXPECT_NEAR(present[3].present_share, 0.45, 0.02);
    EXPECT_FALSE(present[0].goes || present[0].comes || present[4].goes);
    EXPECT_EQ(present[4].present_share, 0);
}
