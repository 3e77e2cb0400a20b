#include "entry.hpp"
#include "jobs/frame/command_of.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace rewire::jobs {

namespace {

void export_result(runtime::RunContext& context)
{
    const auto& options = context.options();
    const auto& entry = *find_entry(entries_of(context), options.text("what"));
    const auto path = required_result(context, entry.name());
    const auto& formats = entry.table->formats;
    const auto format = options.has("format") ? options.text("format") : formats.front();
    if (std::find(formats.begin(), formats.end(), format) == formats.end())
        throw base::UsageError(fmt::format("{} is not exported as {}", entry.name(), format), "",
                               "it can be written as " + base::joined(formats, ", "));
    const auto folder =
        options.has("out") ? options.path("out") : options.path("results") / "export";
    auto error = std::error_code{};
    std::filesystem::create_directories(folder, error);
    if (error)
        throw base::IoError("cannot make the folder: " + error.message(), folder.string(),
                            "may you write there?");
    const auto file = io::open_for_reading(path);
    io::read_record(file);
    context.note(entry.table->write({.result = file,
                                     .folder = folder,
                                     .format = format,
                                     .everything = options.flag("all-pairs")}));
}

void run_export(runtime::RunContext& context)
{
    mpi::collective(context.comm(), [&] {
        if (context.comm().is_root())
            export_result(context);
    });
}

/// What can be exported, and as what, follows from the entries that have a table.
void introduce(runtime::Job& job, const std::vector<Entry>& all)
{
    for (auto& option : job.options)
        for (const auto& entry : all) {
            if (!entry.table)
                continue;
            if (option.name == "what") {
                option.choices.push_back(entry.name());
                if (option.default_value.empty())
                    option.default_value = entry.name();
            }
            if (option.name == "format")
                for (const auto& format : entry.table->formats)
                    if (std::find(option.choices.begin(), option.choices.end(), format) ==
                        option.choices.end())
                        option.choices.push_back(format);
        }
}

} // namespace

Entry export_entry()
{
    using Kind = runtime::OptionKind;
    return {
        .job = {.name = "export",
                .usage = "--results DIR --what RESULT --format csv|graphml",
                .summary = "edge lists for R, Cytoscape, Gephi",
                .details = "Writes the tables of a result, such as the edges of every session with "
                           "what belongs to each: one CSV\n"
                           "table, or one GraphML file a session.",
                .examples = {"rewire export --results out/",
                             "rewire export --results out/ --format graphml --all-pairs"},
                .options = {{.name = "results",
                             .kind = Kind::path,
                             .help = "folder of the results",
                             .required = true},
                            {.name = "what", .help = "which result"},
                            {.name = "format", .help = "format; default: the first the result has"},
                            {.name = "out",
                             .kind = Kind::path,
                             .help = "folder to write to (RESULTS/export)"},
                            {.name = "all-pairs",
                             .kind = Kind::flag,
                             .help = "every pair that was looked at, not only what was found"},
                            {.name = "config",
                             .kind = Kind::path,
                             .help = "file of `option = value` lines"},
                            {.name = "help", .kind = Kind::flag, .help = "this text"}},
                .run = run_export},
        .introduce = introduce};
}

} // namespace rewire::jobs
