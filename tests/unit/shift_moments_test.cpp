// The fast moments against loops over all shifts and frequencies.

#include "edge_reference.hpp"

#include <rewire/base/error.hpp>
#include <rewire/calcium/moment_parts.hpp>
#include <rewire/calcium/partial_correlation.hpp>
#include <rewire/calcium/shift_moments.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace rewire;
using namespace rewire::calcium;
using namespace rewire::test;

namespace {

std::size_t at(std::int64_t i)
{
    return static_cast<std::size_t>(i);
}

const auto go_on = Tick([](std::int64_t) { return true; });

struct Case
{
    Rows rows;
    FrameCircles circles;
    Rows covariates;
    ShiftMomentOptions options{.lags = {5, 4}};

    std::int64_t frames() const { return static_cast<std::int64_t>(rows[0].size()); }
    ShiftMoments moments() const
    {
        auto flat = std::vector<double>{};
        for (const auto& row : covariates)
            flat.insert(flat.end(), row.begin(), row.end());
        return *shift_moments_of(
            activity_of(rows, frames()).view(), circles,
            {.count = static_cast<std::int64_t>(covariates.size()), .value = flat}, options, go_on);
    }
};

Rows random_covariates(std::int64_t count, std::int64_t frames)
{
    auto stream = base::Stream(9, {1});
    auto rows = Rows(at(count), std::vector<double>(at(frames)));
    for (auto& row : rows)
        for (auto& value : row)
            value = stream.normal();
    return rows;
}

/// Circles of a labelled recording: three segments of other lengths, some frames left out.
FrameCircles three_circles(std::int64_t frames)
{
    auto label = std::vector<std::int32_t>(at(frames), 0);
    for (std::int64_t t = 0; t < frames; ++t)
        label[at(t)] = t < 37 ? 0 : t < 40 ? -1 : t < 100 ? 1 : 2;
    return circles_of(label);
}

void expect_as_slow(const Case& c)
{
    const auto z = prepared_rows(c.rows, c.circles, c.covariates);
    const auto slow = slow_moments(z, c.circles);
    const auto n = static_cast<std::int64_t>(c.rows.size());

    const auto moments = c.moments();
    const auto tile = tile_moments(moments, pair_tiles(n).at(0));

    ASSERT_EQ(moments.status, ShiftMomentStatus::ok) << moments.status_text;
    for (std::int64_t i = 0; i < n; ++i) {
        EXPECT_NEAR(moments.refit_share[at(i)], slow.refit_share[at(i)], 1e-9);
        for (auto j = i + 1; j < n; ++j) {
            const auto pair = at(base::pair_index(i, j, n));
            const auto place = at(i * n + j);
            EXPECT_NEAR(moments.correlation[pair], slow.correlation[at(i)][at(j)], 1e-10);
            EXPECT_NEAR(moments.partial[pair], slow.partial[at(i)][at(j)], 1e-10);
            const auto& e = slow.corrected;
            const auto variance = slow_variance(e[at(i)], e[at(j)], c.circles);
            const auto third = slow_third(e[at(i)], e[at(j)], c.circles, moments.lags.partial);
            EXPECT_NEAR(tile.variance[place], variance, 1e-9 * variance);
            EXPECT_NEAR(tile.skewness[place], third / std::pow(variance, 1.5), 1e-8);
            const auto marginal = slow_variance(z[at(i)], z[at(j)], c.circles);
            const auto third_marginal =
                slow_third(z[at(i)], z[at(j)], c.circles, moments.lags.marginal);
            EXPECT_NEAR(tile.variance_marginal[place], marginal, 1e-9 * marginal);
            EXPECT_NEAR(tile.skewness_marginal[place], third_marginal / std::pow(marginal, 1.5),
                        1e-8);
        }
    }
}

} // namespace

TEST(ShiftMoments, OneCircleOfEvenAndOddLength)
{
    for (const auto frames : {160, 161})
        expect_as_slow({.rows = random_rows(5, frames, 0.2, 3), .circles = one_circle(frames)});
}

TEST(ShiftMoments, SegmentsAreShiftedOnTheirOwn)
{
    expect_as_slow({.rows = random_rows(5, 170, 0.3, 4), .circles = three_circles(170)});
}

TEST(ShiftMoments, SparseTracesAreAddedUpFromTheirSamples)
{
    // below the density at which rows are written out; more residuals than are combined at a time
    expect_as_slow({.rows = random_rows(5, 170, 0.06, 4), .circles = three_circles(170)});
    expect_as_slow({.rows = random_rows(66, 200, 0.06, 4), .circles = one_circle(200)});
}

TEST(ShiftMoments, AConstantCovariateTakesNothingOut)
{
    const auto plain = Case{.rows = random_rows(5, 170, 0.2, 3), .circles = one_circle(170)};
    auto flat = plain;
    auto stream = base::Stream(8, {});
    auto& row = flat.covariates.emplace_back();
    for (auto t = 0; t < 170; ++t) // as interpolation leaves it
        row.push_back(2.5 * (1 + 2.3e-16 * std::floor(4 * stream.uniform())));

    const auto expected = plain.moments();
    const auto moments = flat.moments();

    EXPECT_EQ(moments.partial, expected.partial);
}

TEST(ShiftMoments, CovariatesAreTakenOut)
{
    expect_as_slow({.rows = random_rows(4, 170, 0.3, 5),
                    .circles = three_circles(170),
                    .covariates = random_covariates(3, 170)});
}

TEST(ShiftMoments, LevelsOfSegmentsDoNotMatter)
{
    auto c = Case{.rows = random_rows(5, 170, 0.3, 4), .circles = three_circles(170)};
    const auto before = tile_moments(c.moments(), pair_tiles(5).at(0));
    for (auto& row : c.rows)
        for (std::size_t t = 100; t < 170; ++t)
            row[t] += 3;

    const auto after = tile_moments(c.moments(), pair_tiles(5).at(0));

    for (std::size_t i = 0; i < 5; ++i)
        for (auto k = i * 5 + i + 1; k < i * 5 + 5; ++k) {
            EXPECT_NEAR(after.variance[k], before.variance[k], 1e-10 * before.variance[k]);
            EXPECT_NEAR(after.skewness_marginal[k], before.skewness_marginal[k], 1e-8);
        }
}

TEST(ShiftMoments, ResidualsAreThoseOfARegressionOnAllOthers)
{
    const auto rows = random_rows(4, 120, 0.3, 6);
    const auto circles = one_circle(120);

    const auto residuals = shift_residuals(activity_of(rows, 120).view(), circles);

    for (std::size_t i = 0; i < 4; ++i) {
        auto others = rows;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
        auto expected = residual(rows[i], others);
        const auto norm = std::sqrt(dot(expected, expected));
        for (std::size_t t = 0; t < 120; ++t)
            EXPECT_NEAR(residuals[i * 120 + t], expected[t] / norm, 1e-10);
    }
}

TEST(ShiftMoments, TheFirstComponentIsTheLargestEigenvaluesShare)
{
    // of two neurons that correlate at r: (1 + |r|) / 2
    const auto moments =
        Case{.rows = random_rows(2, 300, 0.3, 3), .circles = one_circle(300)}.moments();

    EXPECT_NEAR(moments.first_component, (1 + std::abs(moments.correlation[0])) / 2, 1e-12);
}

TEST(ShiftMoments, InactiveNeuronsAreLeftOut)
{
    auto c = Case{.rows = random_rows(6, 150, 0.3, 7), .circles = one_circle(150)};
    std::fill(c.rows[1].begin(), c.rows[1].end(), 0.0);
    std::fill(c.rows[3].begin(), c.rows[3].end(), 2.5);
    c.rows[4][17] = std::nan("");
    auto three = c;
    three.rows = {c.rows[0], c.rows[2], c.rows[5]};

    const auto with = c.moments();
    const auto without = three.moments();

    EXPECT_THAT(with.active, testing::ElementsAre(0, 2, 5));
    EXPECT_EQ(with.neurons, 6);
    EXPECT_EQ(with.partial, without.partial);
    EXPECT_EQ(with.power.full, without.power.full);
}

TEST(ShiftMoments, PartialCorrelationsAreThoseOfTheConnectome)
{
    const auto c = Case{.rows = random_rows(20, 400, 0.1, 8), .circles = one_circle(400)};

    const auto expected = partial_correlation(activity_of(c.rows, 400).view());
    const auto moments = c.moments();

    for (std::size_t pair = 0; pair < expected.value.size(); ++pair)
        EXPECT_NEAR(moments.partial[pair], expected.value[pair], 1e-10);
    EXPECT_NEAR(moments.rcond, expected.rcond, 1e-6 * expected.rcond);
}

TEST(ShiftMoments, DisplacementTurnsTracesAroundTheirCircles)
{
    auto c = Case{.rows = random_rows(4, 170, 0.3, 5),
                  .circles = three_circles(170),
                  .options = {.lags = {5, 4}, .displacement = {0, 7, 0, 45}}};
    auto turned = c;
    turned.options.displacement.clear();
    for (std::size_t n = 0; n < 4; ++n)
        for (std::int64_t k = 0; k < c.circles.count(); ++k) {
            const auto frames = c.circles.of(k);
            const auto length = c.circles.length(k);
            const auto by = std::min(c.options.displacement[n], length / 2); // never past half
            for (std::int64_t t = 0; t < length; ++t)
                turned.rows[n][at(frames[at((t + by) % length)])] = c.rows[n][at(frames[at(t)])];
        }

    const auto moments = c.moments();
    const auto expected = turned.moments();

    for (std::size_t pair = 0; pair < expected.partial.size(); ++pair)
        EXPECT_NEAR(moments.partial[pair], expected.partial[pair], 1e-12);
    const auto tile = tile_moments(moments, pair_tiles(4).at(0));
    const auto other = tile_moments(expected, pair_tiles(4).at(0));
    for (std::size_t i = 0; i < 4; ++i)
        for (auto k = i * 4 + i + 1; k < i * 4 + 4; ++k)
            EXPECT_NEAR(tile.skewness[k], other.skewness[k], 1e-9);
}

TEST(ShiftMoments, SinglePrecisionIsClose)
{
    auto c = Case{.rows = random_rows(30, 900, 0.1, 8), .circles = one_circle(900)};
    const auto full = tile_moments(c.moments(), pair_tiles(30).at(0));
    c.options.precision = Precision::single;

    const auto single = tile_moments(c.moments(), pair_tiles(30).at(0));

    for (std::int64_t i = 0; i < 30; ++i)
        for (auto j = i + 1; j < 30; ++j) {
            const auto k = at(i * 30 + j);
            EXPECT_NEAR(single.variance[k], full.variance[k], 1e-5 * full.variance[k]);
            EXPECT_NEAR(single.skewness[k], full.skewness[k], 1e-4);
        }
}

TEST(ShiftMoments, SkewnessAloneInSinglePrecisionIsCloser)
{
    // more neurons than are transformed together
    auto c = Case{.rows = random_rows(70, 4500, 0.06, 16), .circles = three_circles(4500)};
    const auto full = tile_moments(c.moments(), pair_tiles(70).at(0));
    c.options.skewness = Precision::single;

    const auto single = tile_moments(c.moments(), pair_tiles(70).at(0));

    EXPECT_EQ(single.variance, full.variance);
    EXPECT_EQ(single.variance_marginal, full.variance_marginal);
    for (std::int64_t i = 0; i < 70; ++i)
        for (auto j = i + 1; j < 70; ++j) {
            const auto k = at(i * 70 + j);
            EXPECT_NEAR(single.skewness[k], full.skewness[k], 1e-5);
            EXPECT_NEAR(single.skewness_marginal[k], full.skewness_marginal[k], 1e-5);
        }
}

TEST(MomentParts, InAnyOrderTheyAreTheSameBits)
{
    const auto rows = random_rows(150, 700, 0.05, 16); // three parts, the last one smaller
    const auto activity = activity_of(rows, 700);
    const auto circles = three_circles(700);
    for (const auto precision : {Precision::full, Precision::single}) {
        const auto options =
            ShiftMomentOptions{.precision = precision, .skewness = Precision::single};
        const auto whole = *shift_moments_of(activity.view(), circles, {}, options, go_on);
        auto scratch = MomentScratch{};
        const auto made = *prepare_moments(activity.view(), circles, {}, options, scratch, go_on);
        ASSERT_FALSE(made.whole);
        const auto n = made.moments.active_count();
        auto parts = MomentParts(n, made.arrays(), circles, options, scratch);
        const auto frequencies = MomentParts::frequencies(circles);
        const auto real = precision == Precision::full ? sizeof(double) : sizeof(float);
        auto power = std::vector<std::byte>(at(n * frequencies) * real);
        auto marginal = power;
        auto norm = std::vector<double>(at(n));
        auto refit = norm;
        auto sums = std::vector<std::vector<double>>(
            3, std::vector<double>(at(MomentParts::sums * frequencies)));
        auto tables = MomentTables{.power = power,
                                   .power_marginal = marginal,
                                   .third = {},
                                   .third_marginal = {},
                                   .norm = norm,
                                   .refit = refit};
        for (const auto part : {2, 0, 1})
            ASSERT_TRUE(parts.spectra(part, tables, sums[at(part)], go_on));
        parts.set_sums(std::vector<std::span<const double>>(sums.begin(), sums.end()));
        for (const auto& range : {base::Range{70, n}, base::Range{0, 70}})
            parts.correct(range, tables);
        auto third = std::vector<std::byte>(at(n * parts.third_width()) * real);
        auto third_marginal = std::vector<std::byte>(at(n * parts.third_width_marginal()) * real);
        tables.third = third;
        tables.third_marginal = third_marginal;
        for (const auto part : {1, 2, 0})
            ASSERT_TRUE(parts.third_moments(part, tables, go_on));

        const auto same = [](const std::vector<std::byte>& bytes, const MomentRows& expected) {
            const auto theirs = expected.full.empty() ? std::as_bytes(expected.floats())
                                                      : std::as_bytes(expected.doubles());
            return std::equal(bytes.begin(), bytes.end(), theirs.begin(), theirs.end());
        };
        EXPECT_TRUE(same(power, whole.power));
        EXPECT_TRUE(same(marginal, whole.power_marginal));
        EXPECT_TRUE(same(third, whole.third));
        EXPECT_TRUE(same(third_marginal, whole.third_marginal));
        EXPECT_EQ(refit, whole.refit_share);
        EXPECT_EQ(parts.lags().partial, whole.lags.partial);
    }
}

TEST(ShiftMoments, WhatCannotBeComputedSaysWhy)
{
    const auto status = [](const Case& c) { return c.moments().status; };
    auto twins = random_rows(5, 200, 0.3, 2);
    twins[3] = twins[1];

    EXPECT_EQ(status({.rows = random_rows(1, 100, 0.3, 1), .circles = one_circle(100)}),
              ShiftMomentStatus::too_few_neurons);
    EXPECT_EQ(status({.rows = random_rows(40, 40, 0.3, 1), .circles = one_circle(40)}),
              ShiftMomentStatus::too_few_frames);
    EXPECT_EQ(status({.rows = twins, .circles = one_circle(200)}),
              ShiftMomentStatus::ill_conditioned);
    EXPECT_EQ(status({.rows = random_rows(3, 12, 0.5, 1), .circles = one_circle(12)}),
              ShiftMomentStatus::too_few_neurons);
}

TEST(ShiftMoments, BadInputIsRefused)
{
    const auto activity = activity_of(random_rows(3, 100, 0.3, 1), 100);

    EXPECT_THROW(shift_moments_of(activity.view(), one_circle(99), {}, {}, go_on),
                 base::InputError);
    EXPECT_THROW(
        shift_moments_of(activity.view(), one_circle(100), {}, {.displacement = {1, 2}}, go_on),
        base::InputError);
    const auto covariate = std::vector<double>(99);
    EXPECT_THROW(shift_moments_of(activity.view(), one_circle(100),
                                  {.count = 1, .value = covariate}, {}, go_on),
                 base::InputError);
}

TEST(ShiftMoments, StopsWhenAsked)
{
    const auto activity = activity_of(random_rows(8, 100, 0.3, 1), 100);
    for (const auto steps : {0, 1, 2, 5}) { // before each of its parts
        auto left = steps;
        const auto tick = Tick([&](std::int64_t) { return left-- > 0; });

        EXPECT_FALSE(shift_moments_of(activity.view(), one_circle(100), {}, {}, tick));
    }
}

TEST(Lags, FollowTheAutocorrelation)
{
    auto sum = std::vector<double>(at(most_lags + 1), 0.0);
    sum[0] = 50;
    EXPECT_EQ(lags_from_autocorrelation(sum), least_lags);
    sum[11] = 0.02 * 50;
    EXPECT_EQ(lags_from_autocorrelation(sum), 11);
    sum[25] = 10;
    EXPECT_EQ(lags_from_autocorrelation(sum), most_lags);
}

TEST(Lags, OfFiveTapsAreTheLeast)
{
    auto rows = random_rows(10, 4000, 0.02, 3);
    for (auto& row : rows) {
        const auto raw = row;
        for (std::size_t t = 4; t < row.size(); ++t)
            row[t] = 0.33 * (raw[t] + raw[t - 4]) + 0.67 * (raw[t - 1] + raw[t - 3]) + raw[t - 2];
    }

    const auto moments = Case{.rows = rows, .circles = one_circle(4000), .options = {}}.moments();

    EXPECT_EQ(moments.lags.partial, least_lags);
    EXPECT_EQ(moments.lags.marginal, least_lags);
}

TEST(Lags, StayWithinAShortCircle)
{
    auto label = std::vector<std::int32_t>(200, 0);
    std::fill(label.begin() + 180, label.end(), 1);

    const auto moments = Case{.rows = random_rows(4, 200, 0.3, 1),
                              .circles = circles_of(label),
                              .options = {.lags = {25, 25}}}
                             .moments();

    EXPECT_EQ(moments.lags.partial, 9);
}

TEST(FrameCircles, JoinLabelsAndLeaveShortOnesOut)
{
    auto label = std::vector<std::int32_t>(60, 7);
    std::fill(label.begin() + 20, label.begin() + 40, 2);
    std::fill(label.begin() + 40, label.begin() + 50, -1);
    std::fill(label.begin() + 50, label.begin() + 53, 9);

    const auto circles = circles_of(label);

    ASSERT_EQ(circles.count(), 2);
    EXPECT_EQ(circles.length(0), 20);
    EXPECT_EQ(circles.of(0).front(), 20);
    EXPECT_EQ(circles.length(1), 27);
    EXPECT_EQ(circles.of(1).back(), 59);
    EXPECT_EQ(circles.too_short, 3);
    EXPECT_EQ(circles.used(), 47);
}

TEST(EffectiveFramesOf, IsTheMeanVarianceOfAllPairs)
{
    const auto c = Case{.rows = random_rows(6, 170, 0.3, 7), .circles = three_circles(170)};
    const auto z = prepared_rows(c.rows, c.circles, {});
    auto sum = 0.0;
    for (std::size_t i = 0; i < 6; ++i)
        for (auto j = i + 1; j < 6; ++j)
            sum += slow_variance(z[i], z[j], c.circles);

    const auto frames = effective_frames_of(activity_of(c.rows, 170).view(), c.circles);

    EXPECT_NEAR(frames, 15 / sum, 1e-9 * frames);
}
