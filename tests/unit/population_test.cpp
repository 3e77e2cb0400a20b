#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/simulate/population.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

using namespace rewire;
using namespace rewire::simulate;

namespace {

constexpr auto taps = std::array{0.33, 0.67, 1.0, 0.67, 0.33};

LeverPressParameters small_study()
{
    auto parameters = LeverPressParameters{};
    parameters.animals = 1;
    parameters.neurons = 16;
    parameters.duration_s = 300;
    return parameters;
}

/// A session of a study, with all that is needed for its population.
struct Session
{
    explicit Session(const LeverPressParameters& of, std::int64_t session = 5)
        : parameters(of),
          animal(animal_truth(of, 0)),
          truth(session_truth(of, animal, session)),
          processes(processes_of(of, animal, truth))
    {
    }

    std::int64_t neurons() const { return static_cast<std::int64_t>(truth.neurons.size()); }
    std::vector<double> closed_form() const
    {
        return population_partial_correlation(processes, neurons(), taps);
    }
    std::vector<double> sampled(std::int64_t frames) const
    {
        return sampled_population(processes, parameters, truth, taps, frames);
    }

    LeverPressParameters parameters;
    AnimalTruth animal;
    SessionTruth truth;
    SessionProcesses processes;
};

double largest_difference(const std::vector<double>& a, const std::vector<double>& b)
{
    auto largest = 0.0;
    for (std::size_t pair = 0; pair < a.size(); ++pair)
        largest = std::max(largest, std::abs(a[pair] - b[pair]));
    return largest;
}

/// Five standard errors of a partial correlation from so many frames, of which five taps leave a
/// third.
double sampling_error(std::int64_t frames)
{
    return 5 * std::sqrt(3.0 / static_cast<double>(frames));
}

} // namespace

TEST(Population, ATripleAloneHasXOverOnePlusX)
{
    // three neurons of one assembly, equal rates, no movement: correlation x / E[size^2], and the
    // partial correlation of three equal ones r / (1 + r)
    auto processes = SessionProcesses{};
    processes.frames = 100;
    processes.moving.assign(100, 0);
    processes.processes = {{"assembly", 0, {0, 1, 2}, {}, 0.004, 1, 1},
                           {"neuron", 0, {0, -1, -1}, {}, 0.016, 1, 1},
                           {"neuron", 1, {1, -1, -1}, {}, 0.016, 1, 1},
                           {"neuron", 2, {2, -1, -1}, {}, 0.016, 1, 1}};
    const auto r = 0.2 / 1.03;

    for (const auto partial : population_partial_correlation(processes, 3, taps))
        EXPECT_NEAR(partial, r / (1 + r), 1e-12);
}

TEST(Population, MissedEventsAndDelaysTakeFromTheCorrelation)
{
    auto processes = SessionProcesses{};
    processes.frames = 100;
    processes.moving.assign(100, 0);
    processes.processes = {{"assembly", 0, {0, 1, -1}, {0, 2, 0}, 0.004, 1, 1},
                           {"neuron", 0, {0, -1, -1}, {}, 0.016, 1, 1},
                           {"neuron", 1, {1, -1, -1}, {}, 0.016, 1, 1}};
    const auto at_0 = 2 * 0.33 * 0.33 + 2 * 0.67 * 0.67 + 1;
    const auto at_2 = 2 * 0.33 * 1 + 0.67 * 0.67;

    const auto delayed = population_partial_correlation(processes, 2, taps);
    processes.missed = 0.3;
    const auto missed = population_partial_correlation(processes, 2, taps);

    EXPECT_NEAR(delayed[0], 0.2 / 1.03 * at_2 / at_0, 1e-12);
    EXPECT_NEAR(missed[0], 0.7 * 0.2 / 1.03 * at_2 / at_0, 1e-12);
}

TEST(Population, ALongRunShowsWhatTheClosedFormSays)
{
    constexpr auto frames = std::int64_t{400'000};
    auto usual = small_study();
    auto hard = usual;
    hard.missing_neurons = 0.1;
    hard.difficulties = {.strength = 0.7,
                         .weakest = 0.3,
                         .delay_frames = 1,
                         .missed_events = 0.2,
                         .hidden_inputs = 0.2,
                         .burst_gain = 4,
                         .rate_fall = 0.5};
    for (const auto& parameters : {usual, hard}) {
        const auto session = Session(parameters);

        const auto expected = session.closed_form();

        EXPECT_LT(largest_difference(session.sampled(frames), expected), sampling_error(frames));
        EXPECT_GT(*std::max_element(expected.begin(), expected.end()), 0.08);
    }
}

TEST(Population, UnplantedPairsAreNotZeroWhereAssembliesShareANeuron)
{
    auto parameters = small_study();
    parameters.neurons = 40;
    const auto session = Session(parameters, 0);
    const auto partial = session.closed_form();
    auto planted = std::vector<std::uint8_t>(partial.size(), 0);
    auto weakest = 1.0;
    for (const auto& edge : session.animal.edges)
        if (session.animal.strength(edge, 0) > 0) {
            const auto pair =
                static_cast<std::size_t>(base::pair_index(edge.i, edge.j, session.neurons()));
            planted[pair] = 1;
            weakest = std::min(weakest, partial[pair]);
        }
    auto most_negative = 0.0;
    for (std::size_t pair = 0; pair < partial.size(); ++pair)
        if (planted[pair] == 0)
            most_negative = std::min(most_negative, partial[pair]);

    EXPECT_GT(weakest, 0.08);
    EXPECT_LT(most_negative, -0.03); // explaining away
}

TEST(Population, HiddenInputsMakePairsThatNobodyPlanted)
{
    auto parameters = small_study();
    parameters.null = true;
    parameters.difficulties.hidden_inputs = 0.25;

    const auto partial = Session(parameters).closed_form();

    // four inputs, each common to three neurons
    const auto found =
        std::count_if(partial.begin(), partial.end(), [](double p) { return p > 0.05; });
    EXPECT_GE(found, 9);
    EXPECT_LE(found, 12);
}

TEST(Population, InhibitionHasNoClosedFormAndMakesPairsNegative)
{
    auto parameters = small_study();
    parameters.null = true;
    parameters.event_rate_hz = 2;
    parameters.difficulties.inhibition = 0.25;
    const auto session = Session(parameters);

    EXPECT_THROW(session.closed_form(), base::InputError);

    const auto partial = population_of(session.processes, parameters, session.truth, taps);
    auto silenced = std::vector<double>{};
    for (std::int64_t from = 0; from < session.neurons(); ++from)
        for (const auto to : session.processes.silences[static_cast<std::size_t>(from)]) {
            const auto [i, j] = std::minmax({from, std::int64_t{to}});
            silenced.push_back(
                partial[static_cast<std::size_t>(base::pair_index(i, j, session.neurons()))]);
        }
    ASSERT_GE(silenced.size(), 12U);
    // not each of them: two that a third silences are active at the same times
    EXPECT_LT(std::accumulate(silenced.begin(), silenced.end(), 0.0),
              -0.05 * static_cast<double>(silenced.size()));
}
