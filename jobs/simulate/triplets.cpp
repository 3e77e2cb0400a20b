#include "jobs/truth/simulated_truth.hpp"
#include "kind.hpp"
#include "recordings.hpp"

#include <rewire/io/nwb_writer.hpp>
#include <rewire/simulate/triplet_network.hpp>

#include <fmt/format.h>

#include <utility>

namespace rewire::jobs {

namespace {

namespace fs = std::filesystem;

constexpr auto triplet_subject = "triplets";

simulate::TripletParameters triplet_parameters(const runtime::Options& options)
{
    auto parameters = simulate::TripletParameters{
        .neurons = options.integer("neurons"),
        .triplets = options.integer("triplets"),
        .trials = options.integer("trials"),
        .transmission = options.real("transmission"),
        .seed = static_cast<std::uint64_t>(options.integer("seed")),
    };
    simulate::check(parameters);
    return parameters;
}

std::string notes(const simulate::TripletParameters& p)
{
    return fmt::format(
        "Simulated by rewire: Bernoulli neurons with planted triplets. seed {}, neurons {}, "
        "triplets {}, trials {} of {} bins of {} s, background {} to {} a bin, transmission {}, "
        "lags {} and {} bins. What was planted: /scratch/truth.",
        p.seed, p.neurons, p.triplets, p.trials, p.bins, p.bin_s, p.slowest, p.fastest,
        p.transmission, p.first_lag, p.second_lag);
}

/// Spikes lie in the middle of their bins, so that none is on a border, whatever the rounding.
io::NwbUnits units_of(const simulate::TripletParameters& parameters,
                      const std::vector<std::vector<std::int64_t>>& spikes, int deflate)
{
    auto units =
        io::NwbUnits{.table = {"simulated units", counting(parameters.neurons), {}},
                     .spike_time_s = {},
                     .spike_end = {},
                     .observed_s = {0, static_cast<double>(parameters.trials * parameters.bins) *
                                           parameters.bin_s},
                     .deflate = deflate};
    for (const auto& train : spikes) {
        for (const auto bin : train)
            units.spike_time_s.push_back((static_cast<double>(bin) + 0.5) * parameters.bin_s);
        units.spike_end.push_back(std::ssize(units.spike_time_s));
    }
    return units;
}

io::NwbTable planted_connections(const simulate::TripletParameters& parameters,
                                 const simulate::TripletNetwork& network)
{
    auto planted = PlantedConnections{};
    auto triplet = std::vector<std::int64_t>{};
    auto start = std::vector<double>{};
    auto stop = std::vector<double>{};
    auto inside = io::Booleans{};
    const auto middle = simulate::active_bins(parameters);
    for (const auto& connection : network.connections) {
        planted.pre.push_back(connection.pre);
        planted.post.push_back(connection.post);
        planted.sign.push_back(1);
        planted.strength.push_back(parameters.transmission);
        planted.delay_ms.push_back(1e3 * static_cast<double>(connection.lag) * parameters.bin_s);
        triplet.push_back(connection.triplet);
        start.push_back(static_cast<double>(middle.first) * parameters.bin_s);
        stop.push_back(static_cast<double>(middle.last) * parameters.bin_s);
        const auto& of = network.triplets[static_cast<std::size_t>(connection.triplet)];
        inside.values.push_back(of.active_in_middle ? 1 : 0);
    }
    auto columns =
        connection_columns(std::move(planted), "probability that a spike is transmitted");
    columns.push_back({"triplet", "row of the table of triplets", std::move(triplet)});
    columns.push_back({"active_start_s", "begin of the middle of the trial, s", std::move(start)});
    columns.push_back({"active_stop_s", "end of the middle of the trial, s", std::move(stop)});
    columns.push_back({"active_in_middle", "active in the middle of the trial, else outside of it",
                       std::move(inside)});
    return {"directed connections", {}, std::move(columns)};
}

io::NwbTable planted_triplets(const simulate::TripletNetwork& network)
{
    auto neuron = std::array<std::vector<std::int64_t>, 3>{};
    auto kind = std::vector<std::string>{};
    auto inside = io::Booleans{};
    for (const auto& triplet : network.triplets) {
        for (std::size_t k = 0; k < neuron.size(); ++k)
            neuron[k].push_back(triplet.neuron[k]);
        kind.emplace_back(simulate::name_of(triplet.kind));
        inside.values.push_back(triplet.active_in_middle ? 1 : 0);
    }
    return {"chains 1 -> 2 -> 3 and common inputs 1 -> 2, 1 -> 3",
            {},
            {{"unit_1", "id of the first unit", std::move(neuron[0])},
             {"unit_2", "id of the second unit", std::move(neuron[1])},
             {"unit_3", "id of the third unit", std::move(neuron[2])},
             {"kind", "chain of three or common input", std::move(kind)},
             {"active_in_middle", "active in the middle of the trial, else outside of it",
              std::move(inside)}}};
}

io::NwbTable planted_units(const simulate::TripletParameters& parameters,
                           const simulate::TripletNetwork& network)
{
    auto rate = std::vector<double>{};
    for (const auto probability : network.rate)
        rate.push_back(probability / parameters.bin_s);
    return {"what the units are made to be",
            counting(parameters.neurons),
            {{"background_rate_hz", "rate of the spikes that nothing drives", std::move(rate)}}};
}

void write_recording(const simulate::TripletParameters& parameters, std::int64_t session,
                     const fs::path& path, int deflate)
{
    const auto network = simulate::triplet_network(parameters, session);
    const auto spikes = simulate::triplet_spikes(parameters, network, session);
    make_folder(path.parent_path());
    auto writer = io::NwbWriter(
        path, recording_description({triplet_subject,
                                     "simulated neurons with triplets of which one pair is "
                                     "correlated without a connection",
                                     notes(parameters)},
                                    session));
    writer.add_units(units_of(parameters, spikes, deflate));
    writer.add_intervals("trials",
                         trials_end_to_end(parameters.trials, static_cast<double>(parameters.bins) *
                                                                  parameters.bin_s));
    add_truth(writer, "units", planted_units(parameters, network));
    if (!network.connections.empty())
        add_truth(writer, "triplets", planted_triplets(network));
    add_truth(writer, "connections", planted_connections(parameters, network));
    writer.finish();
}

double bins_of(const simulate::TripletParameters& parameters)
{
    return static_cast<double>(parameters.neurons * parameters.trials * parameters.bins);
}

void simulate_triplets(runtime::RunContext& context, const fs::path& folder, const io::Fingerprint&)
{
    const auto parameters = triplet_parameters(context.options());
    const auto sessions = context.options().integer("sessions");
    const auto deflate = static_cast<int>(context.options().integer("gzip"));
    context.each_unit<runtime::UnitResults>(
        "simulate", std::vector<double>(static_cast<std::size_t>(sessions), bins_of(parameters)),
        [&](std::int64_t session, runtime::UnitResults&, const runtime::Tick& tick) {
            const auto path = folder / recording_file(triplet_subject, session);
            if (!fs::exists(path))
                write_recording(parameters, session, path, deflate);
            return tick() || true; // the file is whole: done, even when asked to stop
        });
    context.note(fmt::format("{} recordings of {} units and {} triplets in {}", sessions,
                             parameters.neurons, parameters.triplets, folder.string()));
}

runtime::Estimate plan_triplets(const runtime::Options& options)
{
    const auto parameters = triplet_parameters(options);
    const auto sessions = options.integer("sessions");
    const auto spikes = bins_of(parameters) * parameters.fastest;
    auto estimate = runtime::Estimate{};
    estimate.rank_bytes = runtime::base_rank_bytes + 32 * spikes +
                          static_cast<double>(parameters.neurons * parameters.bins) + 10e6;
    const auto session_s = bins_of(parameters) * 12e-9;
    estimate.add_phase("simulate", session_s * static_cast<double>(sessions), sessions, session_s);
    estimate.result_bytes = 8 * spikes * static_cast<double>(sessions);
    return estimate;
}

std::vector<runtime::Option> triplets_options()
{
    using Kind = runtime::OptionKind;
    const auto defaults = simulate::TripletParameters{};
    return {
        sessions_option(),
        {.name = "neurons",
         .kind = Kind::integer,
         .default_value = std::to_string(defaults.neurons),
         .help = "neurons of a recording",
         .minimum = 3,
         .maximum = 1e5},
        {.name = "triplets",
         .kind = Kind::integer,
         .default_value = std::to_string(defaults.triplets),
         .help = "triplets: chains and common inputs, half of them active in the middle of the "
                 "trial",
         .minimum = 0,
         .maximum = 1e6},
        {.name = "trials",
         .kind = Kind::integer,
         .default_value = std::to_string(defaults.trials),
         .help = "trials of 0.5 s",
         .minimum = 1,
         .maximum = 1e6},
        {.name = "transmission",
         .kind = Kind::real,
         .default_value = fmt::format("{}", defaults.transmission),
         .help = "probability that a spike makes one of the next neuron",
         .minimum = 0,
         .maximum = 1},
        gzip_option(),
    };
}

} // namespace

SimulatedKind triplets_kind()
{
    return {.name = "triplets",
            .details = "Bernoulli neurons with chains and common inputs of three, in which one "
                       "pair is correlated without a\n"
                       "connection; active in the middle or the outer parts of trials.",
            .options = triplets_options(),
            .check = [](const runtime::Options& options) { triplet_parameters(options); },
            .run = simulate_triplets,
            .plan = plan_triplets};
}

} // namespace rewire::jobs
