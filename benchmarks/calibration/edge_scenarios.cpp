// The scenarios of edges: generator, size, bands. What is known to be violated has no band.
#include "edge_scenario.hpp"

#include <rewire/base/random.hpp>
#include <rewire/calcium/artefacts.hpp>
#include <rewire/calcium/deconvolve_block.hpp>
#include <rewire/calcium/event_jitter.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/calcium/misleading_edges.hpp>
#include <rewire/simulate/session_source.hpp>

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <set>

namespace rewire::calibration {

namespace {

/// A network that is another one in every data set.
Make random_networks(EventModel model, double density, double probability, double inhibitory)
{
    return [=](std::uint64_t seed) {
        auto of_this = model;
        for (const auto& copy : random_network(model.neurons, density, probability, seed))
            if (copy.from < inhibitory * static_cast<double>(model.neurons))
                of_this.vetoes.push_back({copy.from, copy.to, 7});
            else
                of_this.copies.push_back(copy);
        return session_of(events_of(of_this, seed), truth_of(of_this));
    };
}

/// Neuropil or bleaching: a wave of 30 s that all traces share, `share` of the variance of each.
Make with_common_drift(const EventModel& model, double share)
{
    return [=](std::uint64_t seed) {
        auto stream = base::Stream(seed, {base::key_of("drift")});
        const auto amplitude = std::sqrt(2 * share / (1 - share));
        const auto phase = stream.uniform();
        auto added = std::vector<double>{};
        for (std::int64_t t = 0; t < calcium::smoothed_frames(model.frames); ++t)
            added.push_back(amplitude * std::sin(2 * std::numbers::pi *
                                                 (phase + static_cast<double>(t) / (30 * 28))));
        return session_of(events_of(model, seed), truth_of(model), added);
    };
}

/// 20 frames in which all cells have an event: motion of the tissue.
Make with_artefacts(const EventModel& model)
{
    return [=](std::uint64_t seed) {
        auto rows = events_of(model, seed);
        auto stream = base::Stream(seed, {base::key_of("artefacts")});
        for (const auto frame : base::distinct_below(stream, model.frames, 20))
            for (auto& row : rows)
                row[static_cast<std::size_t>(frame)] += 1 + stream.uniform();
        return session_of(rows, truth_of(model));
    };
}

/// What the options of the program take out of a session, or leave out of it.
Make with_cosines_out(const Make& make, double period_frames)
{
    return [=](std::uint64_t seed) {
        auto session = make(seed);
        take_out_cosines(session, period_frames);
        return session;
    };
}

Make with_movement_out(const EventModel& model)
{
    return [=](std::uint64_t seed) {
        auto session = session_of(events_of(model, seed), truth_of(model));
        take_out_with_lags(session, movement_frames(model.frames, seed), 14);
        return session;
    };
}

Make with_artefacts_dropped(const Make& make)
{
    return [=](std::uint64_t seed) {
        auto session = make(seed);
        session.left_out = calcium::artefact_frames(session.smoothed.view(),
                                                    calcium::EventJitterOptions{}.window_frames)
                               .artefact;
        return session;
    };
}

/// Pairs of the neurons found in a session that are planted in it.
PairTruth truth_of_study(const simulate::AnimalTruth& animal, const simulate::SessionTruth& session)
{
    const auto neurons = static_cast<std::int64_t>(session.neurons.size());
    auto model = EventModel{.neurons = neurons};
    for (const auto& edge : animal.edges)
        if (animal.strength(edge, session.session) > 0)
            model.copies.push_back({edge.i, edge.j, 1, 0, false});
    return truth_of(model);
}

/// A session of `rewire simulate`, deconvolved: another study, animal and session for every seed.
Make study_session(const simulate::LeverPressParameters& of)
{
    return [=](std::uint64_t seed) {
        auto parameters = of;
        parameters.seed = seed >> 1; // an option's largest value is that of a signed number
        const auto animal = simulate::animal_truth(parameters, 0);
        const auto number =
            static_cast<std::int64_t>(seed % static_cast<std::uint64_t>(parameters.sessions));
        const auto truth = simulate::session_truth(parameters, animal, number);
        auto source = simulate::SessionSource(parameters, animal, truth);
        const auto dff = source.next_block(source.frames());
        auto session = EdgeSession{};
        session.rate_hz = parameters.rate_hz;
        session.truth = truth_of_study(animal, truth);
        calcium::deconvolve_block(
            calcium::TraceBlock<float>{dff, source.frames(), source.neurons()},
            {.oasis = {.tau_s = parameters.tau_s, .rate_hz = parameters.rate_hz}}, session.smoothed,
            &session.events);
        return session;
    };
}

// --- the table -----------------------------------------------------------------------------------

std::vector<Scenario> nothing_planted()
{
    const auto small = EventModel{.neurons = 40, .frames = 4'004, .rate = constant_rate(0.02)};
    auto many = small;
    many.neurons = 80;
    many.frames = 804;
    many.rate = constant_rate(0.03);
    auto driven = small;
    driven.frames = minutes_10;
    driven.rate = population_bursts(0.01, 5);
    auto slow = driven;
    slow.rate = slow_wave(0.014);
    auto falling = driven;
    falling.rate = falling_rate(0.02);
    auto moving = driven;
    moving.rate = movement_bouts(0.014);
    auto plain = driven;
    plain.rate = constant_rate(0.014);
    auto few = small;
    few.neurons = 20;
    auto skewed = small;
    skewed.skewed = true;
    return {
        edge_scenario("stationary", "40 neurons x 4,000 frames, nothing planted", simulated(small),
                      0.03, 4'000, 400, exact_partial() + exact_marginal() + valid_both()),
        edge_scenario("stationary-skewed", "the same, sizes of events 0.5 + exponential",
                      simulated(skewed), 0.03, 2'000, 0, exact_partial() + valid_both()),
        edge_scenario("stationary-few-frames", "80 neurons x 800 frames: N / T_eff near .3",
                      simulated(many), 0.03, 2'000, 200, exact_partial() + valid_both()),
        edge_scenario("stationary-surrogates", "20 neurons x 4,000 frames, 999 drawn shifts, too",
                      simulated(few), 0.15, 1'000, 0,
                      exact_partial() + valid_both() +
                          Bands{rate("p_value (surrogates)", 0.05, 0.9, 1.1),
                                rate("p_fwe (surrogates)", 0.05, 0, 1.1)},
                      {.surrogates = 999}),
        edge_scenario("bursts", "40 neurons x 10 min, bursts of the whole population of 2.5 s",
                      simulated(driven), 0.2, 100, 12,
                      valid_under_drive() + Bands{displaced("p_fine", 0.03, 0.055)},
                      {.displaced = true}),
        edge_scenario("slow-rate", "40 neurons x 10 min, a rate common to all, period 20 s",
                      simulated(slow), 0.2, 100, 12,
                      valid_under_drive() + Bands{displaced("p_fine", 0.03, 0.055)},
                      {.displaced = true}),
        edge_scenario("falling-rate", "40 neurons x 10 min, all rates fall by 80 %",
                      simulated(falling), 0.2, 100, 12,
                      // What is slower than the displacements, the control has to see.
                      valid_under_drive() + Bands{displaced("p_partial", 0.08, 0.15),
                                                  displaced("p_marginal", 0.09, 0.17),
                                                  displaced("p_fine", 0.03, 0.055)},
                      {.displaced = true}),
        edge_scenario("falling-rate-highpass", "the same, with --highpass-s 60",
                      // Means are cured, variances that fall with the rate are not: 1.23 (1.21
                      // to 1.25) of 300 data sets.
                      with_cosines_out(simulated(falling), 60 * 28), 0.2, 100, 12,
                      Bands{rate("p_partial", 0.05, 0.8, 1.4), rate("p_marginal", 0.05, 0.8, 1.4)}),
        edge_scenario("movement-gain",
                      "40 neurons x 10 min, half of them with 1.8 x the rate in movement",
                      simulated(moving), 0.1, 100, 0, valid_under_drive()),
        edge_scenario("movement-gain-covariate",
                      "the same, with --covariate movement --covariate-lags-s 0.5",
                      with_movement_out(moving), 0.2, 100, 16,
                      Bands{rate("p_partial", 0.05, 0.9, 1.1), rate("p_marginal", 0.05, 0.9, 1.1)}),
        edge_scenario(
            "common-drift", "40 neurons x 10 min, 5 % of the variance a common wave of 30 s",
            with_common_drift(plain, 0.05), 0.3, 60, 0, valid_under_drive(), {.displaced = true}),
        edge_scenario("common-drift-highpass", "the same, with --highpass-s 4",
                      with_cosines_out(with_common_drift(plain, 0.05), 4 * 28), 3, 40, 0,
                      Bands{rate("p_partial", 0.05, 0.9, 1.1), rate("p_marginal", 0.05, 0.9, 1.1)}),
        edge_scenario("artefacts", "40 neurons x 10 min, 20 frames in which all have an event",
                      with_artefacts(plain), 0.1, 60, 0, {}),
        edge_scenario("artefacts-dropped", "the same, with --drop-artefacts",
                      with_artefacts_dropped(with_artefacts(plain)), 0.1, 60, 12,
                      exact_partial() + Bands{rate("p_fine", 0.05, 0.6, 1)}),
    };
}

std::vector<Scenario> planted()
{
    const auto ten = [](std::vector<Copy> copies, auto rate_of) {
        return EventModel{
            .neurons = 80, .frames = minutes_10, .rate = rate_of, .copies = std::move(copies)};
    };
    const auto steady = constant_rate(0.014);
    auto rings = input_rings(80, 10, 0.010, 0.003);
    rings.frames = minutes_10;
    return {
        edge_scenario("chains-.25", "80 neurons x 10 min, chains of 5, neighbours correlate at .25",
                      simulated(ten(chains(80, 5, 0.25), steady)), 0.2, 40, 8,
                      exact_partial() + Bands{fdr_at_most("q_both", 0.05),
                                              power_at_least("q_both", 0.98),
                                              displaced("p_partial", 0.045, 0.055),
                                              displaced("p_fine", 0.03, 0.05)},
                      {.displaced = true}),
        edge_scenario("chains-.1", "the same, at .1", simulated(ten(chains(80, 5, 0.1), steady)),
                      0.3, 40, 0, exact_partial() + Bands{fdr_at_most("q_both", 0.05)}),
        edge_scenario("chains-.06", "the same, at .06", simulated(ten(chains(80, 5, 0.06), steady)),
                      0.3, 40, 0, exact_partial() + Bands{fdr_at_most("q_both", 0.05)}),
        edge_scenario("chains-.1-bursts", "the same, at .1, under bursts of the whole population",
                      simulated(ten(chains(80, 5, 0.1), population_bursts(0.01, 5))), 0.2, 40, 8,
                      valid_under_drive() +
                          Bands{fdr_at_most("q_both", 0.12), power_at_least("q_both", 0.85)}),
        edge_scenario("chains-.25-bursts", "the same, at .25, under bursts of the whole population",
                      simulated(ten(chains(80, 5, 0.25), population_bursts(0.01, 5))), 0.2, 40, 0,
                      valid_under_drive()),
        edge_scenario("chains-.1-slow-rate", "the same, at .1, under a common rate, period 20 s",
                      simulated(ten(chains(80, 5, 0.1), slow_wave(0.014))), 0.2, 40, 8,
                      valid_under_drive() +
                          Bands{fdr_at_most("q_both", 0.12), power_at_least("q_both", 0.85)}),
        edge_scenario("hubs", "80 neurons x 10 min, hubs that 4 others repeat, half of events",
                      simulated(ten(hubs(80, 5, 0.5), steady)), 0.3, 20, 0,
                      exact_partial() + Bands{power_at_least("q_both", 0.95)}),
        edge_scenario("hubs-linear", "the same, in proportion to the size of the event",
                      simulated(ten(hubs(80, 5, 0.5, true), steady)), 0.3, 20, 0,
                      exact_partial() +
                          Bands{fdr_at_most("q_both", 0.08), power_at_least("q_both", 0.95)}),
        edge_scenario("rings", "80 neurons x 10 min in rings of 10, neighbours share an input",
                      simulated(rings), 0.3, 20, 0,
                      exact_partial() + Bands{power_at_least("q_both", 0.9)}),
        edge_scenario("colliders", "80 neurons x 10 min, every fifth repeats the four before it",
                      simulated(ten(colliders(80, 5, 0.25), steady)), 0.3, 20, 0,
                      exact_partial() +
                          Bands{fdr_at_most("q_both", 0.05), power_at_least("q_both", 0.9)}),
        edge_scenario(
            "dense", "100 neurons x 10 min, 10 % of pairs joined, .06 of events repeated",
            random_networks({.neurons = 100, .frames = minutes_10, .rate = steady}, 0.1, 0.06, 0),
            0.4, 20, 0, {fdr_at_most("q_both", 0.08)}),
        edge_scenario(
            "inhibition", "the same, a fifth of the neurons silence others for 250 ms",
            random_networks({.neurons = 100, .frames = minutes_10, .rate = steady}, 0.1, 0.06, 0.2),
            0.4, 20, 0, {}),
        edge_scenario("lever-press",
                      "a session of `rewire simulate`, 80 neurons x 10 min, deconvolved",
                      study_session({.neurons = 80, .duration_s = 600}), 0.3, 40, 8,
                      {fdr_at_most("q_both", 0.02), power_at_least("q_both", 0.98)}),
    };
}

/// The same study as `rewire simulate` makes it, with one difficulty each; dF/F is deconvolved.
std::vector<Scenario> hard_studies()
{
    const auto study = [](const char* name, const char* says, simulate::Difficulties hard,
                          Bands bands, std::int64_t checked = 0) {
        return edge_scenario(
            std::string("lever-press-") + name, std::string("the same, ") + says,
            study_session({.neurons = 80, .duration_s = 600, .difficulties = hard}), 0.3, 20,
            checked, std::move(bands));
    };
    return {
        study("weak", "connections of .05 to 1 of the usual strength", {.weakest = 0.05},
              {fdr_at_most("q_both", 0.05)}),
        study("bursts", "bursts of the population of 2.5 s, 4 x the rate", {.burst_gain = 4},
              {fdr_at_most("q_both", 0.12), power_at_least("q_both", 0.85)}, 4),
        study("rate-fall", "all rates fall by 80 %", {.rate_fall = 0.8},
              {fdr_at_most("q_both", 0.05), power_at_least("q_both", 0.85)}),
        study("common-drift", "a wave of 30 s in all traces, .3 of an event", {.common_drift = 0.3},
              {}),
        study("artefacts", "2 moments of 0.2 s a minute in which all traces jump",
              {.artefacts_per_min = 2}, {}),
        study("inhibition", "a fifth of the neurons silence others for 250 ms", {.inhibition = 0.2},
              {}),
        study("delays", "connected neurons fire 2 frames after one another", {.delay_frames = 2},
              {}),
        study("missed", "30 % of events leave no trace", {.missed_events = 0.3}, {}),
        study("hidden", "an unrecorded input of three neurons for every fourth neuron",
              {.hidden_inputs = 0.25}, {}),
    };
}

/// Where the word "direct" would mislead: nothing in the recording can tell these from edges.
std::vector<Scenario> not_to_be_told()
{
    const auto steady = constant_rate(0.014);
    const auto base =
        EventModel{.neurons = 80, .frames = minutes_10, .rate = steady, .copies = hubs(80, 5, 0.5)};
    auto delays = base;
    delays.copies = hubs(80, 5, 0.5, false, 1);
    auto missed = base;
    missed.missed = 0.3;
    auto hidden = base;
    hidden.neurons = 100;
    hidden.copies = hubs(100, 5, 0.5);
    for (std::int32_t n = 0; n < 100; n += 5)
        hidden.hidden.push_back(n);
    return {
        edge_scenario(calcium::delayed_edges.scenario,
                      "hubs that others repeat 1 to 4 frames later", simulated(delays), 0.3,
                      calcium::misleading_data_sets, 0, {}),
        edge_scenario(calcium::missed_event_edges.scenario, "hubs, 30 % of all events not seen",
                      simulated(missed), 0.3, calcium::misleading_data_sets, 0, {}),
        edge_scenario(calcium::hidden_input_edges.scenario,
                      "hubs that are not recorded: all discoveries are false", simulated(hidden),
                      0.3, calcium::misleading_data_sets, 0, {}),
    };
}

} // namespace

std::vector<Scenario> edge_scenarios()
{
    auto all = nothing_planted();
    for (const auto& more : {planted(), hard_studies(), not_to_be_told()})
        all.insert(all.end(), more.begin(), more.end());
    return all;
}

} // namespace rewire::calibration
