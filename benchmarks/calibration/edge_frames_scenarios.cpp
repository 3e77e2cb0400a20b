// More scenarios of edges: which frames are shifted together, which estimator, which family of
// tests is adjusted for.
#include "edge_scenario.hpp"

#include <rewire/base/random.hpp>

#include <utility>

namespace rewire::calibration {

namespace {

/// Trials of 10 s, imaged one by one, each with a rate of its own that all neurons share.
constexpr auto trial_frames = std::int64_t{280};

EventModel trial_by_trial()
{
    auto model = EventModel{.neurons = 40, .frames = 60 * trial_frames};
    model.rate = [](const EventModel& of, std::uint64_t seed) {
        auto stream = base::Stream(seed, {base::key_of("rates of trials")});
        auto chance = std::vector<double>{};
        for (std::int64_t trial = 0; trial * trial_frames < of.frames; ++trial)
            chance.push_back(0.014 * (0.3 + 1.4 * stream.uniform()));
        return [=](std::int32_t, std::int64_t t) {
            return chance[static_cast<std::size_t>(t / trial_frames)];
        };
    };
    return model;
}

Make with_segments(const Make& make)
{
    return [=](std::uint64_t seed) {
        auto session = make(seed);
        for (std::int64_t t = 0; t < session.events.frames; ++t)
            session.segment.push_back(static_cast<std::int32_t>(t / trial_frames));
        return session;
    };
}

Make within_movement(const EventModel& model)
{
    return [=](std::uint64_t seed) {
        auto session = simulated(model)(seed);
        const auto moving = movement_frames(model.frames, seed);
        const auto margin = (session.events.frames - session.smoothed.frames) / 2;
        session.state.assign(moving.begin() + margin, moving.end() - margin);
        return session;
    };
}

/// Eight sessions, of which two have edges: a study, whose pairs are one family by --family all.
Scenario study_family()
{
    auto with_edges = EventModel{.neurons = 40,
                                 .frames = minutes_10 / 2,
                                 .rate = constant_rate(0.014),
                                 .copies = chains(40, 5, 0.15)};
    auto without = with_edges;
    without.copies.clear();
    const auto study = [=](std::uint64_t seed) {
        auto sessions = std::vector<EdgeSession>{};
        for (std::uint64_t number = 0; number < 8; ++number) {
            auto draw = base::Stream(seed, {base::key_of("session"), number});
            sessions.push_back(simulated(number < 2 ? with_edges : without)(draw.bits64()));
        }
        return sessions;
    };
    return {.family = "edges",
            .name = "study-family",
            .says = "8 sessions of 40 neurons x 5 min, chains at .15 in two of them, --family all",
            .seconds = 0.5,
            .data_sets = 100,
            .checked = 6,
            .measure = [=](std::uint64_t seed) { return measure_study(study(seed)); },
            .bands = {rate("p_holm_study", 0.05, 0, 1), fdr_at_most("q_study", 0.05),
                      fdr_at_most("p_holm_study", 0.05), power_at_least("q_study", 0.8)},
            .write = {}};
}

/// Half a percent of the pairs of a large, long session: what becomes of a threshold of mean and
/// sd.
Scenario sparse(const char* name, double strength)
{
    const auto make = [=](std::uint64_t seed) {
        auto model = EventModel{.neurons = 200, .frames = 42'004, .rate = constant_rate(0.014)};
        model.copies = random_network(model.neurons, 0.005, strength, seed);
        return session_of(events_of(model, seed), truth_of(model));
    };
    return edge_scenario(name,
                         "200 neurons x 25 min, 0.5 % of pairs joined, the share in the name "
                         "of events repeated",
                         make, 2, 10, 0, {});
}

} // namespace

std::vector<Scenario> edge_frames_scenarios()
{
    auto moving = EventModel{.neurons = 40, .frames = minutes_10, .rate = movement_bouts(0.014)};
    // Where there is nothing, all is shrunk away and every p is 1.
    auto short_session = EventModel{
        .neurons = 40, .frames = 604, .rate = constant_rate(0.03), .copies = chains(40, 5, 0.4)};
    return {
        edge_scenario("movement-gain-within",
                      "40 neurons x 10 min, half of them with 1.8 x the rate in movement, --within "
                      "movement",
                      within_movement(moving), 0.1, 200, 16,
                      exact_partial() + exact_marginal() + valid_both()),
        edge_scenario("trials", "40 neurons, 60 trials of 10 s with common rates of their own",
                      simulated(trial_by_trial()), 0.1, 100, 0, {}),
        edge_scenario("trials-segments", "the same, with --segments",
                      with_segments(simulated(trial_by_trial())), 0.1, 200, 16,
                      exact_partial() + exact_marginal() + valid_both()),
        edge_scenario(
            "ledoit-wolf",
            "40 neurons x 600 frames, chains of 5 at .4, 999 drawn shifts, --shrinkage "
            "ledoit-wolf",
            simulated(short_session), 0.3, 400, 0,
            // Surrogates keep the intensity, and have no connections that take part of it.
            {rate("p_value (surrogates)", 0.05, 0.4, 1.1),
             rate("p_value (surrogates)", 0.01, 0.2, 1.1),
             rate("p_fwe (surrogates)", 0.05, 0, 1.1)},
            {.surrogates = 999, .ledoit_wolf = true}),
        study_family(),
        sparse("sparse-.02", 0.02),
        sparse("sparse-.2", 0.2),
    };
}

} // namespace rewire::calibration
