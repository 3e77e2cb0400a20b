#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

/// What was submitted to Slurm for a results folder, and what became of it.
///
/// `slurm/submit.sh` writes RESULTS/slurm/chain-*.tsv: a line for every batch job with its number,
/// its first and last task (0 and 0: not an array), the numbers of those it waits for, its log and,
/// for an array, the file that names its tasks.
namespace rewire::jobs {

struct BatchJob
{
    std::string job;
    std::string number; ///< of Slurm
    std::int64_t first_task = 0;
    std::int64_t last_task = 0;
    std::vector<std::string> after; ///< numbers of batch jobs
    std::filesystem::path log;      ///< "%a" stands for the task
    std::filesystem::path tasks;    ///< a line for every task of an array; empty: none

    bool is_array() const noexcept { return last_task > 0; }
    std::filesystem::path log_of(std::int64_t task) const;
};

struct Submission
{
    std::filesystem::path file;
    std::vector<BatchJob> jobs;
};

/// All of a results folder, the oldest first. @throws InputError for a file that is not of this
/// kind
std::vector<Submission> submissions_in(const std::filesystem::path& results);

/// A task as the queue knows it.
struct Queued
{
    std::string state;  ///< "PENDING", "RUNNING", ...
    std::string reason; ///< why it waits
    std::string used;   ///< of its time
    std::string limit;
    std::string nodes;
};

/// (number, task) -> task; task 0 for what is not an array.
using Queue = std::map<std::pair<std::string, std::int64_t>, Queued>;

/// Lines of `squeue -h -r -o '%F|%K|%T|%r|%M|%l|%N'`; others are passed over.
Queue parse_queue(const std::string& lines);

struct TaskState
{
    enum class Kind
    {
        waiting,
        running,
        done,
        failed,
        cancelled,
        lost, ///< began, is not in the queue, and its log has no end
        not_started
    };
    Kind kind = Kind::not_started;
    std::string words; ///< for people: "failed with exit code 3"
};

/// @param log all of it; empty: there is none
TaskState state_from_log(const std::string& log);
TaskState state_in_queue(const Queued& task);

/// The last `count` lines that are not empty; more where an error of the program began shortly
/// before them.
std::vector<std::string> last_lines(const std::string& log, std::size_t count);

} // namespace rewire::jobs
