#include "submission.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace rewire::jobs {

namespace {

constexpr auto head = "job\tnumber\tfirst_task\tlast_task\tafter\tlog\ttasks";

std::vector<std::string> lines_of(const std::string& text)
{
    auto lines = std::vector<std::string>{};
    auto stream = std::istringstream(text);
    for (auto line = std::string{}; std::getline(stream, line);)
        if (!base::trimmed(line).empty())
            lines.push_back(line);
    return lines;
}

std::int64_t count_from(const std::string& text)
{
    auto value = std::int64_t{0};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? value : -1;
}

Submission read_submission(const std::filesystem::path& file)
{
    auto stream = std::ifstream(file);
    auto text = std::stringstream{};
    text << stream.rdbuf();
    auto submission = Submission{file, {}};
    const auto lines = lines_of(text.str());
    for (std::size_t line = 0; line < lines.size(); ++line) {
        const auto fields = base::split(lines[line], '\t');
        const auto is_head = line == 0 && lines[line] == head;
        if (is_head)
            continue;
        if (line == 0 || fields.size() != 7 || count_from(fields[2]) < 0 ||
            count_from(fields[3]) < 0)
            throw base::InputError(fmt::format("line {} is not one of a submission", line + 1),
                                   file.string(), "slurm/submit.sh writes these files");
        auto job = BatchJob{.job = fields[0],
                            .number = fields[1],
                            .first_task = count_from(fields[2]),
                            .last_task = count_from(fields[3]),
                            .after = {},
                            .log = fields[5],
                            .tasks = fields[6] == "-" ? "" : fields[6]};
        for (const auto& number : base::split(fields[4], ','))
            if (!number.empty() && number != "-")
                job.after.push_back(number);
        submission.jobs.push_back(std::move(job));
    }
    return submission;
}

/// What job.sbatch says of an attempt that has ended; nothing for its other lines.
std::string closing_words(const std::string& line)
{
    constexpr auto speaker = " job.sbatch: ";
    const auto at = line.find(speaker);
    return at == std::string::npos ? std::string{} : line.substr(at + std::string(speaker).size());
}

bool has(const std::string& text, const char* words)
{
    return text.find(words) != std::string::npos;
}

} // namespace

std::filesystem::path BatchJob::log_of(std::int64_t task) const
{
    auto text = log.string();
    if (const auto at = text.find("%a"); at != std::string::npos)
        text.replace(at, 2, std::to_string(task));
    return text;
}

std::vector<Submission> submissions_in(const std::filesystem::path& results)
{
    auto files = std::vector<std::filesystem::path>{};
    auto error = std::error_code{};
    for (const auto& entry : std::filesystem::directory_iterator(results / "slurm", error)) {
        const auto name = entry.path().filename().string();
        if (name.starts_with("chain-") && name.ends_with(".tsv"))
            files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end()); // names begin with the time
    auto submissions = std::vector<Submission>{};
    for (const auto& file : files)
        submissions.push_back(read_submission(file));
    return submissions;
}

Queue parse_queue(const std::string& lines)
{
    auto queue = Queue{};
    for (const auto& line : lines_of(lines)) {
        const auto fields = base::split(line, '|');
        if (fields.size() != 7)
            continue;
        queue[{fields[0], std::max<std::int64_t>(count_from(fields[1]), 0)}] = {
            fields[2], fields[3], fields[4], fields[5], fields[6]};
    }
    return queue;
}

TaskState state_in_queue(const Queued& task)
{
    using Kind = TaskState::Kind;
    const auto state = base::lower_case(task.state);
    if (task.state == "RUNNING")
        return {Kind::running,
                fmt::format("running for {} of {} on {}", task.used, task.limit, task.nodes)};
    if (task.state == "COMPLETING" || task.state == "CONFIGURING")
        return {Kind::running, state};
    return {Kind::waiting, task.reason.empty() || task.reason == "None"
                               ? fmt::format("waiting ({})", state)
                               : fmt::format("waiting: {}", task.reason)};
}

TaskState state_from_log(const std::string& log)
{
    using Kind = TaskState::Kind;
    const auto lines = lines_of(log);
    if (lines.empty())
        return {Kind::not_started, "did not start"};
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        const auto words = closing_words(*line);
        if (words.empty() || has(words, "newer attempt")) // the newer one speaks for the job
            continue;
        if (has(words, "ended with exit code 0"))
            return {Kind::done, "done"};
        if (has(words, "ended with exit code") || has(words, "cannot be requeued") ||
            has(words, "no such file") || has(words, "giving up"))
            return {Kind::failed, words};
        if (has(words, "was cancelled"))
            return {Kind::cancelled, words};
        break;
    }
    return {Kind::lost, "lost: it began and is no longer in the queue, and its log has no end "
                        "(out of memory, scancel, a node that failed?)"};
}

std::vector<std::string> last_lines(const std::string& log, std::size_t count)
{
    constexpr auto furthest = std::size_t{20};
    auto lines = lines_of(log);
    auto first = lines.size() - std::min(count, lines.size());
    const auto earliest = lines.size() - std::min(furthest, lines.size());
    for (auto line = earliest; count > 0 && line < first; ++line)
        if (lines[line].starts_with("rewire: error"))
            first = line;
    lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(first));
    return lines;
}

} // namespace rewire::jobs
