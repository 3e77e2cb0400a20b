// GLMCC: events against all pairs of spikes, the optimum against the posterior computed on a fine
// grid, couplings recovered from events drawn from the model.
#include "scalar_glmcc.hpp"
#include "spike_trains.hpp"

#include <rewire/spikes/glmcc.hpp>

#include <gtest/gtest.h>

#include <cmath>

using namespace rewire;
using namespace rewire::spikes;

namespace {

constexpr auto ms = nanoseconds_per_ms;

/// Each difference on its own.
GlmccEvents slow_events(std::span<const std::int64_t> first, std::span<const std::int64_t> second)
{
    auto result = GlmccEvents{};
    for (const auto a : first)
        for (const auto b : second) {
            const auto difference = a - b;
            if (std::abs(difference) >= 50 * ms)
                continue;
            ++result.events;
            const auto shifted = difference + 50 * ms;
            const auto bin = static_cast<std::size_t>(shifted / ms);
            if (shifted % ms == 0) {
                result.count[bin] += 0.5;
                result.count[bin - 1] += 0.5;
            } else {
                result.count[bin] += 1;
            }
            for (std::int64_t m = 0; m < 50; ++m)
                if (std::abs(difference) > m * ms && std::abs(difference) <= (m + 1) * ms)
                    result.kernel_sum[difference > 0][static_cast<std::size_t>(m)] +=
                        std::exp(-static_cast<double>(std::abs(difference)) / (4.0 * ms));
        }
    return result;
}

/// The log posterior by a sum over 400 points a bin.
double slow_posterior(const GlmccEvents& events, const GlmccFit& fit, double stiffness)
{
    const auto kernel = [&](double t) {
        return t >= fit.delay_ms ? std::exp(-(t - fit.delay_ms) / 4) : 0.0;
    };
    auto result = 0.0;
    for (auto k = 0; k < 100; ++k) {
        const auto a = fit.log_background[static_cast<std::size_t>(k)];
        result += events.count[static_cast<std::size_t>(k)] * a;
        for (auto point = 0; point < 400; ++point) {
            const auto t = k - 50 + (point + 0.5) / 400;
            result -=
                std::exp(a + fit.coupling[1] * kernel(t) + fit.coupling[0] * kernel(-t)) / 400;
        }
        if (k > 0)
            result -= stiffness / 2 *
                      std::pow(a - fit.log_background[static_cast<std::size_t>(k - 1)], 2);
    }
    for (std::size_t side = 0; side < 2; ++side)
        for (auto m = static_cast<std::size_t>(fit.delay_ms); m < 50; ++m)
            result +=
                fit.coupling[side] * std::exp(fit.delay_ms / 4.0) * events.kernel_sum[side][m];
    return result;
}

/// Post spikes follow pre spikes by 3 ms and an exponential of 4 ms, or hardly ever within 10 ms.
std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> connected(double excess,
                                                                          bool inhibits)
{
    auto stream = base::Stream(11, {1});
    const auto pre = test::poisson_train(stream, 12, 900);
    auto post = std::vector<std::int64_t>{};
    auto last = std::size_t{0};
    for (const auto spike : test::poisson_train(stream, 15, 900)) {
        while (last + 1 < pre.size() && pre[last + 1] <= spike)
            ++last;
        const auto since = static_cast<double>(spike - pre[last]) / ms;
        if (!inhibits || since < 3 || since > 12 || stream.uniform() > 0.6)
            post.push_back(spike);
    }
    for (const auto spike : pre)
        if (stream.uniform() < excess)
            post.push_back(spike + 3 * ms + std::llround(4 * ms * stream.exponential()));
    std::sort(post.begin(), post.end());
    return {pre, post};
}

/// Events of pairs of every kind: connected or not, few and many, one without a J that fits.
std::vector<GlmccEvents> various_events()
{
    auto result = std::vector<GlmccEvents>{};
    for (const auto excess : {0.0, 0.02, 0.3})
        for (const auto inhibits : {false, true}) {
            const auto [pre, post] = connected(excess, inhibits);
            result.push_back(glmcc_events(pre, post));
            result.push_back(glmcc_events(post, pre));
        }
    for (const auto rate : {0.5, 3.0, 50.0}) {
        const auto trains = test::poisson_trains(4, {rate, rate}, 60);
        result.push_back(glmcc_events(trains.view().train(0), trains.view().train(1)));
    }
    auto empty_after_delay = result.front();
    empty_after_delay.kernel_sum[1].fill(0);
    for (std::size_t k = 53; k < 100; ++k)
        empty_after_delay.count[k] = 0;
    result.push_back(empty_after_delay);
    return result;
}

void expect_same_bits(const GlmccFit& one, const GlmccFit& other)
{
    EXPECT_EQ(one.delay_ms, other.delay_ms);
    EXPECT_EQ(one.log_background, other.log_background);
    EXPECT_EQ(one.coupling, other.coupling);
    EXPECT_EQ(one.expected, other.expected);
    EXPECT_EQ(one.log_posterior, other.log_posterior);
    EXPECT_EQ(one.log_likelihood, other.log_likelihood);
    EXPECT_EQ(one.iterations, other.iterations);
    EXPECT_EQ(one.converged, other.converged);
}

} // namespace

TEST(GlmccEvents, AreThoseOfEveryPairOfSpikes)
{
    auto stream = base::Stream(2, {5});
    auto trains = std::array<std::vector<std::int64_t>, 2>{};
    for (auto& train : trains) {
        train = test::poisson_train(stream, 60, 10);
        for (auto& spike : train)
            if (stream.uniform() < 0.5)
                spike = spike / ms * ms; // differences on the edges of bins, and of 0 and 50 ms
    }

    const auto fast = glmcc_events(trains[0], trains[1]);
    const auto slow = slow_events(trains[0], trains[1]);

    EXPECT_EQ(fast.events, slow.events);
    EXPECT_EQ(fast.count, slow.count);
    for (std::size_t side = 0; side < 2; ++side)
        for (std::size_t m = 0; m < 50; ++m)
            EXPECT_NEAR(fast.kernel_sum[side][m], slow.kernel_sum[side][m],
                        1e-13 * (1 + slow.kernel_sum[side][m]));
}

TEST(GlmccFit, IsThatOfOnePairAtATime)
{
    for (const auto& events : various_events())
        for (const auto delay : {1, 4})
            for (const auto tau_ms : {4.0, 7.0})
                for (const auto without : {-1, 0, 1}) {
                    const auto slow =
                        test::scalar_glmcc::fit(events, delay, 4000, tau_ms, nullptr, without);
                    const auto fast = fit_glmcc(events, delay, 4000, tau_ms, nullptr, without);

                    ASSERT_TRUE(slow.converged);
                    EXPECT_TRUE(fast.converged);
                    EXPECT_NEAR(fast.log_posterior, slow.log_posterior,
                                1e-9 * std::abs(slow.log_posterior));
                    EXPECT_NEAR(fast.log_likelihood, slow.log_likelihood,
                                1e-7 * std::abs(slow.log_likelihood));
                    for (std::size_t side = 0; side < 2; ++side)
                        EXPECT_NEAR(fast.coupling[side], slow.coupling[side], 1e-6);
                    for (std::size_t k = 0; k < 100; ++k) {
                        EXPECT_NEAR(fast.log_background[k], slow.log_background[k], 1e-6);
                        EXPECT_NEAR(fast.expected[k], slow.expected[k], 1e-5 * slow.expected[k]);
                    }
                }
}

TEST(GlmccFit, HasTheSameBitsAloneAndInAnyCompany)
{
    const auto events = various_events();
    for (const auto mode : {GlmccMode::glm, GlmccMode::likelihood_ratio}) {
        const auto settings = GlmccSettings::with(mode, true);
        const auto together = glmcc_pairs(events, settings);
        auto reversed_events = events;
        std::reverse(reversed_events.begin(), reversed_events.end());
        auto reversed = glmcc_pairs(reversed_events, settings);
        std::reverse(reversed.begin(), reversed.end());

        for (std::size_t pair = 0; pair < events.size(); ++pair) {
            SCOPED_TRACE(pair);
            const auto alone = glmcc_pair(events[pair], settings);
            expect_same_bits(together[pair].fit, alone.fit);
            expect_same_bits(reversed[pair].fit, alone.fit);
            EXPECT_EQ(together[pair].forward.likelihood_ratio, alone.forward.likelihood_ratio);
            EXPECT_EQ(reversed[pair].backward.likelihood_ratio, alone.backward.likelihood_ratio);
        }
    }
}

TEST(GlmccFit, IsTheTopOfThePosterior)
{
    const auto [pre, post] = connected(0.05, false);
    const auto events = glmcc_events(post, pre);
    for (const auto delay : {1, 3})
        for (const auto stiffness : {50.0, 4000.0}) {
            const auto fit = fit_glmcc(events, delay, stiffness);
            const auto top = slow_posterior(events, fit, stiffness);

            ASSERT_TRUE(fit.converged);
            EXPECT_NEAR(fit.log_posterior, top, 1e-5 * std::abs(top));
            auto moved = fit;
            for (const auto by : {-1e-3, 1e-3}) {
                for (std::size_t k = 0; k < 100; k += 7) {
                    moved = fit;
                    moved.log_background[k] += 10 * by;
                    EXPECT_LT(slow_posterior(events, moved, stiffness), top);
                }
                for (std::size_t side = 0; side < 2; ++side) {
                    moved = fit;
                    moved.coupling[side] += 10 * by;
                    EXPECT_LT(slow_posterior(events, moved, stiffness), top);
                }
            }
        }
}

TEST(GlmccFit, KeepsCouplingsWithinTheirLimitsAndStillRelaxesTheRest)
{
    auto events = GlmccEvents{};
    events.count.fill(20);
    events.events = 2000;
    for (std::size_t k = 53; k < 60; ++k)
        events.count[k] = 0; // nothing after the delay: J at its lower limit
    for (std::size_t m = 0; m < 50; ++m) {
        const auto sum = 80 * std::exp(-static_cast<double>(m) / 4) * -std::expm1(-0.25);
        events.kernel_sum[0][m] = sum;
        events.kernel_sum[1][m] = m >= 10 ? sum : 0;
    }
    const auto fit = fit_glmcc(events, 3, 4000);

    EXPECT_TRUE(fit.converged);
    EXPECT_EQ(fit.coupling[1], -3);
    EXPECT_GT(fit.coupling[0], -3);
    const auto again = fit_glmcc(events, 3, 4000, 4, &fit);
    EXPECT_NEAR(again.log_posterior, fit.log_posterior, 1e-8);
}

TEST(GlmccFit, DoesNotDependOnWhereItBegins)
{
    const auto [pre, post] = connected(0.1, false);
    const auto events = glmcc_events(post, pre);
    auto far = GlmccFit{};
    far.log_background.fill(2);
    far.coupling = {4.5, -2.5};

    const auto usual = fit_glmcc(events, 3, 4000);
    const auto other = fit_glmcc(events, 3, 4000, 4, &far);

    EXPECT_TRUE(other.converged);
    EXPECT_NEAR(usual.coupling[0], other.coupling[0], 1e-7);
    EXPECT_NEAR(usual.coupling[1], other.coupling[1], 1e-7);
    EXPECT_EQ(fit_glmcc(events, 3, 4000, 4, nullptr, 1).coupling[1], 0);
}

TEST(GlmccPair, FindsTheDirectionSignAndDelay)
{
    for (const auto inhibits : {false, true})
        for (const auto mode : {GlmccMode::glm, GlmccMode::likelihood_ratio}) {
            const auto [pre, post] = connected(inhibits ? 0 : 0.08, inhibits);

            const auto pair = glmcc_pair(glmcc_events(pre, post), GlmccSettings::with(mode, true));

            EXPECT_TRUE(pair.forward.significant); // first -> second
            EXPECT_FALSE(pair.backward.significant);
            EXPECT_EQ(pair.forward.weight_mv > 0, !inhibits);
            EXPECT_EQ(pair.backward.weight_mv, 0);
            if (!inhibits)
                EXPECT_EQ(pair.fit.delay_ms, 3);
            EXPECT_LT(pair.background_ratio, 1.5);
        }
}

TEST(GlmccPair, HasALikelihoodRatioInEitherMode)
{
    const auto [pre, post] = connected(0.08, false);
    const auto events = glmcc_events(pre, post);
    auto settings = GlmccSettings::with(GlmccMode::glm, true);

    const auto plain = glmcc_pair(events, settings);
    settings.with_likelihood_ratio = true;
    const auto with = glmcc_pair(events, settings);

    EXPECT_EQ(plain.forward.likelihood_ratio, 0);
    expect_same_bits(plain.fit, with.fit);
    for (const auto side : {0, 1}) {
        const auto without = fit_glmcc(events, with.fit.delay_ms, settings.stiffness,
                                       settings.tau_ms, &with.fit, side);
        EXPECT_NEAR((side == 0 ? with.forward : with.backward).likelihood_ratio,
                    with.fit.log_likelihood - without.log_likelihood, 1e-6);
    }
    EXPECT_GT(with.forward.likelihood_ratio, 7.57); // half of chi squared at 0.0001
}

TEST(GlmccPair, WithoutEnoughEventsSaysNothing)
{
    const auto none = glmcc_pair(glmcc_events({}, {}), GlmccSettings::with(GlmccMode::glm, true));
    const auto few = std::vector<std::int64_t>{0, 100 * ms, 200 * ms};
    const auto some = glmcc_pair(glmcc_events(few, few), {});

    EXPECT_EQ(none.forward.coupling, 0);
    EXPECT_EQ(none.forward.weight_mv, 0);
    EXPECT_TRUE(std::isinf(none.forward.threshold));
    EXPECT_EQ(some.forward.coupling, 0);
    EXPECT_FALSE(some.forward.significant);
}

TEST(GlmccTile, IsTheSameWhateverTheTiling)
{
    const auto trains = test::poisson_trains(3, {20, 5, 0, 30, 11}, 100);
    const auto settings = GlmccSettings::with(GlmccMode::likelihood_ratio, true);
    for (const auto size : {1, 2, 5})
        for (const auto& tile : pair_tiles(5, size)) {
            const auto pairs = glmcc_tile(trains.view(), tile, settings, test::never_stop);
            for_each_pair(tile, [&](auto i, auto j, auto pair) {
                const auto one = glmcc_pair(
                    glmcc_events(trains.view().train(j), trains.view().train(i)), settings);
                expect_same_bits((*pairs)[static_cast<std::size_t>(pair)].fit, one.fit);
            });
        }
    EXPECT_FALSE(
        glmcc_tile(trains.view(), pair_tiles(5).front(), settings, [](auto) { return false; }));
}

// Independent trains with slow rates in common: J has to stay below its threshold.
TEST(GlmccPair, HoldsItsLevelOnTrainsThatShareOnlySlowRates)
{
    constexpr auto seeds = 200;
    auto called = 0;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        auto stream = base::Stream(seed, {8});
        auto trains = std::array<std::vector<std::int64_t>, 2>{};
        for (auto& train : trains)
            for (const auto spike : test::poisson_train(stream, 40, 120)) {
                const auto phase = static_cast<double>(spike) * 1e-9;
                if (stream.uniform() < 0.5 + 0.4 * std::sin(6.28 * phase / 2))
                    train.push_back(spike);
            }
        const auto pair = glmcc_pair(glmcc_events(trains[0], trains[1]), {});
        called += pair.forward.significant + pair.backward.significant;
    }

    // alpha is 0.001 a direction; the chance of more than four of 400 is below 0.001
    EXPECT_LE(called, 4);
}
