#include "session.hpp"

#include "jobs/truth/simulated_truth.hpp"
#include "kind.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/calcium/event_smoothing.hpp>
#include <rewire/io/nwb_writer.hpp>
#include <rewire/simulate/population.hpp>
#include <rewire/simulate/session_source.hpp>
#include <rewire/simulate/session_trends.hpp>

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace rewire::jobs {

namespace {

/// 5 V over the range of int16.
constexpr auto lever_conversion = 5.0 / 32767;

/// Those that differ from the defaults.
std::string difficulties(const simulate::Difficulties& hard)
{
    const auto usual = simulate::Difficulties{};
    auto text = std::string{};
    const auto add = [&](const char* name, double value, double default_value, const char* unit) {
        if (value != default_value)
            text += fmt::format(", {} {}{}", name, value, unit);
    };
    add("strength", hard.strength, usual.strength, "");
    add("weakest", hard.weakest, usual.weakest, "");
    add("shortest", hard.shortest_s, usual.shortest_s, " s");
    add("delay", static_cast<double>(hard.delay_frames), static_cast<double>(usual.delay_frames),
        " frames");
    add("missed events", hard.missed_events, usual.missed_events, "");
    add("hidden inputs", hard.hidden_inputs, usual.hidden_inputs, "");
    add("inhibition", hard.inhibition, usual.inhibition, "");
    add("burst gain", hard.burst_gain, usual.burst_gain, "");
    add("rate fall", hard.rate_fall, usual.rate_fall, "");
    add("common drift", hard.common_drift, usual.common_drift, "");
    add("artefacts", hard.artefacts_per_min, usual.artefacts_per_min, "/min");
    return text;
}

/// Those that there are.
std::string trends(const simulate::Trends& trends)
{
    auto text = std::string{};
    if (trends.course != simulate::Course::learning)
        text += fmt::format(", course {}",
                            simulate::course_names[static_cast<std::size_t>(trends.course)]);
    for (const auto& [name, value] :
         {std::pair{"noise", trends.noise}, std::pair{"movements", trends.movement},
          std::pair{"visibility", trends.visibility}})
        if (value != 1)
            text += fmt::format(", {} of the last session {} of the first", name, value);
    return text;
}

std::string notes(const simulate::LeverPressParameters& p)
{
    return fmt::format(
        "Simulated by rewire, lever-press task{}. seed {}, animals {}, sessions {}, neurons {}, "
        "duration {} s, imaging {} Hz, lever {} Hz, decay {} s, events {} Hz, noise {}, amplitude "
        "{}, movement gain {}, missing neurons {}, layer {}{}{}. What was planted: /scratch/truth.",
        p.null ? ", without structure" : "", p.seed, p.animals, p.sessions, p.neurons, p.duration_s,
        p.rate_hz, p.lever_rate_hz, p.tau_s, p.event_rate_hz, p.noise, p.amplitude, p.movement_gain,
        p.missing_neurons, p.layer, difficulties(p.difficulties), trends(p.trends));
}

io::NwbDescription description(const simulate::LeverPressParameters& parameters,
                               const simulate::AnimalTruth& animal, std::int64_t session)
{
    const auto settings = notes(parameters);
    return {.identifier = fmt::format("rewire-lever-press-{}-{:02d}-{:016x}", animal.name,
                                      session + 1, base::key_of(settings)),
            .session_description =
                fmt::format("simulated lever-press learning, session {}", session + 1),
            .session_id = fmt::format("{:02d}", session + 1),
            .session_start_time = simulated_start_time(session),
            .file_create_date = simulated_start_time(session),
            .notes = settings,
            .subject_id = animal.name,
            .subject_description = "simulated",
            .species = "Mus musculus",
            .sex = "U",
            .age = fmt::format("P{}D", 90 + session)};
}

io::NwbTable trials(const simulate::SessionTruth& truth)
{
    auto start = std::vector<double>{};
    auto stop = std::vector<double>{};
    auto cue = std::vector<double>{};
    auto reward = std::vector<double>{};
    auto rewarded = io::Booleans{};
    for (const auto& trial : truth.trials) {
        start.push_back(trial.start_s);
        stop.push_back(trial.stop_s);
        cue.push_back(trial.cue_s);
        reward.push_back(trial.reward_s);
        rewarded.values.push_back(trial.rewarded ? 1 : 0);
    }
    return {"lever-press trials",
            {},
            {{"start_time", "start of the trial, s", std::move(start)},
             {"stop_time", "end of the trial, s", std::move(stop)},
             {"cue_time", "tone, s", std::move(cue)},
             {"reward_time", "water, s; NaN where there was none", std::move(reward)},
             {"rewarded", "whether the press was in time", std::move(rewarded)}}};
}

io::NwbTable movement_epochs(const simulate::SessionTruth& truth, double rate_hz)
{
    auto start = std::vector<double>{};
    auto stop = std::vector<double>{};
    for (const auto& epoch : truth.movement_epochs) {
        // Half a frame early: no frame's time lies on a border, whatever the rounding.
        start.push_back((static_cast<double>(epoch.first) - 0.5) / rate_hz);
        stop.push_back((static_cast<double>(epoch.last) - 0.5) / rate_hz);
    }
    return {"epochs in which the lever moves",
            {},
            {{"start_time", "start of the movement, s", std::move(start)},
             {"stop_time", "end of the movement, s", std::move(stop)}}};
}

io::NwbTable planted_neurons(const simulate::AnimalTruth& animal,
                             const simulate::SessionTruth& truth)
{
    auto table = io::NwbTable{"what the neurons found in this session are made to be", {}, {}};
    auto group = std::vector<std::string>{};
    auto movement_related = io::Booleans{};
    auto rate = std::vector<double>{};
    for (const auto neuron : truth.neurons) {
        const auto n = static_cast<std::size_t>(neuron);
        table.id.push_back(neuron);
        group.emplace_back(simulate::name_of(animal.group[n]));
        movement_related.values.push_back(truth.movement_related[n]);
        rate.push_back(animal.event_rate_hz[n]);
    }
    table.columns = {{"group", "Core, NP, EP or Other, by the planted edges", std::move(group)},
                     {"movement_related", "more events in movement, in this session",
                      std::move(movement_related)},
                     {"event_rate_hz", "mean rate of calcium events", std::move(rate)}};
    return table;
}

io::NwbTable planted_edges(const simulate::AnimalTruth& animal, std::int64_t session)
{
    auto first = std::vector<std::int64_t>{};
    auto second = std::vector<std::int64_t>{};
    auto kind = std::vector<std::string>{};
    auto strength = std::vector<double>{};
    for (const auto& edge : animal.edges) {
        first.push_back(edge.i);
        second.push_back(edge.j);
        kind.emplace_back(simulate::name_of(animal.kind(edge)));
        strength.push_back(animal.strength(edge, session));
    }
    return {"undirected edges planted in this animal",
            {},
            {{"neuron_i", "roi_id of one end", std::move(first)},
             {"neuron_j", "roi_id of the other end, larger", std::move(second)},
             {"kind", "strengthening, weakening, stable or transient", std::move(kind)},
             {"strength", "part of the events that is shared in this session; 0: not there",
              std::move(strength)}}};
}

/// Pairs whose partial correlation would not be (nearly) 0 in a session without end.
io::NwbTable population(const simulate::LeverPressParameters& parameters,
                        const simulate::AnimalTruth& animal, const simulate::SessionTruth& truth)
{
    const auto all = simulate::population_of(simulate::processes_of(parameters, animal, truth),
                                             parameters, truth, calcium::smoothing_taps);
    auto first = std::vector<std::int64_t>{};
    auto second = std::vector<std::int64_t>{};
    auto value = std::vector<double>{};
    auto pair = std::size_t{0};
    for (std::size_t i = 0; i < truth.neurons.size(); ++i)
        for (auto j = i + 1; j < truth.neurons.size(); ++j, ++pair)
            if (std::abs(all[pair]) >= smallest_population_correlation) {
                first.push_back(truth.neurons[i]);
                second.push_back(truth.neurons[j]);
                value.push_back(all[pair]);
            }
    return {fmt::format("partial correlations of smoothed events that a session without end would "
                        "show, of all pairs with at least {} (absolute)",
                        smallest_population_correlation),
            {},
            {{"neuron_i", "roi_id of one end", std::move(first)},
             {"neuron_j", "roi_id of the other end, larger", std::move(second)},
             {"partial_correlation", "given all other neurons found in this session",
              std::move(value)}}};
}

/// What all traces have in common and no neuron does.
std::vector<std::string> disturbances(const simulate::Difficulties& hard)
{
    auto names = std::vector<std::string>{};
    if (hard.common_drift > 0)
        names.emplace_back("common drift");
    if (hard.artefacts_per_min > 0)
        names.emplace_back("artefacts");
    return names;
}

void write_lever(io::NwbWriter& writer, const simulate::LeverPressParameters& parameters,
                 const simulate::SessionTruth& truth, int deflate)
{
    constexpr auto block_samples = std::int64_t{65536};
    auto source = simulate::LeverSource(parameters, truth);
    writer.add_lever({parameters.lever_rate_hz, lever_conversion, source.samples(), deflate});
    auto stored = std::vector<std::int16_t>{};
    while (source.samples_left() > 0) {
        stored.clear();
        for (const auto volts : source.next_block(block_samples))
            stored.push_back(static_cast<std::int16_t>(
                std::lround(static_cast<double>(volts) / lever_conversion)));
        writer.append_lever(stored);
    }
}

void write_calcium(io::NwbWriter& writer, const simulate::LeverPressParameters& parameters,
                   const simulate::AnimalTruth& animal, const simulate::SessionTruth& truth,
                   int deflate)
{
    auto source = simulate::SessionSource(parameters, animal, truth);
    writer.add_imaging({parameters.rate_hz,
                        fmt::format("primary motor cortex, {}", parameters.layer),
                        "GCaMP6f",
                        {truth.neurons.begin(), truth.neurons.end()},
                        source.frames(),
                        deflate});
    while (source.frames_left() > 0)
        writer.append_dfof(source.next_block(io::NwbWriter::chunk_frames));
}

} // namespace

std::filesystem::path session_file(const simulate::AnimalTruth& animal, std::int64_t session)
{
    const auto folder = fmt::format("sub-{}", animal.name);
    return std::filesystem::path(folder) / fmt::format("{}_ses-{:02d}.nwb", folder, session + 1);
}

void write_session(const simulate::LeverPressParameters& parameters,
                   const simulate::AnimalTruth& animal, std::int64_t session,
                   const std::filesystem::path& path, int deflate)
{
    const auto truth = simulate::session_truth(parameters, animal, session);
    if (truth.neurons.empty())
        throw base::InputError(
            fmt::format("session {} of {} would have no neurons", session + 1, animal.name),
            "missing-neurons", "give a smaller fraction or more neurons");
    if (path.has_parent_path())
        make_folder(path.parent_path());
    auto writer = io::NwbWriter(path, description(parameters, animal, session));
    write_calcium(writer, parameters, animal, truth, deflate);
    write_lever(writer, parameters, truth, deflate);
    writer.add_intervals("trials", trials(truth));
    writer.add_intervals("movement_epochs", movement_epochs(truth, parameters.rate_hz));
    add_truth(writer, "neurons", planted_neurons(animal, truth));
    add_truth(writer, "edges", planted_edges(animal, session));
    add_truth(writer, "population", population(parameters, animal, truth));
    if (auto names = disturbances(parameters.difficulties); !names.empty())
        add_truth(writer, "recording",
                  {"what the recording adds to all traces alike, of which the table population "
                   "knows nothing",
                   {},
                   {{"disturbance", "as the option of the simulation", std::move(names)}}});
    writer.finish();
}

} // namespace rewire::jobs
