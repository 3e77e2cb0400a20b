#include <rewire/base/error.hpp>
#include <rewire/simulate/lever_press_study.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <utility>

using namespace rewire;
using namespace rewire::simulate;
using testing::ElementsAreArray;
using testing::IsEmpty;

namespace {

LeverPressParameters small_study()
{
    auto parameters = LeverPressParameters{};
    parameters.animals = 3;
    parameters.neurons = 120;
    parameters.duration_s = 600;
    return parameters;
}

std::vector<std::int64_t> planted_by_session(const AnimalTruth& animal, std::int64_t sessions)
{
    auto planted = std::vector<std::int64_t>(static_cast<std::size_t>(sessions), 0);
    for (const auto& edge : animal.edges)
        for (std::int64_t s = 0; s < sessions; ++s)
            planted[static_cast<std::size_t>(s)] += animal.strength(edge, s) > 0 ? 1 : 0;
    return planted;
}

double mean_latency_s(const LeverPressParameters& parameters, std::int64_t session)
{
    auto sum = 0.0;
    auto count = 0;
    for (const auto& animal : truth(parameters).animals)
        for (const auto& trial : session_truth(parameters, animal, session).trials)
            if (trial.rewarded) {
                sum += trial.reward_s - trial.cue_s;
                ++count;
            }
    return sum / count;
}

std::vector<std::pair<std::int64_t, std::int64_t>> borders(const SessionTruth& truth)
{
    auto result = std::vector<std::pair<std::int64_t, std::int64_t>>{};
    for (const auto& epoch : truth.movement_epochs)
        result.emplace_back(epoch.first, epoch.last);
    return result;
}

} // namespace

TEST(LeverPressStudy, ParametersThatMakeNoStudyAreNamed)
{
    using Change = std::function<void(LeverPressParameters&)>;
    const auto cases = std::vector<std::pair<std::string, Change>>{
        {"animals", [](auto& p) { p.animals = 0; }},
        {"sessions", [](auto& p) { p.sessions = 0; }},
        {"neurons", [](auto& p) { p.neurons = 0; }},
        {"duration-s", [](auto& p) { p.duration_s = 0; }},
        {"duration-s", [](auto& p) { p.duration_s = std::nan(""); }},
        {"rate-hz", [](auto& p) { p.rate_hz = -1; }},
        {"lever-rate-hz", [](auto& p) { p.lever_rate_hz = 0; }},
        {"tau-s", [](auto& p) { p.tau_s = 0.005; }},
        {"event-rate-hz", [](auto& p) { p.event_rate_hz = 10; }},
        {"noise", [](auto& p) { p.noise = -0.1; }},
        {"amplitude", [](auto& p) { p.amplitude = 0; }},
        {"movement-gain", [](auto& p) { p.movement_gain = 0.5; }},
        {"missing-neurons", [](auto& p) { p.missing_neurons = 1; }},
        {"layer", [](auto& p) { p.layer = "/"; }},
    };
    for (const auto& [option, change] : cases) {
        auto parameters = LeverPressParameters{};
        change(parameters);

        try {
            check(parameters);
            ADD_FAILURE() << option << " was taken";
        } catch (const base::InputError& error) {
            EXPECT_EQ(error.where(), option);
            EXPECT_FALSE(error.next().empty());
        }
    }
    EXPECT_NO_THROW(check(LeverPressParameters{}));
}

TEST(LeverPressStudy, AnimalsAreNamedByLayerAndNumber)
{
    auto parameters = small_study();

    EXPECT_EQ(animal_truth(parameters, 0).name, "L23M1");
    EXPECT_EQ(animal_truth(parameters, 2).name, "L23M3");
    parameters.layer = "L5";
    EXPECT_EQ(animal_truth(parameters, 0).name, "L5M1");
}

TEST(LeverPressStudy, StrengthsFollowTheirKind)
{
    const auto animal = animal_truth(small_study(), 0);

    auto seen = std::set<EdgeKind>{};
    for (const auto& assembly : animal.assemblies) {
        const auto& x = assembly.strength;
        ASSERT_EQ(x.size(), 14U);
        seen.insert(assembly.kind);
        if (assembly.kind == EdgeKind::strengthening) {
            EXPECT_TRUE(std::is_sorted(x.begin(), x.end()));
            EXPECT_EQ(x.front(), 0);
            EXPECT_GT(x.back(), 0);
        } else if (assembly.kind == EdgeKind::weakening) {
            EXPECT_TRUE(std::is_sorted(x.rbegin(), x.rend()));
            EXPECT_GT(x.front(), 0);
            EXPECT_EQ(x.back(), 0);
        } else if (assembly.kind == EdgeKind::stable) {
            EXPECT_GT(x.front(), 0);
            EXPECT_EQ(std::set<double>(x.begin(), x.end()).size(), 1U);
        } else {
            EXPECT_GT(std::min(x[2], x[3]), 0);
            EXPECT_EQ(x.front() + x[7] + x.back(), 0);
        }
    }
    EXPECT_EQ(seen.size(), 4U);
}

TEST(LeverPressStudy, DensityRisesUntilSessionsThreeAndFourAndFallsBack)
{
    for (const std::int64_t neurons : {30, 60, 120, 500})
        for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
            auto parameters = small_study();
            parameters.neurons = neurons;
            parameters.seed = seed;

            const auto planted = planted_by_session(animal_truth(parameters, 0), 14);

            // Strengthening edges come when as many weakening ones go: the rest is the same always.
            const auto rest = planted[0];
            EXPECT_THAT(std::vector(planted.begin() + 7, planted.end()), testing::Each(rest));
            EXPECT_EQ(planted[2], planted[3]);
            EXPECT_GT(planted[1], rest);
            EXPECT_GT(planted[2], planted[1]);
            EXPECT_GE(static_cast<double>(planted[2]), 1.12 * static_cast<double>(rest));
            for (auto session = 4U; session < 8; ++session)
                EXPECT_LE(planted[session], planted[session - 1]);
            EXPECT_LT(planted[4], planted[3]);
        }
}

TEST(LeverPressStudy, EdgesArePairsOfAssembliesInOrder)
{
    const auto animal = animal_truth(small_study(), 0);

    auto last = std::pair<std::int32_t, std::int32_t>{-1, -1};
    for (const auto& edge : animal.edges) {
        EXPECT_LT(last, std::pair(edge.i, edge.j)); // in order, none twice
        last = {edge.i, edge.j};
        EXPECT_LT(edge.i, edge.j);
        const auto& members = animal.assemblies[static_cast<std::size_t>(edge.assembly)].members;
        EXPECT_TRUE(std::count(members.begin(), members.end(), edge.i) == 1 &&
                    std::count(members.begin(), members.end(), edge.j) == 1);
    }
    EXPECT_EQ(animal.edges.size(), 3 * animal.assemblies.size());
}

TEST(LeverPressStudy, GroupsAreThoseOfThePlantedEdges)
{
    const auto animal = animal_truth(small_study(), 1);

    auto count = std::map<Group, int>{};
    for (std::int32_t n = 0; n < 120; ++n) {
        auto grows = false;
        auto shrinks = false;
        for (const auto& edge : animal.edges)
            if (edge.i == n || edge.j == n) {
                grows = grows || animal.kind(edge) == EdgeKind::strengthening;
                shrinks = shrinks || animal.kind(edge) == EdgeKind::weakening;
            }
        const auto expected = grows && shrinks ? Group::core
                              : grows          ? Group::expert_phase
                              : shrinks        ? Group::naive_phase
                                               : Group::other;
        EXPECT_EQ(animal.group[static_cast<std::size_t>(n)], expected);
        ++count[expected];
    }
    EXPECT_NEAR(count[Group::core], 0.36 * 120, 3);
    EXPECT_NEAR(count[Group::naive_phase], 0.19 * 120, 3);
    EXPECT_NEAR(count[Group::expert_phase], 0.25 * 120, 3);
}

TEST(LeverPressStudy, EveryNeuronKeepsEventsOfItsOwn)
{
    const auto animal = animal_truth(small_study(), 0);

    auto shared = std::vector<double>(120 * 14, 0.0);
    for (const auto& assembly : animal.assemblies)
        for (const auto neuron : assembly.members)
            for (std::size_t s = 0; s < 14; ++s) {
                const auto n = static_cast<std::size_t>(neuron);
                shared[n * 14 + s] += assembly.strength[s] *
                                      shared_rate(assembly.members, animal.event_rate_hz) /
                                      animal.event_rate_hz[n];
            }
    EXPECT_LE(*std::max_element(shared.begin(), shared.end()), 0.88 + 1e-12);
    EXPECT_GT(*std::max_element(shared.begin(), shared.end()), 0.7);
}

TEST(LeverPressStudy, NullTwinHasTheSameTaskAndRatesAndNoStructure)
{
    auto parameters = small_study();
    parameters.missing_neurons = 0.2;
    auto null = parameters;
    null.null = true;

    const auto animal = animal_truth(parameters, 1);
    const auto twin = animal_truth(null, 1);
    const auto session = session_truth(parameters, animal, 5);
    const auto twin_session = session_truth(null, twin, 5);

    EXPECT_THAT(twin.edges, IsEmpty());
    EXPECT_EQ(std::count(twin.group.begin(), twin.group.end(), Group::other), 120);
    EXPECT_THAT(twin.event_rate_hz, ElementsAreArray(animal.event_rate_hz));
    EXPECT_THAT(twin_session.neurons, ElementsAreArray(session.neurons));
    EXPECT_EQ(borders(twin_session), borders(session));
    EXPECT_EQ(twin_session.trials.size(), session.trials.size());
    EXPECT_EQ(std::accumulate(twin_session.movement_related.begin(),
                              twin_session.movement_related.end(), 0),
              0);
    EXPECT_GT(std::accumulate(session.movement_related.begin(), session.movement_related.end(), 0),
              20);
}

TEST(LeverPressStudy, SeedAnimalAndSessionChangeWhatIsDrawn)
{
    const auto parameters = small_study();
    auto other_seed = parameters;
    other_seed.seed = 2;

    const auto animal = animal_truth(parameters, 0);
    const auto base = borders(session_truth(parameters, animal, 3));

    EXPECT_EQ(borders(session_truth(parameters, animal_truth(parameters, 0), 3)), base);
    EXPECT_NE(borders(session_truth(parameters, animal, 4)), base);
    EXPECT_NE(borders(session_truth(parameters, animal_truth(parameters, 1), 3)), base);
    EXPECT_NE(borders(session_truth(other_seed, animal_truth(other_seed, 0), 3)), base);
    EXPECT_NE(animal_truth(parameters, 1).event_rate_hz, animal.event_rate_hz);
}

TEST(LeverPressStudy, TaskRunsInOrder)
{
    const auto parameters = small_study();
    const auto truth = session_truth(parameters, animal_truth(parameters, 0), 0);

    auto now_s = 0.0;
    for (const auto& trial : truth.trials) {
        EXPECT_LE(now_s, trial.start_s);
        EXPECT_LT(trial.start_s, trial.cue_s);
        EXPECT_LT(trial.cue_s, trial.stop_s);
        EXPECT_EQ(std::isnan(trial.reward_s), !trial.rewarded);
        if (trial.rewarded) {
            EXPECT_GE(trial.reward_s - trial.cue_s, 0.299);
            EXPECT_LT(trial.reward_s, trial.stop_s);
        }
        now_s = trial.stop_s;
    }
    EXPECT_LE(now_s, 600);
    EXPECT_GT(truth.trials.size(), 25U);
    auto last = std::int64_t{-14}; // half a second is 14 frames
    for (const auto& epoch : truth.movement_epochs) {
        EXPECT_GE(epoch.first, std::max<std::int64_t>(1, last + 14));
        EXPECT_LT(epoch.first, epoch.last);
        last = epoch.last;
    }
    EXPECT_LT(last, frames_of(parameters));
}

TEST(LeverPressStudy, CueToRewardTimeShortens)
{
    const auto parameters = small_study();

    const auto first = mean_latency_s(parameters, 0);
    const auto fourth = mean_latency_s(parameters, 3);
    const auto last = mean_latency_s(parameters, 13);

    EXPECT_NEAR(first, 5.0, 0.8); // 1.2 + 3.8 exp(-s/4) s, less what misses the answer window
    EXPECT_NEAR(fourth, 3.0, 0.4);
    EXPECT_NEAR(last, 1.35, 0.15);
}

TEST(LeverPressStudy, MovementRelatedNeuronsPersistAndAreMostlyCore)
{
    auto parameters = small_study();
    parameters.neurons = 2000;
    const auto animal = animal_truth(parameters, 0);
    const auto early = session_truth(parameters, animal, 0).movement_related;
    const auto late = session_truth(parameters, animal, 13).movement_related;

    auto core = 0.0;
    auto related = 0.0;
    auto stayed = 0.0;
    for (std::size_t n = 0; n < 2000; ++n)
        if (animal.group[n] == Group::core) {
            ++core;
            related += early[n];
            stayed += early[n] & late[n];
        }

    EXPECT_NEAR(related / core, 0.75, 0.05);
    // Of 0.85^2 of the neurons both sessions ask the same number, of the others independent ones:
    // 0.7225 + 0.2775 * 0.75 = 0.93.
    EXPECT_NEAR(stayed / related, 0.93, 0.04);
}

TEST(LeverPressStudy, MissingNeuronsDifferBetweenSessions)
{
    auto parameters = small_study();
    parameters.neurons = 5000;
    parameters.missing_neurons = 0.1;
    parameters.null = true;
    const auto animal = animal_truth(parameters, 0);

    const auto one = session_truth(parameters, animal, 0).neurons;
    const auto two = session_truth(parameters, animal, 1).neurons;

    auto both = std::vector<std::int32_t>{};
    std::set_intersection(one.begin(), one.end(), two.begin(), two.end(), std::back_inserter(both));
    EXPECT_NEAR(static_cast<double>(one.size()), 4500, 90);
    EXPECT_NEAR(static_cast<double>(both.size()), 4050, 110);
}

TEST(LeverPressStudy, SmallestStudiesAreMade)
{
    for (const std::int64_t neurons : {1, 2, 3, 7})
        for (const std::int64_t sessions : {1, 2, 3}) {
            auto parameters = LeverPressParameters{};
            parameters.neurons = neurons;
            parameters.sessions = sessions;
            parameters.duration_s = 1.0 / 28;
            const auto animal = animal_truth(parameters, 0);
            const auto session = session_truth(parameters, animal, sessions - 1);

            EXPECT_EQ(animal.group.size(), static_cast<std::size_t>(neurons));
            EXPECT_EQ(animal.edges.empty(), neurons < 7); // too few for groups of three
            EXPECT_THAT(session.trials, IsEmpty());
            EXPECT_THAT(session.movement_epochs, IsEmpty());
            EXPECT_EQ(frames_of(parameters), 1);
        }
}
