// Fast kernels against a loop over all pairs of spikes; closed forms against the expected trains
// and against surrogates.
#include "spike_trains.hpp"

#include <rewire/base/error.hpp>
#include <rewire/spikes/connection_rule.hpp>
#include <rewire/spikes/correlogram.hpp>
#include <rewire/spikes/jitter.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace rewire;
using namespace rewire::spikes;
using testing::ElementsAre;
using testing::ElementsAreArray;

namespace {

constexpr auto second = nanoseconds_per_second;
constexpr auto ms = nanoseconds_per_ms;

/// Three stretches, the gaps shorter and longer than the lags.
const auto with_gaps = std::vector<TimeInterval>{
    {0, 9 * second + 7 * ms}, {9 * second + 60 * ms, 14 * second}, {15 * second, 21 * second}};

BinnedTrains recording(std::uint64_t seed, const std::vector<double>& rates)
{
    return binned(test::poisson_trains(seed, rates, 21).view(), with_gaps, ms);
}

BinnedTrains trials(std::uint64_t seed, const std::vector<double>& rates, std::int64_t bins)
{
    const auto trains = test::poisson_trains(seed, rates, 21);
    auto windows = TrialWindows{{}, bins, ms};
    for (std::int64_t trial = 0; trial < 20; ++trial)
        windows.start_ns.push_back(trial * second);
    return binned(packed_trials(trains.view(), windows), ms);
}

/// Correlogram of two expected trains, position by position.
std::vector<double> slow_expected(const JitterPlan& plan, std::span<const std::int32_t> first,
                                  std::span<const std::int32_t> other)
{
    const auto a = expected_train(plan, first);
    const auto b = expected_train(plan, other);
    auto result = std::vector<double>{};
    for (auto lag = -plan.max_lag(); lag <= plan.max_lag(); ++lag) {
        auto sum = 0.0;
        for (std::int64_t t = 0; t < std::ssize(b); ++t)
            if (t + lag >= 0 && t + lag < std::ssize(a))
                sum += a[static_cast<std::size_t>(t + lag)] * b[static_cast<std::size_t>(t)];
        result.push_back(sum);
    }
    return result;
}

void expect_closed_form(const BinnedTrains& trains, const JitterSettings& settings,
                        std::int64_t max_lag)
{
    SCOPED_TRACE(name_of(settings.kind));
    const auto plan = JitterPlan(trains.timeline, settings, max_lag);
    const auto raw = count_pair(trains, 0, 1, plan.reach());

    const auto fast = expected_counts(plan, jitter_unit(plan, trains.train(0)),
                                      jitter_unit(plan, trains.train(1)), raw);
    const auto slow = slow_expected(plan, trains.train(0), trains.train(1));

    ASSERT_EQ(fast.size(), slow.size());
    for (std::size_t k = 0; k < slow.size(); ++k)
        EXPECT_NEAR(fast[k], slow[k], 1e-9 * (1 + slow[k])) << k;
}

} // namespace

TEST(BinnedTrains, KeepOneSpikeABinAndTrueDistances)
{
    auto trains = SpikeTrains{};
    trains.add(std::vector<std::int64_t>{-3 * ms / 2, 100, 200, ms, 5 * ms, 7 * ms, 20 * ms});
    const auto observed = std::vector<TimeInterval>{{-2 * ms, 6 * ms}, {7 * ms, 30 * ms}};

    const auto result = binned(trains.view(), observed, ms);

    EXPECT_THAT(result.timeline.segments, ElementsAre(Segment{0, 8}, Segment{9, 23}));
    EXPECT_THAT(result.train(0), ElementsAre(0, 2, 3, 7, 9, 22));
    EXPECT_THAT(result.clipped, ElementsAre(1));
    EXPECT_NEAR(result.rate_hz(0), 6 / 0.031, 1e-9);
}

TEST(BinnedTrains, OfTrialsAreThoseOfTheirBits)
{
    const auto trains = trials(3, {20, 40}, 130);

    ASSERT_EQ(trains.timeline.segments.size(), 20U);
    EXPECT_EQ(trains.timeline.segments[1].first, 130 + default_trial_gap);
    const auto half = half_of(trains, true);
    EXPECT_EQ(half.timeline.segments.size(), 10U);
    EXPECT_EQ(half.train(1).size() + half_of(trains, false).train(1).size(),
              trains.train(1).size());
}

TEST(Counts, OfAllKernelsAreThoseOfTheSlowOne)
{
    for (const auto max_lag : {3, 10, 28, 29, 100, 127, 128, 300})
        for (const auto spikes : {0.0, 0.1, 2.0, 90.0}) {
            const auto trains = recording(static_cast<std::uint64_t>(max_lag), {30, spikes});
            const auto slow = test::slow_counts(trains.train(0), trains.train(1), max_lag);
            auto pointers = std::vector<std::int32_t>(slow.size(), 0);
            auto windows = pointers;

            add_counts_two_pointer(trains.train(0), trains.train(1), max_lag, pointers);
            add_counts_windows(BitTrain(trains.train(0), trains.timeline.extent(), max_lag),
                               trains.train(1), windows);

            EXPECT_EQ(pointers, slow) << max_lag << " " << spikes;
            EXPECT_EQ(windows, slow) << max_lag << " " << spikes;
        }
}

TEST(Counts, AreTheSameWhateverTheTiling)
{
    const auto trains = recording(5, {0.5, 30, 80, 2, 10, 0, 40});
    for (const auto size : {1, 3, 7, 16})
        for (const auto& tile : pair_tiles(trains.units(), size)) {
            const auto count = count_tile(trains, tile, 50, test::never_stop);
            ASSERT_TRUE(count);
            for_each_pair(tile, [&](auto i, auto j, auto pair) {
                const auto slow = test::slow_counts(trains.train(i), trains.train(j), 50);
                EXPECT_THAT(std::span(*count).subspan(static_cast<std::size_t>(pair * 101), 101),
                            ElementsAreArray(slow));
            });
        }
    EXPECT_FALSE(count_tile(trains, pair_tiles(7).front(), 50, [](auto) { return false; }));
}

TEST(Counts, PairsOfTilesAreAllPairsOnce)
{
    auto seen = std::vector<int>(static_cast<std::size_t>(base::pair_count(21)), 0);
    for (const auto& tile : pair_tiles(21, 4))
        for_each_pair(tile, [&](auto i, auto j, auto) {
            ++seen[static_cast<std::size_t>(base::pair_index(i, j, 21))];
        });

    EXPECT_THAT(seen, testing::Each(1));
    EXPECT_TRUE(pair_tiles(1).empty());
    EXPECT_TRUE(pair_tiles(0).empty());
}

TEST(Normalisation, DividesByTheTimeInWhichALagCanBeSeen)
{
    const auto timeline = continuous_timeline(with_gaps, ms);
    auto observed = std::vector<int>(static_cast<std::size_t>(timeline.extent()), 0);
    for (const auto& segment : timeline.segments)
        for (auto bin = segment.first; bin < segment.last(); ++bin)
            observed[static_cast<std::size_t>(bin)] = 1;

    const auto overlap = overlap_s(timeline, 100);

    for (const auto lag : {0, 1, 52, 53, 60, 100}) {
        auto bins = 0;
        for (std::size_t t = 0; t + static_cast<std::size_t>(lag) < observed.size(); ++t)
            bins += observed[t] * observed[t + static_cast<std::size_t>(lag)];
        EXPECT_NEAR(overlap[static_cast<std::size_t>(100 + lag)], bins * 1e-3, 1e-9) << lag;
        EXPECT_EQ(overlap[static_cast<std::size_t>(100 + lag)],
                  overlap[static_cast<std::size_t>(100 - lag)]);
    }
    EXPECT_THAT(normalised(std::vector{3.0, 4.0}, 2, 8, std::vector{0.5, 0.0}),
                ElementsAre(1.5, 0));
    EXPECT_THAT(normalised(std::vector{3.0}, 0, 8, std::vector{0.5}), ElementsAre(0));
}

TEST(ClosedForm, IsTheCorrelogramOfTheExpectedTrains)
{
    for (const auto max_lag : {10, 100, 103}) {
        expect_closed_form(recording(7, {30, 55}), {Jitter::interval, 25}, max_lag);
        expect_closed_form(recording(8, {30, 55}), {Jitter::interval, 7}, max_lag);
        expect_closed_form(recording(9, {30, 200}), {Jitter::interval, 255}, max_lag);
        expect_closed_form(recording(7, {30, 55}), {Jitter::dither, 5}, max_lag);
        for (const auto bins : {300, 310, 20}) {
            const auto cut = trials(11, {40, 25}, bins);
            expect_closed_form(cut, {Jitter::interval, 25}, max_lag);
            expect_closed_form(cut, {Jitter::pattern, 25}, max_lag);
            expect_closed_form(cut, {Jitter::dither, 5}, max_lag);
        }
    }
}

TEST(ClosedForm, OfATileIsThatOfItsPairs)
{
    const auto trains = recording(12, {10, 20, 0, 30, 5});
    for (const auto& settings : {JitterSettings{Jitter::interval, 25}, {Jitter::dither, 5}}) {
        const auto plan = JitterPlan(trains.timeline, settings, 40);
        for (const auto& tile : pair_tiles(5, 2)) {
            const auto raw = count_tile(trains, tile, plan.reach(), test::never_stop);
            const auto expected = expected_tile(plan, trains, tile, *raw, test::never_stop);
            for_each_pair(tile, [&](auto i, auto j, auto pair) {
                const auto one = expected_counts(plan, jitter_unit(plan, trains.train(i)),
                                                 jitter_unit(plan, trains.train(j)),
                                                 count_pair(trains, i, j, plan.reach()));
                EXPECT_THAT(std::span(*expected).subspan(static_cast<std::size_t>(pair * 81), 81),
                            ElementsAreArray(one));
            });
        }
    }
}

TEST(ClosedForm, RefusesWhatItCannotMean)
{
    const auto continuous = continuous_timeline(with_gaps, ms);
    const auto one_trial = trial_timeline(1, 500, ms);

    EXPECT_THROW(JitterPlan(continuous, {Jitter::pattern, 25}, 100), base::InputError);
    EXPECT_THROW(JitterPlan(one_trial, {Jitter::pattern, 25}, 100), base::InputError);
    EXPECT_THROW(JitterPlan(continuous, {Jitter::interval, 0}, 100), base::InputError);
    EXPECT_THROW(JitterPlan(continuous, {Jitter::interval, 256}, 100), base::InputError);
    EXPECT_THROW(JitterPlan(trial_timeline(2, 500, ms, 20), {Jitter::interval, 25}, 100),
                 base::InputError);
    EXPECT_NO_THROW(JitterPlan(trial_timeline(0, 500, ms), {Jitter::interval, 25}, 100));
}

TEST(ConnectionRule, CallsPeaksBeforeTroughsAndSaysWhichWay)
{
    auto corrected = std::vector<double>(201, 0.0);
    for (std::size_t k = 0; k < corrected.size(); ++k)
        corrected[k] = k % 2 == 0 ? 1 : -1;
    corrected[97] = 7.5;
    corrected[106] = -9;

    const auto call = connection_call(corrected);

    EXPECT_NEAR(call.flank_sd, 1, 1e-12);
    EXPECT_EQ(call.significant, 1);
    EXPECT_EQ(call.peak_lag, -3);
    EXPECT_TRUE(call.forward_called());
    EXPECT_EQ(call.forward.significant, 1);
    EXPECT_EQ(call.backward.significant, -1);
    EXPECT_EQ(call.backward.trough_lag, 6);
    EXPECT_EQ(call.backward.trough, -9);
    corrected[97] = 7;
    EXPECT_EQ(connection_call(corrected).significant, -1);
    EXPECT_FALSE(connection_call(corrected).forward_called());
    EXPECT_THROW(connection_call(std::vector<double>(101, 0.0)), base::UsageError);
}

TEST(ConnectionRule, NearPairsShareAChannelOrAPlace)
{
    const auto nowhere = std::numeric_limits<double>::quiet_NaN();
    const auto place = std::vector<UnitPlace>{
        {4, 0, 0, 0}, {4, nowhere, 0, 0}, {7, 30, 40, 0}, {-1, 30, 40, 0.1}, {-1, 300, 0, 0}};

    //                    01 02 03 04 12 13 14 23 24 34
    EXPECT_THAT(near_pairs(place), ElementsAre(1, 1, 0, 0, 0, 0, 0, 1, 0, 0));
}
