#include "shared_data.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/calcium/connectome.hpp>
#include <rewire/calcium/edge_tests.hpp>
#include <rewire/calcium/shift_moments.hpp>
#include <rewire/io/hdf5.hpp>

#include <gtest/gtest.h>

#include <cmath>

using namespace rewire;
using namespace rewire::calcium;

namespace {

std::size_t at(std::int64_t i)
{
    return static_cast<std::size_t>(i);
}

const auto go_on = Tick([](std::int64_t) { return true; });

/// A group of the reference and what we make of it.
struct Case
{
    io::Handle group;
    std::int64_t neurons = 0;
    std::int64_t frames = 0;
    activity::Activity activity;
    std::vector<double> covariate;
    std::int64_t covariates = 0;

    Case(const io::Handle& file, const std::string& name) : group(io::open_group(file, name))
    {
        const auto shape = io::shape_of(io::open_dataset(group, "activity"));
        neurons = shape[0];
        frames = activity.frames = shape[1];
        const auto dense = io::read_all<double>(group, "activity");
        for (std::int64_t n = 0; n < neurons; ++n) {
            for (std::int64_t t = 0; t < frames; ++t)
                if (const auto value = dense[at(n * frames + t)]; value != 0) {
                    activity.frame.push_back(static_cast<std::int32_t>(t));
                    activity.value.push_back(value);
                }
            activity.start.push_back(static_cast<std::int64_t>(activity.frame.size()));
        }
        if (io::exists(group, "covariate")) {
            covariates = io::shape_of(io::open_dataset(group, "covariate"))[0];
            covariate = io::read_all<double>(group, "covariate");
        }
    }

    CovariateView covariate_view() const { return {.count = covariates, .value = covariate}; }
    std::vector<double> stored(const std::string& name) const
    {
        return io::read_all<double>(group, name);
    }
    double attribute(const std::string& name) const
    {
        return io::read_attribute<double>(group, name);
    }
    ShiftMoments moments(Precision precision = Precision::full) const
    {
        const auto lags = io::read_attribute<std::int64_t>(group, "lags");
        return *shift_moments_of(activity.view(), one_circle(frames), covariate_view(),
                                 {.lags = {lags, lags}, .precision = precision}, go_on);
    }
};

EdgeTests tests_of(const ShiftMoments& moments, bool two_sided)
{
    const auto options = EdgeTestOptions{.support = Support::shift, .two_sided = two_sided};
    auto tiles = std::vector<EdgeTile>{};
    for (const auto& tile : pair_tiles(moments.active_count()))
        tiles.push_back(test_tile(moments, nullptr, tile, options));
    return finish_edge_tests(moments, tiles, options);
}

void expect_relative(const std::vector<double>& ours, const std::vector<double>& theirs,
                     double tolerance, const char* what)
{
    ASSERT_EQ(ours.size(), theirs.size()) << what;
    for (std::size_t k = 0; k < ours.size(); ++k)
        EXPECT_NEAR(ours[k], theirs[k], tolerance * std::abs(theirs[k])) << what << " " << k;
}

/// 1e-6 relative down to 1e-12, logarithms below.
void expect_p(const std::vector<double>& ours, const std::vector<double>& theirs, const char* what)
{
    constexpr auto compared = 1e-12;
    ASSERT_EQ(ours.size(), theirs.size()) << what;
    for (std::size_t k = 0; k < ours.size(); ++k)
        if (theirs[k] >= compared)
            EXPECT_NEAR(ours[k], theirs[k], 1e-6 * theirs[k]) << what << " " << k;
        else
            EXPECT_NEAR(std::log10(ours[k]), std::log10(theirs[k]), 1e-6) << what << " " << k;
}

/// Strict upper triangle of a tile that holds all pairs.
std::vector<double> upper(const std::vector<double>& square, std::int64_t n)
{
    auto out = std::vector<double>{};
    for (std::int64_t i = 0; i < n; ++i)
        for (auto j = i + 1; j < n; ++j)
            out.push_back(square[at(i * n + j)]);
    return out;
}

const auto cases = std::vector<std::string>{"chains", "odd_length", "covariate", "slow"};

class ShiftMomentsReference : public testing::Test
{
  protected:
    void SetUp() override
    {
        const auto path = test::shared_data("reference/calcium/h_shift_moments.h5");
        if (path.empty())
            GTEST_SKIP() << test::skipped_reference;
        file = io::open_for_reading(path);
    }
    io::Handle file;
};

} // namespace

TEST_F(ShiftMomentsReference, ResidualsLeverageAndRefit)
{
    for (const auto& name : cases) {
        SCOPED_TRACE(name);
        const auto reference = Case(file, name);
        const auto moments = reference.moments();

        const auto residual = shift_residuals(
            reference.activity.view(), one_circle(reference.frames), reference.covariate_view());

        const auto stored = reference.stored("residual");
        ASSERT_EQ(residual.size(), stored.size());
        for (std::size_t k = 0; k < stored.size(); ++k)
            ASSERT_NEAR(residual[k], stored[k], 1e-9);
        const auto leverage = reference.stored("leverage"); // of all T frequencies
        for (std::size_t f = 0; f < moments.leverage.size(); ++f)
            EXPECT_NEAR(moments.leverage[f], leverage[f], 1e-9);
        const auto refit = reference.stored("refit_share");
        for (std::size_t i = 0; i < refit.size(); ++i)
            EXPECT_NEAR(moments.refit_share[i], refit[i], 1e-9);
    }
}

TEST_F(ShiftMomentsReference, MomentsOfPairs)
{
    for (const auto& name : cases) {
        SCOPED_TRACE(name);
        const auto reference = Case(file, name);
        const auto n = reference.neurons;
        const auto moments = reference.moments();

        const auto tile = tile_moments(moments, pair_tiles(n).at(0));

        expect_relative(moments.correlation, reference.stored("correlation"), 1e-9, "R");
        expect_relative(moments.partial, reference.stored("partial_correlation"), 1e-9, "p");
        expect_relative(upper(tile.variance, n), reference.stored("variance"), 1e-9, "V");
        expect_relative(upper(tile.skewness, n), reference.stored("skewness"), 1e-9, "g");
        expect_relative(upper(tile.variance_marginal, n), reference.stored("variance_marginal"),
                        1e-9, "V marginal");
        expect_relative(upper(tile.skewness_marginal, n), reference.stored("skewness_marginal"),
                        1e-9, "g marginal");
    }
}

TEST_F(ShiftMomentsReference, TailsAndWhatFollowsFromThem)
{
    for (const auto& name : cases) {
        SCOPED_TRACE(name);
        const auto reference = Case(file, name);
        const auto moments = reference.moments();

        const auto tests = tests_of(moments, false);
        const auto two_sided = tests_of(moments, true);

        expect_relative(tests.skewness, reference.stored("skewness_refit"), 1e-9, "g'");
        expect_p(tests.p_partial, reference.stored("p_partial"), "partial");
        expect_p(tests.p_marginal, reference.stored("p_marginal"), "marginal");
        expect_p(tests.p_both, reference.stored("p_both"), "both");
        expect_p(tests.q_both, reference.stored("q_both"), "q");
        expect_p(tests.p_holm, reference.stored("p_holm"), "Holm");
        expect_p(two_sided.p_both_negative, reference.stored("p_both_negative"), "negative");
        expect_p(two_sided.p_both, reference.stored("p_two_sided"), "two-sided");
        for (std::size_t k = 0; k < tests.p_both.size(); ++k)
            EXPECT_NEAR(tests.log10_p_both[k], std::log10(reference.stored("p_both")[k]), 1e-6);
        const auto score = reference.stored("score");
        for (std::size_t k = 0; k < score.size(); ++k)
            EXPECT_NEAR(moments.partial[k] / tests.null_sd[k], score[k], 1e-9 * std::abs(score[k]));
    }
}

TEST_F(ShiftMomentsReference, NumbersOfASession)
{
    for (const auto& name : cases) {
        SCOPED_TRACE(name);
        const auto reference = Case(file, name);
        const auto moments = reference.moments();
        const auto tests = tests_of(moments, false);

        const auto threshold = connectome_of(moments.partial).threshold;

        EXPECT_NEAR(threshold, reference.attribute("threshold"), 1e-9);
        EXPECT_NEAR(noise_edges(tests, threshold), reference.attribute("noise_edges"),
                    1e-6 * reference.attribute("noise_edges"));
        EXPECT_NEAR(tests.drive, reference.attribute("drive"), 1e-9);
        EXPECT_NEAR(tests.effective_frames, reference.attribute("effective_frames"),
                    1e-9 * tests.effective_frames);
    }
}

TEST_F(ShiftMomentsReference, SinglePrecisionIsCloseEnoughForTheControl)
{
    for (const auto& name : cases) {
        SCOPED_TRACE(name);
        const auto reference = Case(file, name);

        const auto tests = tests_of(reference.moments(Precision::single), false);

        const auto score = reference.stored("score");
        const auto moments = reference.moments(Precision::single);
        for (std::size_t k = 0; k < score.size(); ++k)
            EXPECT_NEAR(moments.partial[k] / tests.null_sd[k], score[k], 1e-3);
    }
}

TEST_F(ShiftMomentsReference, TheShareOfShiftsIsAboutP)
{
    // Of all shifts of one residual, those that reach p_ij, where enough of them do.
    for (const auto& name : cases) {
        SCOPED_TRACE(name);
        const auto reference = Case(file, name);
        const auto tests = tests_of(reference.moments(), false);
        const auto pair = io::read_all<std::int64_t>(reference.group, "brute_pair");
        const auto share = reference.stored("brute_share_of_shifts");

        for (std::size_t k = 0; k < share.size(); ++k) {
            const auto p = tests.p_partial[at(
                base::pair_index(pair[2 * k], pair[2 * k + 1], reference.neurons))];
            if (share[k] * static_cast<double>(reference.frames) >= 20)
                EXPECT_NEAR(std::log(p), std::log(share[k]), std::log(1.5));
        }
    }
}
