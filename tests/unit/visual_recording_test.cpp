#include <rewire/base/error.hpp>
#include <rewire/simulate/visual_recording.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace rewire;
using namespace rewire::simulate;

namespace {

VisualParameters short_recording()
{
    auto parameters = VisualParameters{};
    parameters.trials = 100;
    return parameters;
}

const std::function<bool()> on = [] { return true; };

/// Spikes of `post` from `from` to `to` ms after one of `pre`, over what its rate gives.
double ratio_after(const std::vector<double>& pre, const std::vector<double>& post, double from_ms,
                   double to_ms, double duration_s)
{
    auto count = 0.0;
    for (const auto time : pre)
        count +=
            static_cast<double>(std::lower_bound(post.begin(), post.end(), time + 1e-3 * to_ms) -
                                std::lower_bound(post.begin(), post.end(), time + 1e-3 * from_ms));
    const auto expected = static_cast<double>(pre.size()) * static_cast<double>(post.size()) *
                          1e-3 * (to_ms - from_ms) / duration_s;
    return count / expected;
}

} // namespace

TEST(VisualRecording, DelaysFollowTheHierarchyAndInhibitionIsLocal)
{
    const auto truth = visual_truth({}, 0);

    ASSERT_EQ(truth.unit.size(), 120);
    auto between = 0;
    for (const auto& connection : truth.connection) {
        const auto& pre = truth.unit[static_cast<std::size_t>(connection.pre)];
        const auto& post = truth.unit[static_cast<std::size_t>(connection.post)];
        EXPECT_NE(connection.pre, connection.post);
        EXPECT_EQ(connection.coupling > 0, pre.excitatory);
        EXPECT_FALSE(pre.cut_in_two || post.cut_in_two);
        if (pre.area == post.area) {
            EXPECT_EQ(connection.delay_ms, 2);
            continue;
        }
        ++between;
        EXPECT_TRUE(pre.excitatory);
        const auto score = [](const VisualUnit& unit) {
            return visual_areas[static_cast<std::size_t>(unit.area)].hierarchy_score;
        };
        EXPECT_NEAR(connection.delay_ms, 2 + 8 * std::abs(score(post) - score(pre)), 0.5);
    }
    EXPECT_GT(between, 30);
    const auto cut = std::count_if(truth.unit.begin(), truth.unit.end(),
                                   [](const VisualUnit& unit) { return unit.cut_in_two; });
    EXPECT_LE(cut, 5);
}

TEST(VisualRecording, ConnectionsChangeTheRateAfterTheirDelay)
{
    auto parameters = short_recording();
    parameters.running_gain = 1;
    const auto truth = visual_truth(parameters, 0);

    const auto spikes = visual_spikes(parameters, truth, 0, on);

    auto excited = 0.0;
    auto inhibited = 0.0;
    auto excitatory = 0.0;
    auto inhibitory = 0.0;
    for (const auto& connection : truth.connection) {
        const auto& pre = spikes[static_cast<std::size_t>(connection.pre)];
        const auto& post = spikes[static_cast<std::size_t>(connection.post)];
        if (pre.size() < 500 || post.size() < 500)
            continue;
        const auto after = ratio_after(pre, post, connection.delay_ms, connection.delay_ms + 4,
                                       parameters.duration_s());
        (connection.coupling > 0 ? excited : inhibited) += after;
        (connection.coupling > 0 ? excitatory : inhibitory) += 1;
    }
    ASSERT_GT(excitatory, 20);
    ASSERT_GT(inhibitory, 3);
    // exp(J f) over the first 4 ms: about 2 for J = 1, 0.5 for J = -1.2.
    EXPECT_GT(excited / excitatory, 1.6);
    EXPECT_LT(inhibited / inhibitory, 0.75);
}

TEST(VisualRecording, UnitsRespondRunAndFade)
{
    auto parameters = short_recording();
    parameters.within = parameters.forward = parameters.feedback = 0;
    parameters.fading = 0.5;
    const auto truth = visual_truth(parameters, 1);

    const auto spikes = visual_spikes(parameters, truth, 1, on);

    auto on_grating = 0.0;
    auto on_grey = 0.0;
    auto early = 0.0;
    auto late = 0.0;
    for (std::size_t unit = 0; unit < spikes.size(); ++unit)
        for (const auto time : spikes[unit]) {
            const auto in_trial = std::fmod(time, parameters.trial_s());
            (in_trial >= 0.2 && in_trial < 2 ? on_grating : on_grey) += 1;
            if (truth.unit[unit].fading == Fading::goes)
                (time < parameters.duration_s() / 2 ? early : late) += 1;
        }
    EXPECT_GT(on_grating / 1.8, 1.2 * on_grey / 1.2);
    EXPECT_GT(early, 3 * late);
    for (const auto& train : spikes) {
        EXPECT_TRUE(std::is_sorted(train.begin(), train.end()));
        for (std::size_t k = 1; k < train.size(); ++k)
            ASSERT_GT(train[k] - train[k - 1], 0.002 - 1e-9);
    }
    const auto running = std::count_if(truth.speed_cm_s.begin(), truth.speed_cm_s.end(),
                                       [](float v) { return v >= running_threshold_cm_s; });
    EXPECT_GT(running, std::ssize(truth.speed_cm_s) / 10);
    EXPECT_LT(running, 9 * std::ssize(truth.speed_cm_s) / 10);
}

TEST(VisualRecording, IsTheSameAgainAndStopsWhenAsked)
{
    auto parameters = short_recording();
    parameters.trials = 4;
    const auto truth = visual_truth(parameters, 0);

    const auto spikes = visual_spikes(parameters, truth, 0, on);

    EXPECT_EQ(visual_spikes(parameters, truth, 0, nullptr), spikes);
    EXPECT_TRUE(visual_spikes(parameters, truth, 0, [] { return false; }).empty());
    EXPECT_NE(visual_spikes(parameters, visual_truth(parameters, 1), 1, on), spikes);
}

TEST(VisualRecording, RefusesWhatMakesNoRecording)
{
    auto parameters = VisualParameters{};
    parameters.within = 2;
    EXPECT_THROW(check(parameters), base::InputError);
    parameters = {};
    parameters.coupling = 9;
    EXPECT_THROW(check(parameters), base::InputError);
    parameters = {};
    parameters.trials = 0;
    EXPECT_THROW(check(parameters), base::InputError);
}
