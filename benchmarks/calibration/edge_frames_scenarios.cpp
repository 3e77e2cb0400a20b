// More scenarios of edges: which frames are shifted together, how fast they follow one another,
// which estimator, which family of tests is adjusted for.
#include "edge_scenario.hpp"

#include <rewire/base/random.hpp>

#include <utility>
#include <vector>

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

/// Ten minutes at 7 frames/s, with as many events a second as the scenarios at 28: the windows of
/// the jitter are the shortest there are, 8 frames, and last 1.1 s.
EventModel slow_recording(std::int64_t neurons, std::vector<Copy> copies = {})
{
    return {.neurons = neurons,
            .frames = minutes_10 / 4 + 3, // 4,200 of them smoothed
            .rate_hz = 7,
            .rate = constant_rate(4 * 0.014),
            .copies = std::move(copies)};
}

EventModel under(EventModel model, decltype(EventModel::rate) rate)
{
    model.rate = std::move(rate);
    return model;
}

std::vector<Scenario> slow_recordings()
{
    // Valid, and not far below what is known of them. Of what bursts do there is no band.
    const auto slow_windows = Bands{rate("p_fine", 0.05, 0.4, 1), rate("p_both", 0.05, 0.1, 1)};
    const auto bursts = population_bursts(4 * 0.01, 5);
    const auto wave = slow_wave(4 * 0.014);
    const auto empty = slow_recording(40);
    const auto chain = slow_recording(80, chains(80, 5, 0.1));
    const auto strong = slow_recording(80, chains(80, 5, 0.25));
    return {
        edge_scenario("stationary-7-hz", "40 neurons x 10 min at 7 Hz, nothing planted",
                      simulated(empty), 0.03, 4'000, 0,
                      exact_partial() + exact_marginal() + slow_windows),
        edge_scenario("bursts-7-hz", "the same, bursts of the whole population of 2.5 s",
                      simulated(under(empty, bursts)), 0.05, 100, 0, {}, {.displaced = true}),
        edge_scenario("slow-rate-7-hz", "the same, a rate common to all, period 20 s",
                      simulated(under(empty, wave)), 0.05, 100, 0, slow_windows,
                      {.displaced = true}),
        edge_scenario("chains-.1-7-hz",
                      "80 neurons x 10 min at 7 Hz, chains of 5, neighbours correlate at .1",
                      simulated(chain), 0.1, 40, 0,
                      exact_partial() + slow_windows + Bands{fdr_at_most("q_both", 0.05)}),
        edge_scenario("chains-.1-bursts-7-hz", "the same, under bursts of the whole population",
                      simulated(under(chain, bursts)), 0.1, 40, 0, {}),
        edge_scenario("chains-.1-slow-rate-7-hz", "the same, under a common rate, period 20 s",
                      simulated(under(chain, wave)), 0.1, 40, 0,
                      slow_windows + Bands{fdr_at_most("q_both", 0.05)}),
        edge_scenario("chains-.25-7-hz", "the same at .25, at a steady rate", simulated(strong),
                      0.1, 40, 0,
                      exact_partial() + slow_windows +
                          Bands{fdr_at_most("q_both", 0.05), power_at_least("q_both", 0.98)}),
        edge_scenario("chains-.25-bursts-7-hz", "the same, under bursts of the whole population",
                      simulated(under(strong, bursts)), 0.1, 40, 0, {}),
    };
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
    auto all = std::vector<Scenario>{
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
    for (auto& slow : slow_recordings())
        all.push_back(std::move(slow));
    return all;
}

} // namespace rewire::calibration
