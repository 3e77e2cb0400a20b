#include "kind.hpp"
#include "recordings.hpp"
#include "visual_file.hpp"

#include <rewire/base/error.hpp>
#include <rewire/simulate/visual_recording.hpp>

#include <fmt/format.h>

namespace rewire::jobs {

namespace {

namespace fs = std::filesystem;

/// Of all areas. @throws UsageError
std::int64_t units_of(const runtime::Options& options)
{
    if (!options.given("units"))
        return options.integer("units-an-area") * std::ssize(simulate::visual_areas);
    if (options.given("units-an-area"))
        throw base::UsageError("the number of units is given twice", "--units with --units-an-area",
                               "leave out one of them");
    return options.integer("units");
}

simulate::VisualParameters visual_parameters(const runtime::Options& options)
{
    auto parameters = simulate::VisualParameters{
        .units = units_of(options),
        .trials = options.integer("trials"),
        .within = options.real("within"),
        .forward = options.real("forward"),
        .feedback = options.real("feedback"),
        .coupling = options.real("coupling"),
        .running_gain = options.real("running-gain"),
        .fading = options.real("fading"),
        .split = options.real("split"),
        .poor = options.real("poor"),
        .seed = static_cast<std::uint64_t>(options.integer("seed")),
    };
    simulate::check(parameters);
    return parameters;
}

double seconds_of(const simulate::VisualParameters& parameters)
{
    constexpr auto step_s = 12e-9; // of a unit
    return step_s * 1e3 * parameters.duration_s() * static_cast<double>(parameters.units);
}

void simulate_recordings(runtime::RunContext& context, const fs::path& folder,
                         const io::Fingerprint&)
{
    const auto parameters = visual_parameters(context.options());
    const auto sessions = context.options().integer("sessions");
    const auto deflate = static_cast<int>(context.options().integer("gzip"));
    context.each_unit<runtime::UnitResults>(
        "simulate", std::vector<double>(static_cast<std::size_t>(sessions), seconds_of(parameters)),
        [&](std::int64_t session, runtime::UnitResults&, const runtime::Tick& tick) {
            const auto path = folder / visual_file(session);
            return fs::exists(path) ||
                   write_visual_recording(parameters, session, path, deflate, tick);
        });
    context.note(fmt::format("{} recordings of {:g} s in {}", sessions, parameters.duration_s(),
                             folder.string()));
}

runtime::Estimate plan_recordings(const runtime::Options& options)
{
    const auto parameters = visual_parameters(options);
    const auto sessions = options.integer("sessions");
    const auto spikes = 15 * parameters.duration_s() * static_cast<double>(parameters.units);
    auto estimate = runtime::Estimate{};
    estimate.rank_bytes = runtime::base_rank_bytes + 40 * spikes + 10e6;
    estimate.add_phase("simulate", seconds_of(parameters) * static_cast<double>(sessions), sessions,
                       seconds_of(parameters));
    estimate.result_bytes = 8 * spikes * static_cast<double>(sessions);
    return estimate;
}

std::vector<runtime::Option> recording_options()
{
    using Kind = runtime::OptionKind;
    const auto defaults = simulate::VisualParameters{};
    const auto share = [](const char* name, double value, const char* help) {
        return runtime::Option{.name = name,
                               .kind = Kind::real,
                               .default_value = fmt::format("{}", value),
                               .help = help,
                               .minimum = 0,
                               .maximum = 1};
    };
    return {
        sessions_option(),
        {.name = "units-an-area",
         .kind = Kind::integer,
         .default_value = std::to_string(defaults.units / std::ssize(simulate::visual_areas)),
         .help = "units of each of the six areas",
         .minimum = 1,
         .maximum = 1e4},
        {.name = "units",
         .kind = Kind::integer,
         .help = "units of all areas together, as even as can be (instead of --units-an-area)",
         .minimum = 6,
         .maximum = 6e4},
        {.name = "trials",
         .kind = Kind::integer,
         .default_value = std::to_string(defaults.trials),
         .help = "gratings of 2 s, with 1 s of grey after each",
         .minimum = 1,
         .maximum = 1e6},
        share("within", defaults.within, "probability of a connection within an area"),
        share("forward", defaults.forward, "probability of one to a higher area"),
        share("feedback", defaults.feedback, "probability of one to a lower area"),
        {.name = "coupling",
         .kind = Kind::real,
         .default_value = fmt::format("{}", defaults.coupling),
         .help = "median J of excitatory connections: the log of what they multiply the rate by",
         .minimum = 0,
         .maximum = 3},
        {.name = "running-gain",
         .kind = Kind::real,
         .default_value = fmt::format("{}", defaults.running_gain),
         .help = "of all rates while the animal runs",
         .minimum = 0.01,
         .maximum = 10},
        share("fading", defaults.fading, "share of units that fade away or appear"),
        share("split", defaults.split, "share of units that are cut in two"),
        share("poor", defaults.poor, "share of units that fail a criterion of quality"),
        gzip_option(),
    };
}

} // namespace

SimulatedKind recording_kind()
{
    return {.name = "recording",
            .details =
                "Units of six visual areas in the layout of Neuropixels recordings: drifting "
                "gratings, running, planted\n"
                "connections whose delays follow the hierarchy of the areas, units that "
                "fade, are cut in two or sorted\n"
                "poorly.",
            .options = recording_options(),
            .check = [](const runtime::Options& options) { visual_parameters(options); },
            .run = simulate_recordings,
            .plan = plan_recordings};
}

} // namespace rewire::jobs
