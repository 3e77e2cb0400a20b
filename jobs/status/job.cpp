#include "entry.hpp"
#include "jobs/frame/session_results.hpp"
#include "submission.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

namespace rewire::jobs {

namespace {

using Kind = TaskState::Kind;

constexpr auto most_logs = std::size_t{5}; ///< of tasks of one array
constexpr auto log_tail = std::streamoff{65536};

/// The end of a file; empty where there is none.
std::string end_of_file(const std::filesystem::path& path)
{
    auto stream = std::ifstream(path, std::ios::binary | std::ios::ate);
    if (!stream)
        return {};
    const auto size = static_cast<std::streamoff>(stream.tellg());
    stream.seekg(std::max<std::streamoff>(0, size - log_tail));
    auto text = std::stringstream{};
    text << stream.rdbuf();
    return text.str();
}

/// What squeue knows of these; empty optional: there is no squeue that answers.
std::optional<Queue> queue_of(const std::vector<Submission>& submissions)
{
    auto numbers = std::set<std::string>{};
    for (const auto& submission : submissions)
        for (const auto& job : submission.jobs)
            if (!job.number.empty() &&
                job.number.find_first_not_of("0123456789") == std::string::npos)
                numbers.insert(job.number);
    auto out = std::string{};
    // Alone, a number that has left the queue is an error of squeue; among others it is not.
    const auto command = "squeue -h -r -o '%F|%K|%T|%r|%M|%l|%N' -j 1," +
                         base::joined({numbers.begin(), numbers.end()}, ",") + " 2>/dev/null";
    const auto close = [](std::FILE* pipe) { return ::pclose(pipe); };
    auto pipe = std::unique_ptr<std::FILE, decltype(close)>(::popen(command.c_str(), "r"), close);
    if (!pipe)
        return {};
    auto buffer = std::array<char, 4096>{};
    while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe.get()) != nullptr)
        out += buffer.data();
    if (::pclose(pipe.release()) != 0)
        return {};
    return parse_queue(out);
}

/// A batch job, or one task of it.
struct Told
{
    const BatchJob* job;
    std::int64_t task;
    TaskState state;
};

std::vector<Told> states_of(const Submission& submission, const Queue& queue)
{
    auto all = std::vector<Told>{};
    for (const auto& job : submission.jobs)
        for (auto task = job.first_task; task <= job.last_task; ++task) {
            const auto queued = queue.find({job.number, task});
            all.push_back({&job, task,
                           queued != queue.end() ? state_in_queue(queued->second)
                                                 : state_from_log(end_of_file(job.log_of(task)))});
        }
    // What never began because of another says which.
    for (auto& told : all)
        if (told.state.kind == Kind::not_started)
            for (const auto& before : all)
                if (std::find(told.job->after.begin(), told.job->after.end(), before.job->number) !=
                        told.job->after.end() &&
                    before.state.kind != Kind::done) {
                    told.state.words = fmt::format("did not start, since {} (job {}) did not end "
                                                   "well",
                                                   before.job->job, before.job->number);
                    break;
                }
    return all;
}

std::string name_of_task(const BatchJob& job, std::int64_t task)
{
    auto stream = std::ifstream(job.tasks);
    auto line = std::string{};
    for (std::int64_t number = 0; number < task && std::getline(stream, line); ++number) {
    }
    std::replace(line.begin(), line.end(), '\t', ' ');
    return line;
}

const char* word_of(Kind kind)
{
    switch (kind) {
    case Kind::waiting:
        return "waiting";
    case Kind::running:
        return "running";
    case Kind::done:
        return "done";
    case Kind::failed:
        return "failed";
    case Kind::cancelled:
        return "cancelled";
    case Kind::lost:
        return "lost";
    case Kind::not_started:
        return "not started";
    }
    return "";
}

/// "12 tasks: 7 done, 2 running, 3 waiting"
std::string counts_of(const std::vector<Told>& tasks)
{
    auto parts = std::vector<std::string>{};
    for (const auto kind : {Kind::done, Kind::running, Kind::waiting, Kind::failed, Kind::cancelled,
                            Kind::lost, Kind::not_started}) {
        const auto count = std::count_if(tasks.begin(), tasks.end(), [kind](const Told& task) {
            return task.state.kind == kind;
        });
        if (count > 0)
            parts.push_back(fmt::format("{} {}", count, word_of(kind)));
    }
    return fmt::format("{}: {}", base::counted(std::ssize(tasks), "task"),
                       base::joined(parts, ", "));
}

bool wants_its_log_shown(Kind kind)
{
    return kind == Kind::running || kind == Kind::failed || kind == Kind::lost ||
           kind == Kind::cancelled;
}

std::string end_of_log(const Told& told, std::size_t lines)
{
    const auto log = told.job->log_of(told.task);
    auto text = fmt::format(
        "\n==> {}{}\n", log.string(),
        told.job->is_array() ? fmt::format(" ({})", name_of_task(*told.job, told.task)) : "");
    for (const auto& line : last_lines(end_of_file(log), lines))
        text += "    " + line + "\n";
    return text;
}

std::string description(const Submission& submission, const Queue& queue, std::size_t lines)
{
    const auto all = states_of(submission, queue);
    auto text = fmt::format("{}\n", submission.file.stem().string());
    auto logs = std::string{};
    for (const auto& job : submission.jobs) {
        auto tasks = std::vector<Told>{};
        std::copy_if(all.begin(), all.end(), std::back_inserter(tasks),
                     [&](const Told& told) { return told.job == &job; });
        if (tasks.empty())
            continue;
        text += fmt::format("  {:<16} job {:<8} {}\n", job.job, job.number,
                            job.is_array() ? counts_of(tasks) : tasks.front().state.words);
        auto shown = std::size_t{0};
        for (const auto& told : tasks)
            if (wants_its_log_shown(told.state.kind) && shown++ < most_logs)
                logs += end_of_log(told, lines);
    }
    return text + logs + "\n";
}

/// What is there, and what was begun.
std::string results_in(const std::vector<Entry>& entries, const std::filesystem::path& folder)
{
    auto text = std::string{};
    for (const auto& entry : entries) {
        if (!entry.has_result)
            continue;
        const auto file = folder / entry.file();
        const auto begun = std::filesystem::exists(folder / (entry.name() + ".checkpoint"));
        if (!std::filesystem::exists(file) && !begun)
            continue;
        auto words = std::string("begun, not done");
        if (std::filesystem::exists(file)) {
            try {
                const auto sessions = sessions_in(io::open_for_reading(file)).size();
                words =
                    sessions == 0
                        ? std::string("there")
                        : "there, " + base::counted(static_cast<std::int64_t>(sessions), "session");
            } catch (const base::Error& error) {
                words = "damaged: " + error.problem();
            }
            if (begun)
                words += "; more was begun";
        }
        text += fmt::format("  {:<16} {}\n", entry.file(), words);
    }
    return text.empty() ? "no results yet\n" : "results\n" + text;
}

std::string status_text(const runtime::RunContext& context)
{
    const auto folder = context.options().path("results");
    if (!std::filesystem::is_directory(folder))
        throw base::InputError("no such folder", folder.string(),
                               "the RESULTS that was given to slurm/submit.sh");
    auto submissions = submissions_in(folder);
    auto text = results_in(entries_of(context), folder) + "\n";
    if (submissions.empty())
        return text + "nothing was submitted with slurm/submit.sh for this folder\n";
    const auto lines = static_cast<std::size_t>(context.options().integer("lines"));
    const auto queue = queue_of(submissions);
    if (!queue)
        text +=
            "squeue does not answer here: what follows is from the logs alone, and what runs or "
            "waits is not known\n\n";
    const auto known = queue.value_or(Queue{});
    if (!context.options().flag("all")) {
        const auto newest = submissions.back().file;
        std::erase_if(submissions, [&](const Submission& submission) {
            return submission.file != newest &&
                   std::none_of(submission.jobs.begin(), submission.jobs.end(),
                                [&](const BatchJob& job) {
                                    const auto at = known.lower_bound({job.number, 0});
                                    return at != known.end() && at->first.first == job.number;
                                });
        });
    }
    for (const auto& submission : submissions)
        text += description(submission, known, lines);
    return text;
}

void run_status(runtime::RunContext& context)
{
    mpi::collective(context.comm(), [&] {
        if (context.comm().is_root())
            context.print(status_text(context));
    });
}

} // namespace

Entry status_entry()
{
    return {
        .job = {
            .name = "status",
            .usage = "RESULTS [options]",
            .summary = "what is done, running, waiting and failed of what was submitted to Slurm",
            .details =
                "Reads what slurm/submit.sh left in RESULTS/slurm, asks squeue, and shows the "
                "newest submission, and older\n"
                "ones that are still in the queue, with the last lines of the logs of what runs "
                "or failed.",
            .examples = {"rewire status out/", "rewire status out/ --all --lines 20"},
            .options = {{.name = "results",
                         .kind = runtime::OptionKind::path,
                         .help = "folder of results",
                         .required = true,
                         .positional = true},
                        {.name = "lines",
                         .kind = runtime::OptionKind::integer,
                         .default_value = "3",
                         .help = "of every log that is shown",
                         .minimum = 0,
                         .maximum = 1000},
                        {.name = "all",
                         .kind = runtime::OptionKind::flag,
                         .help = "all submissions, not only the newest and what is in the queue"},
                        {.name = "config",
                         .kind = runtime::OptionKind::path,
                         .help = "file of `option = value` lines"},
                        {.name = "help", .kind = runtime::OptionKind::flag, .help = "this text"}},
            .run = run_status}};
}

} // namespace rewire::jobs
