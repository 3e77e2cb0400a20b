#include <rewire/base/error.hpp>
#include <rewire/simulate/session_source.hpp>
#include <rewire/simulate/session_trends.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace rewire;
using namespace rewire::simulate;

namespace {

LeverPressParameters small(Course course)
{
    auto parameters = LeverPressParameters{.animals = 1, .neurons = 40, .duration_s = 60};
    parameters.trends.course = course;
    return parameters;
}

std::int64_t movement_frames(const LeverPressParameters& parameters, const AnimalTruth& animal,
                             std::int64_t session)
{
    auto frames = std::int64_t{0};
    for (const auto& epoch : session_truth(parameters, animal, session).movement_epochs)
        frames += epoch.last - epoch.first;
    return frames;
}

/// Standard deviation of the traces over what differs between neighbouring frames.
double noise_of(const LeverPressParameters& parameters, const AnimalTruth& animal,
                std::int64_t session)
{
    auto source = SessionSource(parameters, animal, session_truth(parameters, animal, session));
    const auto columns = static_cast<std::size_t>(source.neurons());
    const auto values = source.next_block(source.frames());
    auto differences = std::vector<double>{};
    for (std::size_t k = columns; k < values.size(); ++k)
        differences.push_back(std::abs(static_cast<double>(values[k] - values[k - columns])));
    std::nth_element(differences.begin(), differences.begin() + differences.size() / 2,
                     differences.end());
    return differences[differences.size() / 2];
}

} // namespace

TEST(Course, keeps_the_assemblies_and_gives_each_its_way)
{
    const auto usual = animal_truth(small(Course::learning), 0);
    for (const auto course : {Course::constant, Course::exchangeable, Course::walk,
                              Course::shared_walk, Course::directed, Course::out_and_back}) {
        const auto animal = animal_truth(small(course), 0);
        ASSERT_EQ(animal.assemblies.size(), usual.assemblies.size());
        for (std::size_t a = 0; a < animal.assemblies.size(); ++a) {
            const auto& strength = animal.assemblies[a].strength;
            EXPECT_EQ(animal.assemblies[a].members, usual.assemblies[a].members);
            ASSERT_EQ(strength.size(), 14U);
            for (const auto value : strength) {
                EXPECT_GE(value, 0);
                EXPECT_LE(value, 0.19 + 1e-12);
            }
            const auto [low, high] = std::minmax_element(strength.begin(), strength.end());
            EXPECT_EQ(*low == *high, course == Course::constant);
        }
    }
}

TEST(Course, what_comes_back_ends_where_it_began)
{
    for (const auto& assembly : animal_truth(small(Course::out_and_back), 0).assemblies)
        EXPECT_NEAR(assembly.strength.front(), assembly.strength.back(), 1e-12);
}

TEST(Course, what_is_directed_changes_at_constant_speed)
{
    for (const auto& assembly : animal_truth(small(Course::directed), 0).assemblies) {
        const auto& strength = assembly.strength;
        for (std::size_t s = 2; s < strength.size(); ++s)
            EXPECT_NEAR(strength[s] - strength[s - 1], strength[1] - strength[0], 1e-12);
    }
}

TEST(Trends, take_movements_away)
{
    auto parameters = small(Course::learning);
    parameters.duration_s = 600;
    const auto animal = animal_truth(parameters, 0);
    auto fewer = parameters;
    fewer.trends.movement = 0.1;

    EXPECT_EQ(movement_frames(parameters, animal, 0), movement_frames(fewer, animal, 0));
    EXPECT_LT(movement_frames(fewer, animal, 13),
              0.4 * static_cast<double>(movement_frames(parameters, animal, 13)));
}

TEST(Trends, of_the_noise)
{
    auto parameters = small(Course::constant);
    parameters.trends.noise = 3;
    const auto animal = animal_truth(parameters, 0);

    EXPECT_NEAR(noise_of(parameters, animal, 13) / noise_of(parameters, animal, 0), 3, 0.2);
}

TEST(Trends, of_what_is_seen_differ_by_neuron)
{
    auto parameters = small(Course::constant);
    parameters.trends.visibility = 0.4;

    const auto first = visibility_of(parameters, 40, 0, 0);
    const auto last = visibility_of(parameters, 40, 0, 13);

    EXPECT_EQ(first, std::vector<float>(40, 1.0F));
    EXPECT_GT(*std::min_element(last.begin(), last.end()), 0.4F - 1e-6F);
    EXPECT_LT(*std::min_element(last.begin(), last.end()), 0.5F);
    EXPECT_GT(*std::max_element(last.begin(), last.end()), 0.9F);
}

TEST(Trends, that_cannot_be_are_refused)
{
    auto parameters = small(Course::walk);
    parameters.trends.visibility = 0;
    EXPECT_THROW(check(parameters), base::InputError);
}
