#include "catalogue.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/copy_group.hpp>
#include <rewire/job/run_context.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

namespace rewire::jobs {

namespace {

namespace fs = std::filesystem;

/// The parts of one result, in the order of their paths.
using Parts = std::vector<fs::path>;

std::map<std::string, Parts> find_parts(const fs::path& folder)
{
    auto parts = std::map<std::string, Parts>{};
    auto error = std::error_code{};
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (entry.is_directory())
            for (const auto& file : fs::directory_iterator(entry.path()))
                if (file.path().extension() == ".h5")
                    parts[file.path().filename().string()].push_back(file.path());
    if (parts.empty())
        throw base::InputError(
            "no parts of results", folder.string(),
            "they are made by `rewire JOB --subject X --results RESULTS/parts/X`");
    for (auto& [name, paths] : parts)
        std::sort(paths.begin(), paths.end());
    return parts;
}

void add_inputs(io::Fingerprint& all, const io::Fingerprint& more)
{
    for (const auto& input : more)
        if (std::find(all.begin(), all.end(), input) == all.end())
            all.push_back(input);
}

/// What the merged result says of itself: the settings that its parts share.
io::Record record_of(const Parts& parts, const std::string& command)
{
    auto merged = io::Record{};
    for (const auto& part : parts) {
        const auto record = io::read_record(io::open_for_reading(part));
        if (part == parts.front()) {
            merged = record;
            merged.inputs.clear();
        }
        const auto different = io::differences(merged.digest, record.digest);
        if (!different.empty())
            throw base::InputError("parts were made with different settings\n    " +
                                       base::joined(different, "\n    "),
                                   fmt::format("{} and {}", parts.front().string(), part.string()),
                                   "compute the odd one again with the settings of the others");
        add_inputs(merged.inputs, record.inputs);
        merged.start = std::min(merged.start, record.start);
        merged.ranks = std::max(merged.ranks, record.ranks);
    }
    merged.command += " ; " + command;
    merged.end = io::utc_now();
    return merged;
}

/// Subjects, and "subject/session" where a result has groups of sessions.
std::vector<std::string> members_of(hid_t file)
{
    auto members = std::vector<std::string>{};
    for (const auto& subject : io::children(file)) {
        members.push_back(subject);
        if (io::is_group(file, subject))
            for (const auto& session : io::children(file, subject))
                if (io::is_group(file, subject + "/" + session))
                    members.push_back(subject + "/" + session);
    }
    return members;
}

/// A result that is there may give way when all of it comes back from the parts.
void check_existing(const fs::path& path, const Parts& parts, const io::Record& record)
{
    const auto there = io::open_for_reading(path);
    auto left = members_of(there);
    for (const auto& part : parts)
        for (const auto& name : members_of(io::open_for_reading(part)))
            std::erase(left, name);
    const auto different = io::differences(io::read_record(there).digest, record.digest);
    if (!left.empty() || !different.empty())
        throw base::UsageError(left.empty() ? "a result made with other settings is there\n    " +
                                                  base::joined(different, "\n    ")
                                            : "a result is there that holds more than the parts: " +
                                                  base::joined(left, ", "),
                               path.string(), "add --overwrite to replace it");
}

void merge_one(job::RunContext& context, const fs::path& path, const Parts& parts)
{
    const auto record =
        record_of(parts, "rewire merge --results " + context.options().text("results"));
    if (fs::exists(path) && !context.options().flag("overwrite"))
        check_existing(path, parts, record);
    auto file = io::ResultFile(path, context.attempt());
    auto owner = std::map<std::string, fs::path>{};
    for (const auto& part : parts) {
        const auto from = io::open_for_reading(part);
        for (const auto& name : io::children(from)) {
            if (const auto [other, is_new] = owner.emplace(name, part); !is_new)
                throw base::InputError(
                    fmt::format("two parts hold {}", name),
                    fmt::format("{} and {}", other->second.string(), part.string()),
                    "remove one of them; every part has subjects of its own");
            io::copy_group(from, file.file(), "/" + name);
        }
    }
    file.publish(record, true);
    context.note(
        fmt::format("{}: {} subjects from {} parts", path.string(), owner.size(), parts.size()));
}

void run_merge(job::RunContext& context)
{
    mpi::collective(context.comm(), [&] {
        if (!context.comm().is_root())
            return;
        const auto results = context.options().path("results");
        const auto parts =
            context.options().has("parts") ? context.options().path("parts") : results / "parts";
        for (const auto& [name, paths] : find_parts(parts))
            merge_one(context, results / name, paths);
    });
}

} // namespace

job::Job merge_job()
{
    using Kind = job::OptionKind;
    const auto same = false;
    return {.name = "merge",
            .usage = "--results DIR [--parts DIR]",
            .summary = "one result from parts that were computed subject by subject",
            .details = "Takes the results in the folders RESULTS/parts/*/, each of subjects of its "
                       "own, as the tasks of an array of\n"
                       "batch jobs make them, and writes RESULTS/JOB.h5 for every job that is "
                       "there: the same datasets as one run\n"
                       "over all subjects. The parts must have been made with the same settings.",
            .options =
                {{.name = "results",
                  .kind = Kind::path,
                  .help = "folder for the whole results",
                  .required = true},
                 {.name = "parts",
                  .kind = Kind::path,
                  .help = "folder with a folder of results for every part (RESULTS/parts)"},
                 {.name = "overwrite",
                  .kind = Kind::flag,
                  .help = "replace a result that holds something else",
                  .changes_result = same},
                 {.name = "config",
                  .kind = Kind::path,
                  .help = "file of `option = value` lines",
                  .changes_result = same},
                 {.name = "help", .kind = Kind::flag, .help = "this text", .changes_result = same}},
            .run = run_merge};
}

} // namespace rewire::jobs
