#include "visual_file.hpp"

#include "jobs/truth/simulated_truth.hpp"
#include "kind.hpp"
#include "recordings.hpp"

#include <rewire/base/random.hpp>
#include <rewire/io/nwb_writer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace rewire::jobs {

namespace {

namespace fs = std::filesystem;

constexpr auto visual_subject = "visual";
constexpr auto channels_an_area = std::int64_t{1000}; ///< of the ids of channels

std::string notes(const simulate::VisualParameters& p)
{
    return fmt::format(
        "Simulated by rewire: units of visual cortex while drifting gratings are shown. seed {}, "
        "units {}, trials {} of {} s and {} s of grey, connections within areas {}, "
        "forward {}, feedback {}, inhibitory units {}, J {} and -{}, running gain {}, units that "
        "fade {}, cut in two {}, of poor quality {}. What was planted: /scratch/truth.",
        p.seed, p.units, p.trials, p.grating_s, p.grey_s, p.within, p.forward, p.feedback,
        p.inhibitory, p.coupling, p.inhibition, p.running_gain, p.fading, p.split, p.poor);
}

/// A unit of the file: of the network, or one of the pieces that it was cut into.
struct SortedUnit
{
    std::int64_t source = 0; ///< in the network
    bool piece = false;      ///< the second one
};

std::vector<SortedUnit> sorted_units(const simulate::VisualTruth& truth)
{
    auto units = std::vector<SortedUnit>{};
    for (std::int64_t unit = 0; unit < std::ssize(truth.unit); ++unit)
        units.push_back({unit, false});
    for (std::int64_t unit = 0; unit < std::ssize(truth.unit); ++unit)
        if (truth.unit[static_cast<std::size_t>(unit)].cut_in_two)
            units.push_back({unit, true});
    return units;
}

std::int64_t channel_id(const simulate::VisualUnit& unit)
{
    return channels_an_area * (unit.area + 1) + unit.channel;
}

io::NwbTable electrodes_of(const simulate::VisualTruth& truth)
{
    auto last = std::vector<std::int64_t>(simulate::visual_areas.size(), 0);
    for (const auto& unit : truth.unit) {
        auto& channels = last[static_cast<std::size_t>(unit.area)];
        channels = std::max(channels, unit.channel + 1);
    }
    auto table = io::NwbTable{"channels of one probe an area, 20 um apart", {}, {}};
    auto location = std::vector<std::string>{};
    auto place = std::array<std::vector<double>, 3>{};
    for (std::size_t area = 0; area < last.size(); ++area)
        for (std::int64_t channel = 0; channel < last[area]; ++channel) {
            table.id.push_back(channels_an_area * (static_cast<std::int64_t>(area) + 1) + channel);
            location.emplace_back(simulate::visual_areas[area].name);
            place[0].push_back(1000.0 * static_cast<double>(area));
            place[1].push_back(20.0 * static_cast<double>(channel));
            place[2].push_back(0);
        }
    table.columns = {{"location", "area of the channel", std::move(location)},
                     {"x", "um", std::move(place[0])},
                     {"y", "um, along the probe", std::move(place[1])},
                     {"z", "um", std::move(place[2])}};
    return table;
}

/// Numbers of a unit as sorters report them. A unit of poor quality fails one criterion.
struct Quality
{
    double amplitude_cutoff, isi_violations, presence_ratio, isolation_distance, snr,
        waveform_duration;
};

Quality quality_of(const simulate::VisualParameters& parameters, const simulate::VisualUnit& unit,
                   std::int64_t session, std::int64_t number)
{
    auto draw = base::Stream(parameters.seed,
                             {base::key_of("visual quality"), static_cast<std::uint64_t>(session),
                              static_cast<std::uint64_t>(number)});
    auto quality =
        Quality{.amplitude_cutoff = 0.08 * draw.uniform(),
                .isi_violations = 0.08 * draw.uniform(),
                .presence_ratio = 0.96 + 0.04 * draw.uniform(),
                .isolation_distance = 35 + 60 * draw.uniform(),
                .snr = 1.5 + 3 * draw.uniform(),
                .waveform_duration = (unit.excitatory ? 0.45 : 0.15) + 0.2 * draw.uniform()};
    const auto failed = draw.below(5);
    if (!unit.poor)
        return quality;
    switch (failed) {
    case 0:
        quality.amplitude_cutoff = 0.3;
        break;
    case 1:
        quality.isi_violations = 0.6;
        break;
    case 2:
        quality.presence_ratio = 0.7;
        break;
    case 3:
        quality.isolation_distance = 15;
        break;
    default:
        quality.snr = 0.6;
    }
    return quality;
}

io::NwbTable units_table(const simulate::VisualParameters& parameters,
                         const simulate::VisualTruth& truth, const std::vector<SortedUnit>& units,
                         std::int64_t session)
{
    auto table = io::NwbTable{"simulated units, as sorted", {}, {}};
    auto channel = std::vector<std::int64_t>{};
    auto layer = std::vector<std::string>{};
    auto quality = std::vector<Quality>{};
    for (const auto& sorted : units) {
        const auto& unit = truth.unit[static_cast<std::size_t>(sorted.source)];
        table.id.push_back(std::ssize(table.id));
        channel.push_back(channel_id(unit));
        layer.emplace_back(simulate::cortical_layers[static_cast<std::size_t>(unit.layer)]);
        quality.push_back(quality_of(parameters, unit, session, sorted.source));
    }
    const auto numbers = [&](double Quality::*member) {
        auto values = std::vector<double>{};
        for (const auto& one : quality)
            values.push_back(one.*member);
        return values;
    };
    table.columns = {
        {"peak_channel_id", "id of the electrode with the largest spikes", std::move(channel)},
        {"layer", "cortical layer", std::move(layer)},
        {"amplitude_cutoff", "share of spikes below the threshold",
         numbers(&Quality::amplitude_cutoff)},
        {"isi_violations", "of the refractory time", numbers(&Quality::isi_violations)},
        {"presence_ratio", "share of the time with spikes", numbers(&Quality::presence_ratio)},
        {"isolation_distance", "from other units", numbers(&Quality::isolation_distance)},
        {"snr", "signal to noise", numbers(&Quality::snr)},
        {"waveform_duration", "trough to peak, ms", numbers(&Quality::waveform_duration)}};
    return table;
}

/// Spikes of the units of the file; those of a unit that was cut go to either piece.
io::NwbUnits units_of(const simulate::VisualParameters& parameters,
                      const simulate::VisualTruth& truth, const std::vector<SortedUnit>& sorted,
                      const std::vector<std::vector<double>>& spikes, std::int64_t session,
                      int deflate)
{
    auto units = io::NwbUnits{.table = units_table(parameters, truth, sorted, session),
                              .spike_time_s = {},
                              .spike_end = {},
                              .observed_s = {0, parameters.duration_s()},
                              .deflate = deflate};
    for (const auto& [source, piece] : sorted) {
        auto draw = base::Stream(parameters.seed, {base::key_of("visual pieces"),
                                                   static_cast<std::uint64_t>(session),
                                                   static_cast<std::uint64_t>(source)});
        const auto cut = truth.unit[static_cast<std::size_t>(source)].cut_in_two;
        for (const auto time : spikes[static_cast<std::size_t>(source)])
            if (!cut || (draw.uniform() < 0.5) == piece)
                units.spike_time_s.push_back(time);
        units.spike_end.push_back(std::ssize(units.spike_time_s));
    }
    return units;
}

io::NwbTable presentations(const simulate::VisualParameters& parameters,
                           const simulate::VisualTruth& truth)
{
    auto start = std::vector<double>{};
    auto stop = std::vector<double>{};
    auto orientation = std::vector<double>{};
    for (const auto& trial : truth.trial) {
        start.push_back(trial.start_s);
        stop.push_back(trial.start_s + parameters.grating_s);
        orientation.push_back(45.0 * static_cast<double>(trial.orientation));
    }
    const auto count = start.size();
    return {"drifting gratings",
            {},
            {{"start_time", "start of the grating, s", std::move(start)},
             {"stop_time", "end of the grating, s", std::move(stop)},
             {"orientation", "degrees", std::move(orientation)},
             {"contrast", "of the grating", std::vector<double>(count, 0.8)},
             {"stimulus_block", "number of the block", std::vector<std::int64_t>(count, 1)},
             {"stimulus_name", "kind of stimulus",
              std::vector<std::string>(count, "drifting_gratings")}}};
}

io::NwbTable planted_units(const simulate::VisualTruth& truth, const std::vector<SortedUnit>& units)
{
    auto table = io::NwbTable{"what the units are made to be", {}, {}};
    auto area = std::vector<std::string>{};
    auto excitatory = io::Booleans{};
    auto fading = std::vector<std::string>{};
    auto piece_of = std::vector<std::int64_t>{};
    auto poor = io::Booleans{};
    auto rate = std::vector<double>{};
    for (const auto& sorted : units) {
        const auto& unit = truth.unit[static_cast<std::size_t>(sorted.source)];
        table.id.push_back(std::ssize(table.id));
        area.emplace_back(simulate::visual_areas[static_cast<std::size_t>(unit.area)].name);
        excitatory.values.push_back(unit.excitatory ? 1 : 0);
        fading.emplace_back(unit.fading == simulate::Fading::goes    ? "goes"
                            : unit.fading == simulate::Fading::comes ? "comes"
                                                                     : "no");
        piece_of.push_back(sorted.piece ? sorted.source : -1);
        poor.values.push_back(unit.poor ? 1 : 0);
        rate.push_back(unit.base_hz);
    }
    table.columns = {
        {"area", "visual area", std::move(area)},
        {"excitatory", "excites what it is connected to, else inhibits", std::move(excitatory)},
        {"fading", "goes or comes during the session, or no", std::move(fading)},
        {"piece_of", "id of the unit that it was cut from; -1: whole", std::move(piece_of)},
        {"poor", "fails a criterion of quality", std::move(poor)},
        {"base_rate_hz", "without stimulus, running and connections", std::move(rate)}};
    return table;
}

io::NwbTable planted_connections(const simulate::VisualTruth& truth)
{
    auto planted = PlantedConnections{};
    for (const auto& connection : truth.connection) {
        planted.pre.push_back(connection.pre);
        planted.post.push_back(connection.post);
        planted.sign.push_back(connection.coupling < 0 ? -1 : 1);
        planted.strength.push_back(connection.coupling);
        planted.delay_ms.push_back(connection.delay_ms);
    }
    return {"directed connections",
            {},
            connection_columns(std::move(planted),
                               "J: the rate is multiplied by exp(J exp(-(t - delay) / 4 ms))")};
}

io::NwbTable planted_areas()
{
    auto area = std::vector<std::string>{};
    auto score = std::vector<double>{};
    for (const auto& one : simulate::visual_areas) {
        area.emplace_back(one.name);
        score.push_back(one.hierarchy_score);
    }
    return {"areas by their place in the hierarchy",
            {},
            {{"area", "visual area", std::move(area)},
             {"hierarchy_score", "Siegle et al. 2021", std::move(score)}}};
}

} // namespace

fs::path visual_file(std::int64_t session)
{
    return recording_file(visual_subject, session);
}

bool write_visual_recording(const simulate::VisualParameters& parameters, std::int64_t session,
                            const fs::path& path, int deflate, const runtime::Tick& tick)
{
    const auto truth = simulate::visual_truth(parameters, session);
    const auto spikes = simulate::visual_spikes(parameters, truth, session, tick);
    if (spikes.empty())
        return false;
    const auto units = sorted_units(truth);
    make_folder(path.parent_path());
    auto writer = io::NwbWriter(
        path, recording_description({visual_subject,
                                     "simulated units of visual cortex, drifting gratings, running",
                                     notes(parameters)},
                                    session));
    writer.add_electrodes("probe", electrodes_of(truth));
    writer.add_units(units_of(parameters, truth, units, spikes, session, deflate));
    writer.add_intervals("drifting_gratings_presentations", presentations(parameters, truth));
    writer.add_series({.module = "running",
                       .name = "running_speed",
                       .description = "speed of the animal",
                       .unit = "cm/s",
                       .rate_hz = simulate::speed_rate_hz,
                       .value = truth.speed_cm_s,
                       .deflate = deflate});
    add_truth(writer, "units", planted_units(truth, units));
    add_truth(writer, "areas", planted_areas());
    add_truth(writer, "connections", planted_connections(truth));
    writer.finish();
    return true;
}

} // namespace rewire::jobs
