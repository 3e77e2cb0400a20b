#include "jobs/connectome/closed_form.hpp"

#include <rewire/stats/pearson3.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace rewire;
using testing::Each;
using testing::HasSubstr;
using testing::IsNan;

namespace {

/// Three neurons, all active; the first pair is supported.
jobs::ClosedFormTests tests_of(calcium::EffectiveFrames enough)
{
    auto closed = jobs::ClosedFormTests{};
    auto& tests = closed.tests;
    tests.p_partial = tests.p_marginal = tests.p_fine = tests.p_both = {1e-6, 0.5, 0.9};
    tests.q_both = tests.p_holm = {3e-6, 0.75, 0.9};
    tests.log10_p_both = {-6, -0.3, -0.05};
    tests.supported = {1, 0, 0};
    tests.tested = 3;
    tests.supported_count = 1;
    tests.effective_frames = 5;
    tests.neurons_per_frame = 0.6;
    tests.enough = enough;
    tests.null_sd = {0.1, 0.1, 0.2};
    tests.skewness = {0.5, 0.5, 0.5};
    closed.result.status = "ok";
    return closed;
}

jobs::SessionConnectome session_of()
{
    auto session = jobs::SessionConnectome{};
    session.neuron_id = {"1", "2", "3"};
    session.active = {1, 1, 1};
    session.threshold = 0.2;
    session.computed = 1;
    session.status = "ok";
    return session;
}

/// A session without a closed form, and why.
jobs::ClosedFormTests none_of(calcium::ShiftMomentStatus status, const std::string& why)
{
    auto closed = tests_of(calcium::EffectiveFrames::too_few);
    closed.status = status;
    closed.result.status = why;
    return closed;
}

} // namespace

TEST(ClosedForm, NoiseAboveTheThresholdIsTheSumOfTheTails)
{
    auto session = session_of();

    jobs::add_closed_form(session, tests_of(calcium::EffectiveFrames::few));

    const auto& result = *session.closed_form;
    const auto expected =
        2 * stats::pearson3_upper_tail(2, 0.5) + stats::pearson3_upper_tail(1, 0.5);
    EXPECT_DOUBLE_EQ(result.noise_edges, expected);
    EXPECT_DOUBLE_EQ(result.noise_density, 2 * expected / 9);
    EXPECT_DOUBLE_EQ(result.supported_density, 2.0 / 9);
    EXPECT_EQ(session.status, "ok");
    EXPECT_EQ(session.computed, 1);
}

TEST(ClosedForm, TooFewFramesMakeNoClaim)
{
    auto session = session_of();

    jobs::add_closed_form(session, tests_of(calcium::EffectiveFrames::too_few));

    const auto& result = *session.closed_form;
    EXPECT_THAT(result.p_both, Each(IsNan()));
    EXPECT_THAT(result.q_both, Each(IsNan()));
    EXPECT_THAT(result.supported, Each(0));
    EXPECT_EQ(result.supported_count, 0);
    EXPECT_TRUE(std::isnan(result.noise_edges));
    EXPECT_EQ(result.effective_frames, 5);
    EXPECT_THAT(session.status, HasSubstr("too few frames"));
    EXPECT_EQ(session.computed, 0);
}

TEST(ClosedForm, AShrunkConnectomeIsComputedFromTooFewFrames)
{
    auto session = session_of();
    session.shrinkage = 0.3;

    jobs::add_closed_form(session, tests_of(calcium::EffectiveFrames::too_few));

    EXPECT_EQ(session.status, "ok");
    EXPECT_EQ(session.computed, 1);
    EXPECT_THAT(session.closed_form->status, HasSubstr("too few frames"));
    EXPECT_THAT(session.closed_form->p_both, Each(IsNan()));
}

TEST(ClosedForm, NoClosedFormMakesNoClaim)
{
    auto session = session_of();

    jobs::add_closed_form(session, none_of(calcium::ShiftMomentStatus::too_few_frames,
                                           "no segment or state of 16 frames"));

    EXPECT_EQ(session.status, "no segment or state of 16 frames");
    EXPECT_EQ(session.computed, 0);
}

TEST(ClosedForm, APseudoInverseThatWasAskedForIsComputedWithoutAClosedForm)
{
    auto session = session_of();
    session.estimator = jobs::pseudo_inverse;

    jobs::add_closed_form(session,
                          none_of(calcium::ShiftMomentStatus::ill_conditioned, "ill conditioned"));

    EXPECT_EQ(session.status, "ok");
    EXPECT_EQ(session.computed, 1);
    EXPECT_EQ(session.closed_form->status, "ill conditioned");
}

TEST(ClosedForm, FramesThatCannotBeCountedAreTooFew)
{
    auto session = session_of();

    jobs::judge_frames(session, std::nan(""));

    EXPECT_THAT(session.status, HasSubstr("too few frames"));
    EXPECT_THAT(session.status, HasSubstr("16 frames"));
    EXPECT_EQ(session.computed, 0);
}

TEST(ClosedForm, DisplacementsAreNeverShorterThanAWindow)
{
    auto activity = io::ActivityInfo{};
    activity.rate_hz = 2;
    const auto settings = jobs::ConnectomeSettings{};

    const auto options = jobs::displacement_options(activity, settings);

    EXPECT_EQ(jobs::window_frames_of(activity, settings), 8);
    EXPECT_EQ(options.shortest_frames, 8); // 2 s are 4 frames
    EXPECT_EQ(options.longest_frames, 20);
}
