#include "entry.hpp"
#include "kind.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/checkpoint.hpp>
#include <rewire/io/whole_file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

namespace rewire::jobs {

namespace {

namespace fs = std::filesystem;

/// Beside the files of a simulated study: what it was made with.
constexpr auto record_name = "simulation.txt";

const std::vector<SimulatedKind>& kinds()
{
    static const auto all =
        std::vector{lever_press_kind(), triplets_kind(), recording_kind(), hodgkin_huxley_kind()};
    return all;
}

const SimulatedKind& kind_of(const runtime::Options& options)
{
    return *std::find_if(kinds().begin(), kinds().end(), [&](const SimulatedKind& kind) {
        return kind.name == options.text("kind");
    });
}

const runtime::Option* find_option(const std::vector<runtime::Option>& options,
                                   const std::string& name)
{
    const auto at = std::find_if(options.begin(), options.end(),
                                 [&](const runtime::Option& each) { return each.name == name; });
    return at == options.end() ? nullptr : &*at;
}

/// All that kinds take, each name once. Where kinds differ in the default there is none here: it is
/// set once the kind is known.
std::vector<runtime::Option> options_of_kinds()
{
    auto all = std::vector<runtime::Option>{};
    for (const auto& kind : kinds())
        for (const auto& option : kind.options) {
            if (find_option(all, option.name) != nullptr)
                continue;
            auto joint = option;
            auto users = std::vector<std::string>{};
            for (const auto& other : kinds())
                if (const auto* same = find_option(other.options, option.name)) {
                    joint.minimum = std::min(joint.minimum, same->minimum);
                    joint.maximum = std::max(joint.maximum, same->maximum);
                    users.push_back(same->default_value.empty()
                                        ? other.name
                                        : fmt::format("{}: {}", other.name, same->default_value));
                }
            joint.default_value.clear();
            joint.help += fmt::format(" ({})", base::joined(users, "; "));
            all.push_back(std::move(joint));
        }
    return all;
}

/// @throws UsageError: an option of another kind
void adopt_options_of(const SimulatedKind& kind, runtime::RunContext& context)
{
    for (const auto& option : options_of_kinds()) {
        const auto* own = find_option(kind.options, option.name);
        if (own == nullptr && context.options().given(option.name)) {
            auto names = std::vector<std::string>{};
            for (const auto& each : kind.options)
                names.push_back("--" + each.name);
            throw base::UsageError(fmt::format("a study of kind {} has no such option", kind.name),
                                   "--" + option.name, "it takes " + base::joined(names, " "));
        }
        if (own != nullptr && !own->default_value.empty() && !context.options().given(option.name))
            context.adopt(option.name, own->default_value);
    }
}

/// What the study is made with: the options of its kind and those of all.
io::Fingerprint made_with(const SimulatedKind& kind, const runtime::Options& options)
{
    auto fields = options.result_changing();
    const auto of_kinds = options_of_kinds();
    std::erase_if(fields, [&](const auto& field) {
        const auto name = field.first.substr(2);
        return find_option(of_kinds, name) != nullptr && find_option(kind.options, name) == nullptr;
    });
    fields.emplace_back("version", runtime::program_version());
    return fields;
}

/// A study is made once: the same command goes on where it was, another one must not mix its files
/// with it.
void begin_study(const fs::path& folder, const io::Fingerprint& settings, bool overwrite)
{
    make_folder(folder);
    const auto record = folder / record_name;
    auto there = std::stringstream{};
    if (auto file = std::ifstream(record); file)
        there << file.rdbuf();
    if (!overwrite && !there.str().empty()) {
        const auto different = io::differences(io::fingerprint_from_text(there.str()), settings);
        if (!different.empty())
            throw base::UsageError("a study made with other settings is there\n    " +
                                       base::joined(different, "\n    "),
                                   folder.string(),
                                   "choose another folder with --out, or add --overwrite");
        return;
    }
    const auto ours = !there.str().empty();
    auto old = std::vector<fs::path>{};
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.path().extension() == ".nwb")
            old.push_back(entry.path());
    if (!old.empty() && !ours)
        throw base::UsageError("there are NWB files that no simulation made", folder.string(),
                               "choose an empty folder with --out");
    for (const auto& path :
         old) // of another simulated study: nothing of it may be taken for this one
        fs::remove(path);
    auto file = io::WholeStream(record);
    file.write(io::to_text(settings));
    file.publish();
}

void run_simulate(runtime::RunContext& context)
{
    const auto& comm = context.comm();
    const auto& kind = kind_of(context.options());
    const auto folder = context.options().path("out");
    mpi::collective(comm, [&] {
        adopt_options_of(kind, context);
        kind.check(context.options());
    });
    const auto settings = made_with(kind, context.options());
    const auto overwrite = context.options().flag("overwrite");
    mpi::collective(comm, [&] {
        if (comm.is_root())
            begin_study(folder, settings, overwrite);
    });
    kind.run(context, folder, settings);
}

runtime::Estimate plan_simulate(runtime::RunContext& context)
{
    const auto& kind = kind_of(context.options());
    adopt_options_of(kind, context);
    return kind.plan(context.options());
}

std::vector<runtime::Option> simulate_options()
{
    using Kind = runtime::OptionKind;
    const auto same = false;
    auto names = std::vector<std::string>{};
    for (const auto& kind : kinds())
        names.push_back(kind.name);
    auto options = std::vector<runtime::Option>{
        {.name = "kind",
         .default_value = names.front(),
         .help = "kind of study",
         .choices = names,
         .positional = true},
        {.name = "out",
         .kind = Kind::path,
         .help = "folder for the files",
         .required = true,
         .changes_result = same},
    };
    for (auto& option : options_of_kinds())
        options.push_back(std::move(option));
    const auto common = std::vector<runtime::Option>{
        {.name = "seed",
         .kind = Kind::integer,
         .default_value = "1",
         .help = "seed of every random draw",
         .minimum = 0,
         .maximum = runtime::largest_seed},
        {.name = "overwrite",
         .kind = Kind::flag,
         .help = "replace what is there",
         .changes_result = same},
        {.name = "ignore-memory",
         .kind = Kind::flag,
         .help = "start although the machine seems to have too little memory",
         .changes_result = same},
        {.name = "config",
         .kind = Kind::path,
         .help = "file of `option = value` lines; the command line takes precedence",
         .changes_result = same},
        {.name = "help", .kind = Kind::flag, .help = "this text", .changes_result = same},
    };
    options.insert(options.end(), common.begin(), common.end());
    return options;
}

std::string details()
{
    auto text = std::string{};
    for (const auto& kind : kinds())
        text += kind.name + ". " + kind.details + "\n";
    return text +
           "The truth is in every file under /scratch/truth. Sessions are made on all ranks; "
           "the same command goes on where it was.";
}

} // namespace

std::string simulated_start_time(std::int64_t session)
{
    using namespace std::chrono;
    const auto date = year_month_day{sys_days{year{2024} / 1 / 1} + days{session}};
    return fmt::format("{:04d}-{:02d}-{:02d}T09:00:00+00:00", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

void make_folder(const fs::path& folder)
{
    auto error = std::error_code{};
    fs::create_directories(folder, error);
    if (error)
        throw base::IoError("cannot make folder: " + error.message(), folder.string(),
                            "may you write there?");
}

Entry simulate_entry()
{
    return {.job = {.name = "simulate",
                    .usage = "KIND --out DIR [options]",
                    .summary = "make a study with known truth, as NWB files",
                    .details = details(),
                    .examples = {"rewire simulate --out study/ --animals 2 --neurons 80 "
                                 "--duration-s 600",
                                 "rewire simulate --out hard/ --weakest 0.05 --shortest-s 30 "
                                 "--duration-s 900",
                                 "mpirun -n 8 rewire simulate --out study/ --null",
                                 "rewire simulate triplets --out triplets/",
                                 "rewire simulate recording --out recording/ --trials 600",
                                 "mpirun -n 2 rewire simulate hodgkin-huxley --out network/ "
                                 "--duration-s 600"},
                    .citation = "Kobayashi et al. 2019 (the network of Hodgkin-Huxley cells)",
                    .paper = "the rewiring paper",
                    .options = simulate_options(),
                    .run = run_simulate,
                    .plan = plan_simulate,
                    .checks_memory = false}};
}

} // namespace rewire::jobs
