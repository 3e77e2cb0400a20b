// Exact tails against sums over all outcomes and Boost's binomial; surrogates against the closed
// forms; error rates on trains that were jittered.
#include "spike_trains.hpp"

#include <rewire/base/error.hpp>
#include <rewire/spikes/coincidence_test.hpp>
#include <rewire/spikes/jitter_monte_carlo.hpp>
#include <rewire/stats/multiple_testing.hpp>

#include <boost/math/distributions/binomial.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

using namespace rewire;
using namespace rewire::spikes;

namespace {

constexpr auto second = nanoseconds_per_second;
constexpr auto ms = nanoseconds_per_ms;

std::size_t at(std::int64_t index)
{
    return static_cast<std::size_t>(index);
}

/// Probabilities of 0, 1, 2, ... successes, trial by trial.
std::vector<double> slow_mass(std::span<const TrialClass> classes)
{
    auto mass = std::vector<double>{1};
    for (const auto& [p, trials] : classes)
        for (std::int64_t trial = 0; trial < trials; ++trial) {
            mass.push_back(0);
            for (auto k = mass.size() - 1; k > 0; --k)
                mass[k] = mass[k] * (1 - p) + mass[k - 1] * p;
            mass[0] *= 1 - p;
        }
    return mass;
}

BinnedTrains with_gaps(std::uint64_t seed, const std::vector<double>& rates, double seconds = 40)
{
    const auto end = std::llround(seconds * 1e9);
    const auto observed = std::vector<TimeInterval>{
        {0, end / 4 + 7 * ms}, {end / 4 + 60 * ms, end / 2}, {end / 2 + second, end}};
    return binned(test::poisson_trains(seed, rates, seconds).view(), observed, ms);
}

BinnedTrains trials(std::uint64_t seed, const std::vector<double>& rates, std::int64_t bins,
                    std::int64_t number = 30)
{
    const auto trains = test::poisson_trains(seed, rates, static_cast<double>(number));
    auto windows = TrialWindows{{}, bins, ms};
    for (std::int64_t trial = 0; trial < number; ++trial)
        windows.start_ns.push_back(trial * second);
    return binned(packed_trials(trains.view(), windows), ms);
}

/// h of every spike and lag by looking at every position of its window.
double slow_mean(const JitterWindows& jittered, std::span<const std::int32_t> held,
                 std::int64_t lag, double& variance)
{
    auto mean = 0.0;
    variance = 0;
    for (std::size_t spike = 0; spike < jittered.first.size(); ++spike) {
        auto hits = 0;
        for (auto k = 0; k < jittered.bins[spike]; ++k)
            hits += std::binary_search(held.begin(), held.end(), jittered.first[spike] + k - lag);
        const auto p = static_cast<double>(hits) / jittered.choices[spike];
        mean += p;
        variance += p * (1 - p);
    }
    return mean;
}

MonteCarloTally surrogates_of(const BinnedTrains& trains, const JitterPlan& plan,
                              const PairTile& tile, const MonteCarloSettings& settings,
                              const std::vector<std::int64_t>& cuts, std::vector<double>& expected)
{
    const auto count = count_tile(trains, tile, settings.max_lag, test::never_stop);
    const auto raw = count_tile(trains, tile, plan.reach(), test::never_stop);
    expected = *expected_tile(plan, trains, tile, *raw, test::never_stop);
    const auto jitterer = Jitterer(plan, trains, {1, 2, 3});
    auto tally = MonteCarloTally{};
    for (std::size_t k = 0; k + 1 < cuts.size(); ++k)
        add_to(tally, *run_jitter_block(jitterer, trains, tile, {cuts[k], cuts[k + 1]}, settings,
                                        *count, expected, test::never_stop));
    return tally;
}

/// Root mean square of the z of the surrogates' mean counts; near 1 where both agree.
double rms_z(const MonteCarloTally& tally, std::span<const double> expected)
{
    const auto n = static_cast<double>(tally.surrogates);
    auto squares = 0.0;
    auto lags = 0.0;
    for (std::size_t k = 0; k < expected.size(); ++k) {
        const auto mean = static_cast<double>(tally.sum[k]) / n;
        const auto variance = static_cast<double>(tally.sum_squares[k]) / n - mean * mean;
        if (variance > 0) {
            squares += (mean - expected[k]) * (mean - expected[k]) * n / variance;
            lags += 1;
        }
    }
    return std::sqrt(squares / lags);
}

} // namespace

TEST(BinomialSum, TailsAreSumsOverAllOutcomes)
{
    const auto cases = std::vector<std::vector<TrialClass>>{
        {{0.04, 50}},
        {{0.04, 120}, {0.08, 15}, {0.12, 3}, {0.5, 1}},
        {{1.0, 4}, {0.0, 7}, {0.3, 9}},
        {{0.9, 30}, {0.2, 30}},
        {{1.0, 3}},
        {},
    };
    for (const auto& classes : cases) {
        const auto mass = slow_mass(classes);
        for (std::int64_t count = -1; count <= std::ssize(mass); ++count) {
            auto upper = 0.0;
            auto lower = 0.0;
            for (std::int64_t x = std::ssize(mass) - 1; x >= std::max(count, std::int64_t{0}); --x)
                upper += mass[at(x)];
            for (std::int64_t x = 0; x <= std::min(count, std::ssize(mass) - 1); ++x)
                lower += mass[at(x)];
            const auto found = tails(classes, count);
            EXPECT_NEAR(found.upper, upper, 1e-11 * upper + 1e-300) << count;
            EXPECT_NEAR(found.lower, lower, 1e-11 * lower + 1e-300) << count;
        }
    }
}

TEST(BinomialSum, KeepsFarTailsAndHasASaddlepointForLargeOnes)
{
    const auto one = std::vector<TrialClass>{{0.04, 9000}};
    const auto binomial = boost::math::binomial(9000, 0.04);
    for (const auto count : {200, 320, 359, 360, 361, 380, 450, 800}) {
        const auto exact = boost::math::cdf(boost::math::complement(binomial, count - 1));
        EXPECT_NEAR(tails(one, count, 1e9).upper / exact, 1, 1e-9) << count;
        EXPECT_NEAR(tails(one, count, 0).upper / exact, 1, 2e-3) << count;
        EXPECT_NEAR(tails(one, count, 0).lower / boost::math::cdf(binomial, count), 1, 2e-3)
            << count;
    }
}

TEST(CoincidenceClasses, AreThoseOfEveryPositionOfEveryWindow)
{
    for (const auto& settings :
         {JitterSettings{Jitter::interval, 25}, {Jitter::interval, 60}, {Jitter::dither, 5}})
        for (const auto& trains : {with_gaps(1, {60, 150}), trials(2, {50, 90}, 310)}) {
            const auto plan = JitterPlan(trains.timeline, settings, 20);
            const auto jittered = jitter_windows(plan, trains.train(0));
            const auto held = BitTrain(trains.train(1), trains.timeline.extent(), 300);

            const auto classes = coincidence_classes(jittered, held, -3, 10);

            for (std::int64_t lag = -3; lag <= 10; ++lag) {
                auto variance = 0.0;
                const auto mean = slow_mean(jittered, trains.train(1), lag, variance);
                EXPECT_NEAR(mean_of(classes[at(lag + 3)]), mean, 1e-9 * mean);
                EXPECT_NEAR(variance_of(classes[at(lag + 3)]), variance, 1e-9 * variance);
            }
        }
}

TEST(CoincidenceClasses, OfBurstsAndOfMoreLagsThanAreCountedAtOnce)
{
    for (const auto bins : {25, 30}) // up to five parts of a word, and more
        for (const auto& trains :
             {with_gaps(7, {40, 800}), with_gaps(8, {300, 2}, 4), trials(9, {90, 400}, 260)}) {
            const auto plan = JitterPlan(trains.timeline, {Jitter::interval, bins}, 40);
            const auto jittered = jitter_windows(plan, trains.train(0));
            const auto held = BitTrain(trains.train(1), trains.timeline.extent(), 300);

            const auto few = coincidence_classes(jittered, held, 0, 10);
            const auto many = coincidence_classes(jittered, held, -8, 24);

            ASSERT_EQ(many.size(), 33U);
            for (std::int64_t lag = -8; lag <= 24; ++lag) {
                auto variance = 0.0;
                const auto mean = slow_mean(jittered, trains.train(1), lag, variance);
                EXPECT_NEAR(mean_of(many[at(lag + 8)]), mean, 1e-9 * mean) << lag;
                EXPECT_NEAR(variance_of(many[at(lag + 8)]), variance, 1e-9 * variance + 1e-12)
                    << lag;
                if (lag >= 0 && lag <= 10)
                    EXPECT_EQ(mean_of(few[at(lag)]), mean_of(many[at(lag + 8)])) << lag;
            }
        }
}

TEST(Surrogates, HaveTheMeanOfTheClosedForm)
{
    const auto continuous = with_gaps(3, {20, 60, 45});
    const auto cut = trials(4, {30, 60, 45}, 310);
    const auto settings = MonteCarloSettings{.max_lag = 30};
    const auto expect = [&](const BinnedTrains& trains, const JitterSettings& jitter) {
        SCOPED_TRACE(name_of(jitter.kind));
        const auto plan = JitterPlan(trains.timeline, jitter, settings.max_lag);
        auto expected = std::vector<double>{};
        const auto tally =
            surrogates_of(trains, plan, {{0, 3}, {0, 3}}, settings, {0, 2000}, expected);
        EXPECT_NEAR(rms_z(tally, expected), 1, 0.25);
    };
    expect(continuous, {Jitter::interval, 25});
    expect(continuous, {Jitter::dither, 5});
    expect(cut, {Jitter::pattern, 25});
    expect(cut, {Jitter::interval, 25});
    expect(cut, {Jitter::dither, 5});
}

TEST(Surrogates, AreTheSameWhateverTheTileAndBlock)
{
    const auto trains = with_gaps(5, {20, 60, 5, 80, 0});
    const auto plan = JitterPlan(trains.timeline, {Jitter::interval, 25}, 10);
    for (const auto jittered : {JitteredTrain::both, JitteredTrain::postsynaptic}) {
        const auto settings = MonteCarloSettings{.jittered = jittered};
        auto expected = std::vector<double>{};
        const auto all = surrogates_of(trains, plan, {{0, 5}, {0, 5}}, settings, {0, 40}, expected);
        for (const auto& tile : pair_tiles(5, 2)) {
            const auto part = surrogates_of(trains, plan, tile, settings, {0, 7, 8, 40}, expected);
            EXPECT_EQ(part.surrogates, 40);
            for_each_pair(tile, [&](auto i, auto j, auto pair) {
                const auto whole = base::pair_index(i, j, 5);
                for (std::int64_t k = 0; k < 21; ++k) {
                    EXPECT_EQ(part.sum[at(pair * 21 + k)], all.sum[at(whole * 21 + k)]);
                    EXPECT_EQ(part.at_least[at(pair * 21 + k)], all.at_least[at(whole * 21 + k)]);
                }
                for (std::int64_t k = 0; k < 2; ++k)
                    EXPECT_EQ(part.peak_at_least[at(2 * pair + k)],
                              all.peak_at_least[at(2 * whole + k)]);
            });
        }
    }
}

TEST(Surrogates, CountEveryPairOfSpikesOfTwoDraws)
{
    // 200 Hz in windows of 5 bins: many spikes share a bin.
    const auto trains = with_gaps(6, {200, 240}, 12);
    const auto plan = JitterPlan(trains.timeline, {Jitter::interval, 5}, 10);
    auto expected = std::vector<double>{};
    const auto tally = surrogates_of(trains, plan, {{0, 2}, {0, 2}}, {}, {4, 5}, expected);
    const auto jitterer = Jitterer(plan, trains, {1, 2, 3});
    auto first = std::vector<std::int32_t>{};
    auto other = std::vector<std::int32_t>{};
    jitterer.draw(0, 4, first);
    jitterer.draw(1, 4, other);

    const auto slow = test::slow_counts(first, other, 10);

    for (std::size_t k = 0; k < slow.size(); ++k)
        EXPECT_EQ(tally.sum[k], slow[k]);
}

TEST(Surrogates, OfOneTrainHaveTheExactDistribution)
{
    const auto trains = with_gaps(7, {25, 60});
    const auto plan = JitterPlan(trains.timeline, {Jitter::interval, 25}, 10);
    const auto settings = MonteCarloSettings{.jittered = JitteredTrain::postsynaptic};
    auto expected = std::vector<double>{};
    const auto tally = surrogates_of(trains, plan, {{0, 2}, {0, 2}}, settings, {0, 4000}, expected);
    const auto count = count_pair(trains, 0, 1, 10);

    const auto tests = test_pair(plan, TestUnit(plan, trains.train(0), 10),
                                 TestUnit(plan, trains.train(1), 10), count, expected, {});

    EXPECT_NEAR(rms_z(tally, tests.lags.expected_one), 1, 0.4);
    for (std::size_t k = 0; k < 21; ++k) {
        if (k == 10)
            continue; // the larger of two
        const auto p = tests.lags.p_peak[k];
        const auto error = std::sqrt(p * (1 - p) / 4000);
        EXPECT_NEAR(tally.at_least[k] / 4000.0, p, 4 * error + 1e-3);
        const auto low = tests.lags.p_trough[k];
        EXPECT_NEAR(tally.at_most[k] / 4000.0, low, 4 * std::sqrt(low * (1 - low) / 4000) + 1e-3);
    }
}

TEST(Surrogates, OfOneTrainAcrossTrialsHaveTheStatedMean)
{
    const auto trains = trials(8, {40, 60}, 100);
    const auto plan = JitterPlan(trains.timeline, {Jitter::pattern, 25}, 10);
    const auto settings = MonteCarloSettings{.jittered = JitteredTrain::postsynaptic};
    auto expected = std::vector<double>{};
    const auto tally = surrogates_of(trains, plan, {{0, 2}, {0, 2}}, settings, {0, 4000}, expected);

    const auto tests =
        test_pair(plan, TestUnit(plan, trains.train(0), 10), TestUnit(plan, trains.train(1), 10),
                  count_pair(trains, 0, 1, 10), expected, {});

    EXPECT_NEAR(rms_z(tally, tests.lags.expected_one), 1, 0.4);
}

TEST(PairTests, FindThePlantedDirectionAndItsLag)
{
    auto stream = base::Stream(9, {1});
    auto pre = test::poisson_train(stream, 10, 400);
    auto post = test::poisson_train(stream, 10, 400);
    for (const auto spike : pre)
        if (stream.uniform() < 0.08)
            post.push_back(spike + 4 * ms);
    auto trains = SpikeTrains{};
    trains.add(pre);
    trains.add(post);
    const auto observed = std::vector<TimeInterval>{{0, 400 * second}};
    const auto tidied = tidied_trains(trains.view(), observed);
    const auto train = binned(tidied.trains.view(), observed, ms);
    const auto plan = JitterPlan(train.timeline, {Jitter::interval, 25}, 100);
    const auto tile = pair_tiles(2).front();
    const auto count = count_tile(train, tile, 100, test::never_stop);
    const auto expected = expected_tile(plan, train, tile, *count, test::never_stop);

    const auto tests = test_tile(plan, train, tile, *count, *expected, {}, test::never_stop);

    ASSERT_EQ(tests->size(), 1U);
    EXPECT_LT(tests->front().forward.p_peak, 1e-10);
    EXPECT_EQ(tests->front().forward.peak_lag, -4);
    EXPECT_GT(tests->front().backward.p_peak, 1e-3);
    EXPECT_LT(tests->front().forward.p_peak_strict, 1e-10);
    // the peak's shadow is a trough under jitter, but none below the flanks
    EXPECT_LT(tests->front().backward.p_trough, 0.2);
    EXPECT_GT(tests->front().backward.p_trough_strict, tests->front().backward.p_trough);
    EXPECT_EQ(tests->front().lags.p_peak.size(), 201U);
    EXPECT_FALSE(test_tile(plan, train, tile, *count, *expected, {}, [](auto) { return false; }));
    EXPECT_THROW(test_tile(JitterPlan(train.timeline, {Jitter::interval, 25}, 5), train, tile,
                           *count, *expected, {}, test::never_stop),
                 base::UsageError);
}

// Trains with slow rates in common whose spikes are then jittered: what the null says is true, so
// p-values may not be small too often. Discrete p are conservative.
TEST(PairTests, HoldTheirLevelOnJitteredTrains)
{
    constexpr auto seeds = 300;
    auto below_exact = 0;
    auto below_lag = 0;
    auto below_monte_carlo = 0;
    for (auto seed = 0; seed < seeds; ++seed) {
        auto stream = base::Stream(static_cast<std::uint64_t>(seed), {77});
        auto rate = std::vector<double>(60);
        for (auto& value : rate)
            value = 5 + 30 * stream.uniform(); // by second, shared
        auto trains = SpikeTrains{};
        for (auto unit = 0; unit < 2; ++unit) {
            auto train = std::vector<std::int64_t>{};
            for (std::size_t s = 0; s < rate.size(); ++s)
                for (auto window = 0; window < 40; ++window)
                    for (auto n = stream.poisson(rate[s] / 40); n > 0; --n)
                        train.push_back(
                            static_cast<std::int64_t>(s) * second +
                            (window * 25 + static_cast<std::int64_t>(stream.below(25))) * ms);
            std::sort(train.begin(), train.end());
            trains.add(train);
        }
        const auto binned_trains =
            binned(trains.view(), std::vector<TimeInterval>{{0, 60 * second}}, ms);
        const auto plan = JitterPlan(binned_trains.timeline, {Jitter::interval, 25}, 10);
        const auto tile = pair_tiles(2).front();
        const auto count = count_tile(binned_trains, tile, 10, test::never_stop);
        const auto expected = expected_tile(plan, binned_trains, tile, *count, test::never_stop);
        const auto tests =
            test_tile(plan, binned_trains, tile, *count, *expected, {}, test::never_stop);
        const auto jitterer = Jitterer(plan, binned_trains, {static_cast<std::uint64_t>(seed)});
        const auto tally = run_jitter_block(jitterer, binned_trains, tile, {0, 99},
                                            {.jittered = JitteredTrain::postsynaptic}, *count,
                                            *expected, test::never_stop);
        below_exact += tests->front().forward.p_peak <= 0.1;
        below_lag += tests->front().lags.p_peak[14] <= 0.1;
        below_monte_carlo += stats::monte_carlo_p(tally->peak_at_least[0], 99) <= 0.1;
    }

    // four standard errors of a proportion of 0.1
    const auto most = 0.1 * seeds + 4 * std::sqrt(0.09 * seeds);
    EXPECT_LT(below_exact, most);
    EXPECT_LT(below_lag, most);
    EXPECT_LT(below_monte_carlo, most);
    EXPECT_GT(below_monte_carlo, 0.1 * seeds - 4 * std::sqrt(0.09 * seeds));
    EXPECT_GT(below_lag, 0.02 * seeds);
}

TEST(DeviationBand, IsPassedExactlyWhereThePOfTheLargestDeviationIsSmall)
{
    const auto level = 0.1;
    auto passed = 0;
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        const auto trains = with_gaps(seed, {12, 15, 9}, 60);
        const auto plan = JitterPlan(trains.timeline, {Jitter::interval, 25}, 10);
        const auto settings = MonteCarloSettings{.jittered = JitteredTrain::postsynaptic};
        auto expected = std::vector<double>{};
        const auto tile = pair_tiles(3).front();
        const auto tally = surrogates_of(trains, plan, tile, settings, {0, 199}, expected);
        const auto count = count_tile(trains, tile, 10, test::never_stop);
        const auto jitterer = Jitterer(plan, trains, {1, 2, 3});
        for_each_pair(tile, [&](auto i, auto j, auto pair) {
            const auto of_pair = std::span<const double>(expected).subspan(at(pair * 21), 21);
            const auto band = deviation_band(jitterer, trains, i, j, 199, settings, of_pair, level);
            for (std::size_t direction = 0; direction < 2; ++direction) {
                auto beyond = std::array<bool, 2>{};
                for (std::int64_t lag = 1; lag <= 10; ++lag) {
                    const auto k = 10 + (direction == 0 ? -lag : lag);
                    const auto z =
                        ((*count)[at(pair * 21 + k)] - of_pair[at(k)]) / std::sqrt(of_pair[at(k)]);
                    beyond[0] = beyond[0] || z > band.peak[direction];
                    beyond[1] = beyond[1] || -z > band.trough[direction];
                }
                const auto from = at(2 * pair) + direction;
                EXPECT_EQ(beyond[0], stats::monte_carlo_p(tally.peak_at_least[from], 199) <= level);
                EXPECT_EQ(beyond[1],
                          stats::monte_carlo_p(tally.trough_at_least[from], 199) <= level);
                passed += beyond[0] + beyond[1];
            }
        });
    }

    EXPECT_GT(passed, 10); // of 360, at 0.1
    EXPECT_LT(passed, 80);
}

TEST(DeviationBand, HasNoLimitWithFewSurrogates)
{
    const auto trains = with_gaps(1, {12, 15});
    const auto plan = JitterPlan(trains.timeline, {Jitter::interval, 25}, 10);
    const auto jitterer = Jitterer(plan, trains, {1, 2, 3});
    const auto expected = std::vector<double>(21, 5.0);

    const auto band = deviation_band(jitterer, trains, 0, 1, 18, {}, expected, 0.05);

    EXPECT_TRUE(std::isinf(band.peak[0]));
    EXPECT_TRUE(std::isinf(band.trough[1]));
    EXPECT_THROW(deviation_band(jitterer, trains, 0, 1, 18, {}, {}, 0.05), base::UsageError);
}

TEST(Surrogates, SayHowOftenTheRuleFiresOnJitteredTrains)
{
    const auto trains = with_gaps(10, {20, 25}, 200);
    const auto plan = JitterPlan(trains.timeline, {Jitter::interval, 25}, 100);
    auto settings = MonteCarloSettings{.max_lag = 100, .rule = ConnectionRule{}};
    settings.overlap_s = overlap_s(trains.timeline, 100);
    auto loose = settings;
    loose.rule->threshold_sd = 2;
    auto expected = std::vector<double>{};

    const auto strict_tally =
        surrogates_of(trains, plan, {{0, 2}, {0, 2}}, settings, {0, 300}, expected);
    const auto loose_tally =
        surrogates_of(trains, plan, {{0, 2}, {0, 2}}, loose, {0, 300}, expected);

    EXPECT_LE(strict_tally.rule_peak[0], 1);
    EXPECT_GT(loose_tally.rule_peak[0], 60); // 21 lags above 2 SD: 1 - 0.977^21 = 0.38
    EXPECT_LT(loose_tally.rule_peak[0], 180);
}
