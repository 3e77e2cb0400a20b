#include "jobs/frame/study_source.hpp"
#include "kind.hpp"
#include "session.hpp"

#include <rewire/simulate/lever_press_study.hpp>
#include <rewire/simulate/session_trends.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace rewire::jobs {

namespace {

namespace fs = std::filesystem;

simulate::Difficulties difficulties_of(const runtime::Options& options)
{
    return {.strength = options.real("strength"),
            .weakest = options.real("weakest"),
            .shortest_s = options.real("shortest-s"),
            .delay_frames = options.integer("delay-frames"),
            .missed_events = options.real("missed-events"),
            .hidden_inputs = options.real("hidden-inputs"),
            .inhibition = options.real("inhibition"),
            .burst_gain = options.real("burst-gain"),
            .rate_fall = options.real("rate-fall"),
            .common_drift = options.real("common-drift"),
            .artefacts_per_min = options.real("artefacts-per-min")};
}

simulate::Trends trends_of(const runtime::Options& options)
{
    const auto* const found = std::find(std::begin(simulate::course_names),
                                        std::end(simulate::course_names), options.text("course"));
    return {.course = static_cast<simulate::Course>(found - std::begin(simulate::course_names)),
            .noise = options.real("noise-last"),
            .movement = options.real("movement-last"),
            .visibility = options.real("visibility-last")};
}

simulate::LeverPressParameters lever_press_parameters(const runtime::Options& options)
{
    auto parameters = simulate::LeverPressParameters{
        .animals = options.integer("animals"),
        .sessions = options.integer("sessions"),
        .neurons = options.integer("neurons"),
        .duration_s = options.real("duration-s"),
        .rate_hz = options.real("rate-hz"),
        .lever_rate_hz = options.real("lever-rate-hz"),
        .tau_s = options.real("tau-s"),
        .event_rate_hz = options.real("event-rate-hz"),
        .noise = options.real("noise"),
        .amplitude = options.real("amplitude"),
        .movement_gain = options.real("movement-gain"),
        .missing_neurons = options.real("missing-neurons"),
        .seed = static_cast<std::uint64_t>(options.integer("seed")),
        .null = options.flag("null"),
        .layer = options.text("layer"),
        .difficulties = difficulties_of(options),
        .trends = trends_of(options),
    };
    simulate::check(parameters);
    return parameters;
}

void simulate_lever_press(runtime::RunContext& context, const fs::path& folder,
                          const io::Fingerprint&)
{
    const auto& options = context.options();
    const auto& comm = context.comm();
    const auto parameters = lever_press_parameters(options);
    const auto truth = simulate::truth(parameters);
    const auto units = parameters.animals * parameters.sessions;
    const auto deflate = static_cast<int>(options.integer("gzip"));
    auto samples = std::vector<double>{}; // of each session
    for (std::int64_t unit = 0; unit < units; ++unit)
        samples.push_back(static_cast<double>(
            parameters.neurons * simulate::frames_of(parameters, unit / parameters.sessions,
                                                     unit % parameters.sessions)));
    auto kept = std::int64_t{0};
    context.each_unit<runtime::UnitResults>(
        "simulate", samples,
        [&](std::int64_t unit, runtime::UnitResults&, const runtime::Tick& tick) {
            const auto& animal =
                truth.animals[static_cast<std::size_t>(unit / parameters.sessions)];
            const auto session = unit % parameters.sessions;
            const auto path = folder / session_file(animal, session);
            if (fs::exists(path))
                ++kept;
            else
                write_session(parameters, animal, session, path, deflate);
            return tick() || true; // the file is whole: done, even when asked to stop
        });
    kept = comm.sum(kept);
    context.note(fmt::format("{} sessions of {} animals in {}{}", units, parameters.animals,
                             folder.string(),
                             kept > 0 ? fmt::format(" ({} were there already)", kept) : ""));
}

runtime::Estimate plan_lever_press(const runtime::Options& options)
{
    const auto parameters = lever_press_parameters(options);
    const auto samples = static_cast<double>(simulate::frames_of(parameters) * parameters.neurons);
    const auto sessions = parameters.animals * parameters.sessions;
    auto estimate = runtime::Estimate{};
    estimate.rank_bytes =
        runtime::base_rank_bytes + static_cast<double>(parameters.neurons) * 1024 * 4 * 3 + 10e6;
    const auto session_s = samples * 50e-9;
    estimate.add_phase("simulate", session_s * static_cast<double>(sessions), sessions, session_s);
    estimate.result_bytes = samples * 4 * static_cast<double>(sessions);
    return estimate;
}

std::string number(double value)
{
    return fmt::format("{}", value);
}

/// What changes over the sessions: learning alone unless asked for.
std::vector<runtime::Option> trend_options()
{
    using Kind = runtime::OptionKind;
    const auto usual = simulate::Trends{};
    return {
        {.name = "course",
         .default_value = simulate::course_names[0],
         .help = "what the connections do over the sessions: learn, as in the paper, stay, differ "
                 "in no order, walk (each its own way, or one walk for all), change in one "
                 "direction, or change and come back",
         .choices = {std::begin(simulate::course_names), std::end(simulate::course_names)}},
        {.name = "noise-last",
         .kind = Kind::real,
         .default_value = number(usual.noise),
         .help = "noise of the last session over that of the first",
         .minimum = 0,
         .maximum = 1000},
        {.name = "movement-last",
         .kind = Kind::real,
         .default_value = number(usual.movement),
         .help = "share of the movements that are made in the last session",
         .minimum = 0,
         .maximum = 1},
        {.name = "visibility-last",
         .kind = Kind::real,
         .default_value = number(usual.visibility),
         .help = "size of events in the last session over that in the first, of the neuron that "
                 "loses most; the others lose less",
         .minimum = 0,
         .maximum = 1},
    };
}

/// What makes a study hard, or misleads: none of it unless asked for.
std::vector<runtime::Option> difficulty_options()
{
    using Kind = runtime::OptionKind;
    const auto usual = simulate::Difficulties{};
    return {
        {.name = "strength",
         .kind = Kind::real,
         .default_value = number(usual.strength),
         .help = "of all connections, as a share of the usual",
         .minimum = 0,
         .maximum = 1},
        {.name = "weakest",
         .kind = Kind::real,
         .default_value = number(usual.weakest),
         .help = "share of that which the weakest connections have; the others lie between",
         .minimum = 0,
         .maximum = 1},
        {.name = "shortest-s",
         .kind = Kind::real,
         .default_value = number(usual.shortest_s),
         .unit = "s",
         .help = "sessions of different lengths, from this to --duration-s; 0: all the same",
         .minimum = 0,
         .maximum = 1e6},
        {.name = "delay-frames",
         .kind = Kind::integer,
         .default_value = std::to_string(usual.delay_frames),
         .unit = "frames",
         .help = "connected neurons fire this much after one another, not in the same frame",
         .minimum = 0,
         .maximum = 1000},
        {.name = "missed-events",
         .kind = Kind::real,
         .default_value = number(usual.missed_events),
         .help = "share of events that leave no trace",
         .minimum = 0,
         .maximum = 0.99},
        {.name = "hidden-inputs",
         .kind = Kind::real,
         .default_value = number(usual.hidden_inputs),
         .help = "unrecorded inputs, each common to three neurons, for each neuron recorded",
         .minimum = 0,
         .maximum = 10},
        {.name = "inhibition",
         .kind = Kind::real,
         .default_value = number(usual.inhibition),
         .help = "share of neurons that silence four others for 250 ms",
         .minimum = 0,
         .maximum = 0.99},
        {.name = "burst-gain",
         .kind = Kind::real,
         .default_value = number(usual.burst_gain),
         .help = "of all rates in bursts of 2.5 s, a tenth of the time",
         .minimum = 1,
         .maximum = 10},
        {.name = "rate-fall",
         .kind = Kind::real,
         .default_value = number(usual.rate_fall),
         .help = "share that all rates lose over a session",
         .minimum = 0,
         .maximum = 0.99},
        {.name = "common-drift",
         .kind = Kind::real,
         .default_value = number(usual.common_drift),
         .unit = "mean events",
         .help = "amplitude of a wave of 30 s that is added to all traces",
         .minimum = 0,
         .maximum = 1000},
        {.name = "artefacts-per-min",
         .kind = Kind::real,
         .default_value = number(usual.artefacts_per_min),
         .help = "moments of 0.2 s a minute in which all traces jump",
         .minimum = 0,
         .maximum = 1e5},
    };
}

std::vector<runtime::Option> lever_press_options()
{
    using Kind = runtime::OptionKind;
    const auto defaults = simulate::LeverPressParameters{};
    return std::vector<runtime::Option>{
               {.name = "animals",
                .kind = Kind::integer,
                .default_value = std::to_string(defaults.animals),
                .help = "animals",
                .source = "2.1",
                .minimum = 1,
                .maximum = 1e4},
               {.name = "sessions",
                .kind = Kind::integer,
                .default_value = std::to_string(defaults.sessions),
                .help = "sessions of every animal",
                .source = "2.2",
                .minimum = 1,
                .maximum = 1e4},
               {.name = "neurons",
                .kind = Kind::integer,
                .default_value = std::to_string(defaults.neurons),
                .help = "neurons of every animal",
                .minimum = 1,
                .maximum = 1e6},
               {.name = "duration-s",
                .kind = Kind::real,
                .default_value = number(defaults.duration_s),
                .unit = "s",
                .help = "length of every session",
                .source = "2.2",
                .minimum = 1,
                .maximum = 1e6},
               {.name = "rate-hz",
                .kind = Kind::real,
                .default_value = number(defaults.rate_hz),
                .unit = "Hz",
                .help = "imaging frames",
                .source = "2.2",
                .minimum = 0.1,
                .maximum = 1000},
               {.name = "lever-rate-hz",
                .kind = Kind::real,
                .default_value = number(defaults.lever_rate_hz),
                .unit = "Hz",
                .help = "lever samples",
                .minimum = 10,
                .maximum = 1e5},
               {.name = "tau-s",
                .kind = Kind::real,
                .default_value = number(defaults.tau_s),
                .unit = "s",
                .help = "decay time of the calcium indicator",
                .minimum = 0.001,
                .maximum = 60},
               {.name = "event-rate-hz",
                .kind = Kind::real,
                .default_value = number(defaults.event_rate_hz),
                .unit = "Hz",
                .help = "mean rate of calcium events",
                .minimum = 0,
                .maximum = 100},
               {.name = "noise",
                .kind = Kind::real,
                .default_value = number(defaults.noise),
                .help = "standard deviation of the noise, in units of the mean event",
                .minimum = 0,
                .maximum = 1000},
               {.name = "amplitude",
                .kind = Kind::real,
                .default_value = number(defaults.amplitude),
                .unit = "dF/F",
                .help = "mean step of an event",
                .minimum = 1e-6,
                .maximum = 1e6},
               {.name = "movement-gain",
                .kind = Kind::real,
                .default_value = number(defaults.movement_gain),
                .help = "event rate in movement over the mean, of movement-related neurons",
                .minimum = 0,
                .maximum = 1000},
               {.name = "missing-neurons",
                .kind = Kind::real,
                .default_value = number(defaults.missing_neurons),
                .help = "fraction of the neurons that a session does not find",
                .minimum = 0,
                .maximum = 0.99},
               {.name = "layer",
                .default_value = defaults.layer,
                .help = "cortical layer, for the names and metadata"},
               {.name = "null",
                .kind = Kind::flag,
                .help = "the twin without structure: no edges, no relation to movement"},
               {.name = "gzip",
                .kind = Kind::integer,
                .default_value = "0",
                .help = "compression of the calcium traces",
                .minimum = 0,
                .maximum = 9},
           } +
           difficulty_options() + trend_options();
}

} // namespace

SimulatedKind lever_press_kind()
{
    return {.name = "lever-press",
            .details =
                "A longitudinal lever-press study: groups of neurons (Core, NP, EP, Other), "
                "edges that strengthen, weaken or\n"
                "come and go, movement-related neurons, lever, trials, calcium with decay and "
                "noise; the truth includes the\n"
                "partial correlations that a session without end would show. --null makes the twin "
                "without structure; the last\n"
                "options make studies that are hard to read, or mislead.",
            .options = lever_press_options(),
            .check = [](const runtime::Options& options) { lever_press_parameters(options); },
            .run = simulate_lever_press,
            .plan = plan_lever_press};
}

} // namespace rewire::jobs
