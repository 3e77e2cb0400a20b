#include <rewire/base/error.hpp>
#include <rewire/simulate/session_source.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

using namespace rewire;
using namespace rewire::simulate;

namespace {

LeverPressParameters noise_free()
{
    auto parameters = LeverPressParameters{};
    parameters.animals = 1;
    parameters.neurons = 80;
    parameters.duration_s = 40000.0 / 28;
    parameters.noise = 0;
    return parameters;
}

std::vector<float> all_of(const LeverPressParameters& parameters, std::int64_t session,
                          std::int64_t block)
{
    const auto animal = animal_truth(parameters, 0);
    auto source = SessionSource(parameters, animal, session_truth(parameters, animal, session));
    auto samples = std::vector<float>{};
    while (source.frames_left() > 0) {
        const auto part = source.next_block(block);
        samples.insert(samples.end(), part.begin(), part.end());
    }
    return samples;
}

/// Frames with an event, by neuron, from a trace without noise: what is more than the decay.
struct Events
{
    explicit Events(const LeverPressParameters& parameters, std::int64_t session)
        : animal(animal_truth(parameters, 0)),
          truth(session_truth(parameters, animal, session)),
          frames(frames_of(parameters)),
          fires(static_cast<std::size_t>(parameters.neurons))
    {
        const auto samples = all_of(parameters, session, 1024);
        const auto neurons = fires.size();
        const auto decay = std::exp(-1 / (parameters.tau_s * parameters.rate_hz));
        for (std::size_t n = 0; n < neurons; ++n) {
            fires[n].resize(static_cast<std::size_t>(frames));
            for (std::size_t t = 0; t < fires[n].size(); ++t) {
                const auto before = t == 0 ? 0.0 : double{samples[(t - 1) * neurons + n]};
                const auto step = double{samples[t * neurons + n]} - decay * before;
                fires[n][t] = step > 0.1;
                smallest = std::min(smallest, step);
                if (fires[n][t])
                    smallest_event = std::min(smallest_event, step);
            }
        }
    }

    double count(std::size_t neuron) const
    {
        return static_cast<double>(std::count(fires[neuron].begin(), fires[neuron].end(), true));
    }

    double together(std::int32_t i, std::int32_t j) const
    {
        auto both = 0.0;
        const auto& a = fires[static_cast<std::size_t>(i)];
        const auto& b = fires[static_cast<std::size_t>(j)];
        for (std::size_t t = 0; t < a.size(); ++t)
            both += a[t] && b[t] ? 1 : 0;
        return both;
    }

    /// Rate in movement over the mean rate, of all neurons that are (not) movement-related.
    double gain(bool related) const
    {
        auto moving = 0.0;
        auto all = 0.0;
        for (std::size_t n = 0; n < fires.size(); ++n) {
            if ((truth.movement_related[n] != 0) != related)
                continue;
            all += count(n);
            for (const auto& epoch : truth.movement_epochs)
                moving += static_cast<double>(std::count(fires[n].begin() + epoch.first,
                                                         fires[n].begin() + epoch.last, true));
        }
        auto moving_frames = 0.0;
        for (const auto& epoch : truth.movement_epochs)
            moving_frames += static_cast<double>(epoch.last - epoch.first);
        return moving / all / (moving_frames / static_cast<double>(frames));
    }

    AnimalTruth animal;
    SessionTruth truth;
    std::int64_t frames;
    std::vector<std::vector<bool>> fires; ///< [neuron][frame]
    double smallest = 1e9;
    double smallest_event = 1e9;
};

} // namespace

TEST(SessionSource, SamplesDoNotDependOnBlockSizes)
{
    auto parameters = LeverPressParameters{};
    for (const std::int64_t neurons : {1, 2, 33}) {
        parameters.neurons = neurons;
        parameters.duration_s = 40;
        const auto whole = all_of(parameters, 2, 1120);

        EXPECT_EQ(all_of(parameters, 2, 1), whole);
        EXPECT_EQ(all_of(parameters, 2, 7), whole);
        EXPECT_EQ(all_of(parameters, 2, 1000), whole);
        EXPECT_EQ(whole.size(), static_cast<std::size_t>(1120 * neurons));
        EXPECT_NE(all_of(parameters, 3, 1120), whole);
    }
}

TEST(SessionSource, BlocksOfOtherSizesAreRefused)
{
    auto parameters = LeverPressParameters{};
    parameters.neurons = 3;
    parameters.duration_s = 1;
    const auto animal = animal_truth(parameters, 0);
    auto source = SessionSource(parameters, animal, session_truth(parameters, animal, 0));
    auto uneven = std::vector<float>(4);
    auto too_long = std::vector<float>(3 * 29);

    EXPECT_THROW(source.next_block(std::span<float>(uneven)), base::InputError);
    EXPECT_THROW(source.next_block(std::span<float>(too_long)), base::InputError);
    EXPECT_EQ(source.frames_left(), 28);
}

TEST(SessionSource, EventsDecayAndNothingElseIsThereWithoutNoise)
{
    auto parameters = noise_free();
    parameters.null = true;
    const auto events = Events(parameters, 0);

    EXPECT_GT(events.smallest, -1e-6);
    EXPECT_GT(events.smallest_event, 0.5 * 0.7 - 1e-6);
}

TEST(SessionSource, RatesAreThoseOfTheTruthWithAndWithoutStructure)
{
    for (const auto null : {false, true}) {
        auto parameters = noise_free();
        parameters.null = null;
        const auto events = Events(parameters, 3);
        const auto seconds = 40000.0 / 28;

        auto total = 0.0;
        auto expected_total = 0.0;
        for (std::size_t n = 0; n < 80; ++n) {
            const auto expected = events.animal.event_rate_hz[n] * seconds;
            // Two events in one frame count once: about 0.7 % less.
            EXPECT_NEAR(events.count(n), expected, 0.03 * expected + 4 * std::sqrt(expected)) << n;
            total += events.count(n);
            expected_total += expected;
        }
        EXPECT_NEAR(total / expected_total, 1, 0.03);
    }
}

TEST(SessionSource, PlantedPairsShareThePartOfTheirEventsThatTheTruthSays)
{
    const auto parameters = noise_free();
    const auto events = Events(parameters, 2);
    const auto seconds = 40000.0 / 28;
    auto planted = std::set<std::pair<std::int32_t, std::int32_t>>{};

    auto found = 0.0;
    auto expected = 0.0;
    for (const auto& edge : events.animal.edges) {
        const auto& members =
            events.animal.assemblies[static_cast<std::size_t>(edge.assembly)].members;
        const auto shared = events.animal.strength(edge, 2) *
                            shared_rate(members, events.animal.event_rate_hz) * seconds;
        if (shared == 0)
            continue;
        found += events.together(edge.i, edge.j);
        expected += shared + events.count(static_cast<std::size_t>(edge.i)) *
                                 events.count(static_cast<std::size_t>(edge.j)) / 40000;
        planted.insert({edge.i, edge.j});
    }
    auto elsewhere = 0.0;
    auto by_chance = 0.0;
    for (std::int32_t i = 0; i < 80; ++i)
        for (auto j = i + 1; j < 80; ++j)
            if (!planted.contains({i, j})) {
                elsewhere += events.together(i, j);
                by_chance += events.count(static_cast<std::size_t>(i)) *
                             events.count(static_cast<std::size_t>(j)) / 40000;
            }

    EXPECT_GT(planted.size(), 80U);
    EXPECT_NEAR(found / expected, 1, 0.05);
    EXPECT_NEAR(elsewhere / by_chance, 1, 0.10); // movement-related neurons: a little more
}

TEST(SessionSource, OnlyMovementRelatedNeuronsAreMoreActiveInMovement)
{
    auto parameters = noise_free();
    const auto events = Events(parameters, 8);
    parameters.null = true;
    const auto null = Events(parameters, 8);

    // Little of what a neuron with many edges fires is its own, so some reach less than 1.8.
    EXPECT_GT(events.gain(true), 1.5);
    EXPECT_LT(events.gain(true), 1.9);
    EXPECT_NEAR(events.gain(false), 1, 0.05);
    EXPECT_NEAR(null.gain(false), 1, 0.05);
}

TEST(SessionSource, NoiseIsWhiteWithTheStatedSd)
{
    auto parameters = noise_free();
    parameters.neurons = 4;
    parameters.noise = 0.2;
    parameters.amplitude = 0.5;
    parameters.event_rate_hz = 1e-9;
    parameters.null = true;
    const auto samples = all_of(parameters, 0, 1000);

    auto sum = 0.0;
    auto square = 0.0;
    auto lagged = 0.0;
    for (std::size_t k = 4; k < samples.size(); ++k) {
        sum += double{samples[k]};
        square += double{samples[k]} * double{samples[k]};
        lagged += double{samples[k]} * double{samples[k - 4]};
    }
    const auto count = static_cast<double>(samples.size() - 4);

    EXPECT_NEAR(sum / count, 0, 5 * 0.1 / std::sqrt(count));
    EXPECT_NEAR(std::sqrt(square / count), 0.1, 0.001);
    EXPECT_NEAR(lagged / square, 0, 5 / std::sqrt(count));
}

TEST(SessionSource, MissingNeuronsHaveNoColumn)
{
    auto parameters = LeverPressParameters{};
    parameters.neurons = 50;
    parameters.duration_s = 2;
    parameters.missing_neurons = 0.5;
    const auto animal = animal_truth(parameters, 0);
    const auto truth = session_truth(parameters, animal, 0);
    auto source = SessionSource(parameters, animal, truth);

    EXPECT_EQ(source.neurons(), static_cast<std::int64_t>(truth.neurons.size()));
    EXPECT_LT(source.neurons(), 50);
    EXPECT_EQ(source.next_block(1000).size(), 56 * truth.neurons.size());
}

TEST(LeverSource, MovesInMovementEpochsOnlyAndDoesNotDependOnBlocks)
{
    auto parameters = LeverPressParameters{};
    parameters.neurons = 1;
    parameters.duration_s = 120;
    const auto truth = session_truth(parameters, animal_truth(parameters, 0), 1);
    auto at_once = LeverSource(parameters, truth);
    auto in_parts = LeverSource(parameters, truth);

    const auto volts = at_once.next_block(1 << 30);
    auto parts = std::vector<float>{};
    while (in_parts.samples_left() > 0) {
        const auto part = in_parts.next_block(777);
        parts.insert(parts.end(), part.begin(), part.end());
    }

    ASSERT_EQ(volts.size(), 120000U);
    EXPECT_EQ(parts, volts);
    auto highest_in_rest = 0.0;
    auto moving = std::vector<bool>(volts.size(), false);
    for (const auto& epoch : truth.movement_epochs) {
        const auto first = static_cast<std::size_t>((double(epoch.first) - 0.5) / 28 * 1000);
        const auto last = static_cast<std::size_t>((double(epoch.last) - 0.5) / 28 * 1000) + 1;
        EXPECT_GT(*std::max_element(volts.begin() + first, volts.begin() + last), 1.75F);
        std::fill(moving.begin() + first, moving.begin() + last, true);
    }
    for (std::size_t k = 0; k < volts.size(); ++k)
        if (!moving[k])
            highest_in_rest = std::max(highest_in_rest, std::abs(double{volts[k]} - 1.5));
    EXPECT_LT(highest_in_rest, 0.01);
    EXPECT_GT(highest_in_rest, 0.0);
}

TEST(SessionSource, HardSessionsDoNotDependOnBlockSizesEither)
{
    auto parameters = LeverPressParameters{};
    parameters.neurons = 33;
    parameters.duration_s = 40;
    parameters.event_rate_hz = 2;
    parameters.difficulties = {.delay_frames = 3,
                               .missed_events = 0.2,
                               .hidden_inputs = 0.3,
                               .inhibition = 0.2,
                               .burst_gain = 5,
                               .rate_fall = 0.5,
                               .common_drift = 0.3,
                               .artefacts_per_min = 6};
    const auto whole = all_of(parameters, 2, 1120);

    EXPECT_EQ(all_of(parameters, 2, 1), whole);
    EXPECT_EQ(all_of(parameters, 2, 7), whole);
}

TEST(SessionSource, MissedEventsLeaveTheOthersWhereTheyWere)
{
    auto parameters = noise_free();
    parameters.null = true;
    const auto all = Events(parameters, 0);
    parameters.difficulties.missed_events = 0.3;
    const auto seen = Events(parameters, 0);

    auto events = 0.0;
    auto kept = 0.0;
    for (std::size_t n = 0; n < all.fires.size(); ++n)
        for (std::size_t t = 0; t < all.fires[n].size(); ++t) {
            events += all.fires[n][t] ? 1 : 0;
            kept += seen.fires[n][t] ? 1 : 0;
            EXPECT_LE(seen.fires[n][t], all.fires[n][t]);
        }
    EXPECT_NEAR(kept / events, 0.7, 5 * std::sqrt(0.21 / events));
}

TEST(SessionSource, MembersOfAnAssemblyFireOneAfterTheOther)
{
    auto parameters = noise_free();
    parameters.difficulties.delay_frames = 2;
    const auto events = Events(parameters, 2);

    auto together = 0.0;
    auto in_turn = 0.0;
    for (const auto& assembly : events.animal.assemblies) {
        if (assembly.strength[2] == 0)
            continue;
        const auto& first = events.fires[static_cast<std::size_t>(assembly.members[0])];
        const auto& last = events.fires[static_cast<std::size_t>(assembly.members[2])];
        for (std::size_t t = 0; t + 4 < first.size(); ++t) {
            together += first[t] && last[t] ? 1 : 0;
            in_turn += first[t] && last[t + 4] ? 1 : 0;
        }
    }
    EXPECT_GT(in_turn, 10 * together);
}

TEST(SessionSource, RatesFallAndBurst)
{
    auto parameters = noise_free();
    parameters.null = true;
    parameters.difficulties.rate_fall = 0.8;
    const auto falling = Events(parameters, 0);
    parameters.difficulties = {.burst_gain = 10};
    const auto bursting = Events(parameters, 0);
    const auto halves_of = [](const Events& events) {
        auto halves = std::array{0.0, 0.0};
        for (const auto& row : events.fires)
            for (std::size_t t = 0; t < row.size(); ++t)
                halves[2 * t / row.size()] += row[t] ? 1 : 0;
        return halves;
    };

    const auto halves = halves_of(falling);
    EXPECT_NEAR(halves[1] / halves[0], 0.4 / 0.8, 0.03); // means 0.8 and 0.4 of the first rate
    // all events lie in a tenth of the time
    auto quiet = 0.0;
    for (std::int64_t t = 0; t < bursting.frames; ++t)
        quiet += std::none_of(bursting.fires.begin(), bursting.fires.end(),
                              [&](const auto& row) { return row[static_cast<std::size_t>(t)]; })
                     ? 1
                     : 0;
    EXPECT_GT(quiet / static_cast<double>(bursting.frames), 0.85);
    const auto all = halves_of(bursting);
    EXPECT_NEAR((all[0] + all[1]) / (halves[0] + halves[1]), 1, 0.08);
}

TEST(SessionSource, DriftAndArtefactsAreInAllTracesAlike)
{
    auto parameters = noise_free();
    parameters.neurons = 3;
    parameters.null = true;
    parameters.event_rate_hz = 1e-9;
    parameters.difficulties = {.common_drift = 0.4, .artefacts_per_min = 2};
    const auto samples = all_of(parameters, 0, 1024);
    const auto frames = static_cast<std::int64_t>(samples.size()) / 3;

    auto jumps = std::int64_t{0};
    for (std::int64_t t = 0; t < frames; ++t) {
        const auto* row = samples.data() + 3 * t;
        EXPECT_EQ(row[0], row[1]);
        EXPECT_EQ(row[0], row[2]);
        EXPECT_LE(std::abs(double{row[0]} - (row[0] > 0.5F ? 1.0 : 0.0)), 0.2 + 1e-6);
        jumps += row[0] > 0.5F ? 1 : 0;
    }
    EXPECT_EQ(jumps, std::llround(2 * 40000.0 / (28 * 60)));
}

TEST(SessionSource, SessionsCanDifferInLength)
{
    auto parameters = LeverPressParameters{};
    parameters.neurons = 4;
    parameters.duration_s = 160;
    parameters.sessions = 4;
    parameters.difficulties.shortest_s = 20;
    const auto animal = animal_truth(parameters, 0);

    auto lengths = std::set<std::int64_t>{};
    for (std::int64_t session = 0; session < 4; ++session) {
        const auto truth = session_truth(parameters, animal, session);
        auto source = SessionSource(parameters, animal, truth);
        lengths.insert(source.frames());
        EXPECT_EQ(LeverSource(parameters, truth).samples(),
                  lever_samples_of(parameters, 0, session));
        for (const auto& epoch : truth.movement_epochs)
            EXPECT_LT(epoch.last, source.frames());
    }

    EXPECT_EQ(lengths, (std::set<std::int64_t>{20 * 28, 40 * 28, 80 * 28, 160 * 28}));
}
