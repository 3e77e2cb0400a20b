// calibration: measures on simulated data how often the p-values of the program are wrong, and what
// they find; see ../README.md.
#include "scenario.hpp"
#include "table.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/random.hpp>
#include <rewire/base/text.hpp>
#include <rewire/dense/symmetric.hpp>
#include <rewire/io/hdf5.hpp>
#include <rewire/io/whole_file.hpp>
#include <rewire/mpi/agreement.hpp>
#include <rewire/runtime/job.hpp>
#include <rewire/runtime/run_context.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>

using namespace rewire;

namespace rewire::calibration {

namespace {

namespace fs = std::filesystem;

/// A data set of a chosen scenario.
struct Unit
{
    std::size_t scenario;
    std::uint64_t number;
};

std::string full_name(const Scenario& scenario)
{
    return scenario.family + "/" + scenario.name;
}

/// The scenarios that --only and --reduced leave, with the number of data sets that are asked for.
std::vector<Scenario> chosen_scenarios(const runtime::Options& options)
{
    const auto only = options.texts("only");
    const auto reduced = options.flag("reduced");
    auto names = std::vector<std::string>{};
    auto chosen = std::vector<Scenario>{};
    for (auto& scenario : all_scenarios()) {
        names.push_back(full_name(scenario));
        const auto asked = std::any_of(only.begin(), only.end(), [&](const std::string& name) {
            return name == scenario.family || name == scenario.name || name == names.back();
        });
        if (reduced)
            scenario.data_sets = scenario.checked;
        scenario.fixed_draw = reduced && !options.given("data-sets") && !options.given("seed");
        if (options.given("data-sets"))
            scenario.data_sets = options.integer("data-sets");
        if ((only.empty() || asked) && scenario.data_sets > 0)
            chosen.push_back(std::move(scenario));
    }
    if (chosen.empty())
        throw base::UsageError("no such scenario", "--only",
                               "there are " + base::joined(names, ", "));
    return chosen;
}

std::uint64_t seed_of(std::uint64_t seed, const Scenario& scenario, std::uint64_t number)
{
    return base::Stream(seed, {base::key_of(full_name(scenario)), number}).bits64();
}

std::string list_of(const std::vector<Scenario>& scenarios)
{
    auto text = std::string{};
    for (const auto& scenario : scenarios)
        text +=
            fmt::format("{:<36} {:>6} x {:>6.2f} s  {:>2} bands  {}\n", full_name(scenario),
                        scenario.data_sets, scenario.seconds, scenario.bands.size(), scenario.says);
    return text;
}

/// Writes the first data sets of the scenarios that can be written, for other programs.
void write_data(const std::vector<Scenario>& scenarios, std::uint64_t seed, const fs::path& path)
{
    auto whole = io::WholeFile(path);
    auto file = io::create_file(whole.partial());
    for (const auto& scenario : scenarios) {
        if (!scenario.write)
            continue;
        for (std::int64_t number = 0; number < scenario.data_sets; ++number) {
            const auto group =
                io::create_group(file, fmt::format("{}/{}", full_name(scenario), number));
            scenario.write(seed_of(seed, scenario, static_cast<std::uint64_t>(number)), group);
        }
    }
    file.close();
    whole.publish();
}

std::vector<Row> measured(runtime::RunContext& context, std::vector<Scenario> scenarios)
{
    auto units = std::vector<Unit>{};
    auto costs = std::vector<double>{};
    auto rows = std::vector<Row>{};
    for (auto& scenario : scenarios) {
        for (std::int64_t number = 0; number < scenario.data_sets; ++number) {
            units.push_back({rows.size(), static_cast<std::uint64_t>(number)});
            costs.push_back(scenario.seconds);
        }
        rows.push_back({std::move(scenario), {}});
    }
    auto wrong = std::exception_ptr{};
    context.each_unit_to_root<Findings>(
        "data sets", costs,
        [&](std::int64_t index, const runtime::Tick& tick) -> std::optional<Findings> {
            const auto& unit = units[static_cast<std::size_t>(index)];
            const auto& scenario = rows[unit.scenario].scenario;
            auto findings = scenario.measure(seed_of(context.seed(), scenario, unit.number));
            if (!tick())
                return std::nullopt;
            return findings;
        },
        [&](std::int64_t index, Findings&& findings) {
            try {
                rows[units[static_cast<std::size_t>(index)].scenario].tally.add(findings);
            } catch (...) { // the other ranks do not hear of it until all results are in
                wrong = std::current_exception();
            }
        });
    mpi::agree_on(context.comm(), wrong);
    return rows;
}

void write_text(const fs::path& path, const std::string& text)
{
    auto file = io::WholeStream(path);
    file.write(text);
    file.publish();
}

void run_calibration(runtime::RunContext& context)
{
    const auto& options = context.options();
    const auto scenarios =
        mpi::collective(context.comm(), [&] { return chosen_scenarios(options); });
    if (options.flag("list"))
        return context.print(list_of(scenarios));
    if (options.has("write"))
        return context.collective("write", [&] {
            if (context.comm().is_root())
                write_data(scenarios, context.seed(), options.path("write"));
        });
    if (options.has("results")) {
        auto digest = options.result_changing();
        digest.emplace_back("version", runtime::program_version());
        context.begin_results(digest);
    }
    const auto rows = measured(context, scenarios);
    const auto missed = mpi::collective(context.comm(), [&] {
        if (!context.comm().is_root())
            return std::int64_t{0};
        if (options.has("results"))
            write_text(options.path("results") / "calibration.tsv", tsv_of(rows));
        if (options.flag("markdown"))
            context.print(markdown_of(rows));
        else
            for (const auto& row : rows)
                context.print(text_of(row));
        context.print("bands\n" + bands_of(rows));
        return missed_bands(rows);
    });
    context.finish();
    if (const auto all = context.comm().sum(missed); all > 0)
        mpi::throw_on_all(base::NumericalError(base::counted(all, "band") + " missed",
                                               "calibration", "they are the last lines above"));
}

std::vector<runtime::Option> calibration_options()
{
    using Kind = runtime::OptionKind;
    auto options = std::vector<runtime::Option>{
        {.name = "only", .help = "a family, or a scenario of one; repeatable", .repeatable = true},
        {.name = "reduced",
         .kind = Kind::flag,
         .help = "the few data sets of the test: half a minute"},
        {.name = "data-sets",
         .kind = Kind::integer,
         .help = "of every scenario, instead of its own number",
         .minimum = 1,
         .maximum = 1e6},
        {.name = "list",
         .kind = Kind::flag,
         .help = "print the scenarios and measure nothing",
         .changes_result = false},
        {.name = "markdown",
         .kind = Kind::flag,
         .help = "print tables for the documentation",
         .changes_result = false},
        {.name = "write",
         .kind = Kind::path,
         .help = "write the data sets of scenarios of edges to an HDF5 file and measure nothing",
         .changes_result = false},
        {.name = "results",
         .kind = Kind::path,
         .help = "folder for all numbers as calibration.tsv; a run that was stopped goes on there",
         .changes_result = false},
    };
    for (auto& option : runtime::common_options())
        for (const auto* name :
             {"seed", "restart", "checkpoint-s", "ignore-memory", "config", "help"})
            if (option.name == name)
                options.push_back(option);
    return options;
}

class Catalogue : public runtime::Catalogue
{
  public:
    std::vector<const runtime::Job*> jobs() const override { return {&job_}; }

  private:
    runtime::Job job_ = {
        .name = "calibration",
        .usage = "[--only FAMILY|SCENARIO] [--reduced] [--results DIR]",
        .summary = "how often p-values are wrong, on data whose truth is known",
        .details = "Draws data sets of every scenario on all ranks, and prints how often each "
                   "p-value is below its level\n"
                   "where there is nothing, divided by the level, and what is found where there "
                   "is something. Ends with 5\n"
                   "where a number lies outside of its band by more than sampling error; with "
                   "--reduced, whose data sets\n"
                   "are always the same, where it lies outside by more than a twentieth.",
        .examples = {"mpirun -n 2 calibration --reduced",
                     "srun calibration --only edges --results out/"},
        .options = calibration_options(),
        .run = run_calibration,
        .checks_memory = false};
};

} // namespace

std::vector<Scenario> all_scenarios()
{
    auto all = std::vector<Scenario>{};
    for (const auto family :
         {edge_scenarios, edge_frames_scenarios, movement_scenarios, change_scenarios,
          spike_scenarios, static_scenarios, dynamic_scenarios})
        for (auto& scenario : family())
            all.push_back(std::move(scenario));
    return all;
}

} // namespace rewire::calibration

int main(int argc, char** argv)
{
    runtime::catch_stop_signals();
    try {
        const auto environment = mpi::Environment(argc, argv);
        dense::use_one_thread();
        auto words = std::vector<std::string>{"calibration"};
        words.insert(words.end(), argv + 1, argv + argc);
        return runtime::run_command(calibration::Catalogue(), words, dense::blas_target());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "calibration: %s\n", error.what());
        mpi::end_all_ranks(base::ExitCode::bug);
    }
}
