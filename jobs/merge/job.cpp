#include "entry.hpp"
#include "jobs/frame/session_results.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/copy_group.hpp>
#include <rewire/runtime/run_context.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <tuple>

namespace rewire::jobs {

namespace {

namespace fs = std::filesystem;

/// The parts of one result, in the order of what they hold.
using Parts = std::vector<fs::path>;

using Place = std::tuple<std::string, std::int64_t, std::string, std::string>;

/// The order of a study: by subject, number, start and name of the sessions.
Place place_of(const SessionHead& head)
{
    return {head.subject, head.number, head.start_time, head.session};
}

std::vector<Place> places_in(const io::Handle& file)
{
    auto places = std::vector<Place>{};
    for (const auto& head : heads_in(file))
        places.push_back(place_of(head));
    if (places.empty())
        for (const auto& name : io::subjects_in(file))
            places.emplace_back(name, 0, "", "");
    return places;
}

/// Results in the folders folder/A/ and folder/A/B/.
std::map<std::string, Parts> find_parts(const fs::path& folder)
{
    auto parts = std::map<std::string, Parts>{};
    auto error = std::error_code{};
    const auto follow = fs::directory_options::follow_directory_symlink;
    for (auto entry = fs::recursive_directory_iterator(folder, follow, error);
         !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        const auto& path = entry->path();
        if (entry->is_directory() && (path.extension() == ".checkpoint" || entry.depth() == 2))
            entry.disable_recursion_pending();
        else if (!entry->is_directory() && entry.depth() > 0 && path.extension() == ".h5")
            parts[path.filename().string()].push_back(path);
    }
    if (error && fs::exists(folder))
        throw base::IoError("cannot read the folder: " + error.message(), folder.string(),
                            "may you read it?");
    if (parts.empty())
        throw base::InputError(
            "no parts of results", folder.string(),
            "they are made by `rewire JOB --subject X --results RESULTS/parts/X`");
    for (auto& [name, paths] : parts) {
        auto order = std::vector<std::pair<std::vector<Place>, fs::path>>{};
        for (const auto& path : paths)
            order.emplace_back(places_in(io::open_for_reading(path)), path);
        std::sort(order.begin(), order.end());
        for (std::size_t i = 0; i < paths.size(); ++i)
            paths[i] = order[i].second;
    }
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
            for (auto& [option, value] : merged.options)
                if (option == "subject" || option == "session")
                    value.clear(); // of the first part alone
        }
        const auto different = io::differences(merged.digest, record.digest);
        if (!different.empty())
            throw base::InputError("parts were made with different settings\n    " +
                                       base::joined(different, "\n    "),
                                   fmt::format("{} and {}", parts.front().string(), part.string()),
                                   "compute the odd one again with the settings of the others");
        add_inputs(merged.inputs, record.inputs);
        for (const auto& [job, upstream] : record.upstream)
            add_inputs(merged.upstream[job].inputs, upstream.inputs);
        merged.start = std::min(merged.start, record.start);
        merged.ranks = std::max(merged.ranks, record.ranks);
    }
    merged.command += " ; " + command;
    merged.end = io::utc_now();
    return merged;
}

/// Subjects, and "subject/session" where a result has groups of sessions.
std::vector<std::string> members_of(const io::Handle& file)
{
    auto members = io::subjects_in(file);
    for (const auto& [subject, session] : sessions_in(file))
        members.push_back(subject + "/" + session);
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

/// Subjects, each with the parts that hold it, or some of its sessions, in their order.
std::map<std::string, Parts> subjects_of(const Parts& parts)
{
    auto subjects = std::map<std::string, Parts>{};
    for (const auto& part : parts)
        for (const auto& name : io::subjects_in(io::open_for_reading(part)))
            subjects[name].push_back(part);
    return subjects;
}

[[noreturn]] void held_twice(const std::string& name, const fs::path& first, const fs::path& second)
{
    throw base::InputError(fmt::format("two parts hold {}", name),
                           fmt::format("{} and {}", first.string(), second.string()),
                           "remove one of them; every part has subjects, or sessions, of its own");
}

/// Joins the sessions of a subject that are in several parts.
void join_sessions(const io::ResultFile& file, const Entry& entry, const std::string& subject,
                   const Parts& parts)
{
    if (entry.tasks != TaskLevel::session)
        held_twice(subject, parts[0], parts[1]);
    file.group(subject);
    auto owner = std::map<std::string, fs::path>{};
    for (const auto& part : parts) {
        const auto from = io::open_for_reading(part);
        for (const auto& head : heads_in(from)) {
            if (head.subject != subject)
                continue;
            const auto path = subject + "/" + head.session;
            if (const auto [other, is_new] = owner.emplace(head.session, part); !is_new)
                held_twice(path, other->second, part);
            io::copy_group(from, file.file(), "/" + path);
        }
    }
    if (entry.complete_subject)
        entry.complete_subject(file, subject);
}

void merge_one(runtime::RunContext& context, const fs::path& path, const Parts& parts)
{
    const auto record =
        record_of(parts, "rewire merge --results " + context.options().text("results"));
    const auto* entry = find_entry(entries_of(context), record.job);
    if (entry == nullptr)
        throw base::InputError("a result of a job that this rewire does not know: " + record.job,
                               parts.front().string(), "use the version of rewire that wrote it");
    if (fs::exists(path) && !context.options().flag("overwrite"))
        check_existing(path, parts, record);
    auto file = io::ResultFile(path, context.attempt());
    const auto subjects = subjects_of(parts);
    for (const auto& [subject, holders] : subjects)
        if (holders.size() == 1)
            io::copy_group(io::open_for_reading(holders.front()), file.file(), "/" + subject);
        else
            join_sessions(file, *entry, subject, holders);
    auto left_out = std::vector<io::LeftOut>{};
    for (const auto& part : parts)
        for (auto& one : read_left_out(io::open_for_reading(part)))
            if (std::none_of(left_out.begin(), left_out.end(),
                             [&](const auto& known) { return known.file == one.file; }))
                left_out.push_back(std::move(one));
    write_left_out(file.file(), left_out);
    if (entry->complete)
        entry->complete(file);
    file.publish(record, true);
    context.note(
        fmt::format("{}: {} subjects from {} parts", path.string(), subjects.size(), parts.size()));
}

void run_merge(runtime::RunContext& context)
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

Entry merge_entry()
{
    using Kind = runtime::OptionKind;
    const auto same = false;
    return {
        .job = {.name = "merge",
                .usage = "--results DIR [--parts DIR]",
                .summary = "one result from parts that were computed subject by subject, or "
                           "session by session",
                .details =
                    "Takes the results in the folders RESULTS/parts/SUBJECT/ and "
                    "RESULTS/parts/SUBJECT/SESSION/, as the tasks of\n"
                    "an array of batch jobs make them, and writes RESULTS/JOB.h5 for every job "
                    "that is there: the same datasets\n"
                    "as one run over all subjects. The parts must have been made with the same "
                    "settings and hold subjects of\n"
                    "their own; those of jobs with tasks of sessions may hold sessions of one "
                    "subject.",
                .examples = {"rewire merge --results out/",
                             "rewire merge --results out/ --parts out/session-parts"},
                .options = {{.name = "results",
                             .kind = Kind::path,
                             .help = "folder for the whole results",
                             .required = true},
                            {.name = "parts",
                             .kind = Kind::path,
                             .help =
                                 "folder with a folder of results for every part (RESULTS/parts)"},
                            {.name = "overwrite",
                             .kind = Kind::flag,
                             .help = "replace a result that holds something else",
                             .changes_result = same},
                            {.name = "config",
                             .kind = Kind::path,
                             .help = "file of `option = value` lines",
                             .changes_result = same},
                            {.name = "help",
                             .kind = Kind::flag,
                             .help = "this text",
                             .changes_result = same}},
                .run = run_merge},
        .joins_parts = true};
}

} // namespace rewire::jobs
