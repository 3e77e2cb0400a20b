#include "jobs/status/submission.hpp"
#include "shared_data.hpp"

#include <rewire/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

using namespace rewire;
using namespace rewire::jobs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using Kind = TaskState::Kind;

namespace {

constexpr auto head = "job\tnumber\tfirst_task\tlast_task\tafter\tlog\ttasks\n";
constexpr auto begun = "2026-01-01 10:00:00 job.sbatch: job 7 on n1, restart 0: rewire\n";

} // namespace

TEST(Submission, IsReadFromItsTable)
{
    const auto folder = test::TemporaryFolder();
    std::filesystem::create_directories(folder.path() / "slurm");
    std::ofstream(folder.path() / "slurm" / "chain-20260102-a.tsv")
        << head << "ccg\t7\t1\t12\t-\t/r/ccg-7_%a.log\t/r/tasks.txt\n"
        << "merge\t8\t0\t0\t6,7\t/r/merge-8.log\t-\n";
    std::ofstream(folder.path() / "slurm" / "chain-20260101-b.tsv") << head;
    std::ofstream(folder.path() / "slurm" / "other.tsv") << "not one\n";

    const auto submissions = submissions_in(folder.path());

    ASSERT_THAT(submissions, SizeIs(2));
    EXPECT_THAT(submissions[0].jobs, SizeIs(0));
    const auto& [array, merge] = std::pair(submissions[1].jobs.at(0), submissions[1].jobs.at(1));
    EXPECT_TRUE(array.is_array());
    EXPECT_EQ(array.last_task, 12);
    EXPECT_EQ(array.log_of(3), "/r/ccg-7_3.log");
    EXPECT_EQ(array.tasks, "/r/tasks.txt");
    EXPECT_FALSE(merge.is_array());
    EXPECT_THAT(merge.after, ElementsAre("6", "7"));
    EXPECT_EQ(merge.log_of(0), "/r/merge-8.log");
    EXPECT_THAT(submissions_in(folder.path() / "nowhere"), SizeIs(0));
}

TEST(Submission, ADamagedTableIsNamed)
{
    const auto folder = test::TemporaryFolder();
    std::filesystem::create_directories(folder.path() / "slurm");
    std::ofstream(folder.path() / "slurm" / "chain-1.tsv") << head << "ccg\t7\tone\n";
    EXPECT_THROW(submissions_in(folder.path()), base::InputError);
}

TEST(Submission, TheLogSaysHowAJobEnded)
{
    const auto after = [](const std::string& text) {
        return state_from_log(begun + std::string(" 40 %\n") + text).kind;
    };
    EXPECT_EQ(state_from_log("").kind, Kind::not_started);
    EXPECT_EQ(after(""), Kind::lost);
    EXPECT_EQ(after("2026 job.sbatch: ended with exit code 0\n"), Kind::done);
    EXPECT_EQ(after("2026 job.sbatch: ended with exit code 3\n"), Kind::failed);
    EXPECT_EQ(after("2026 job.sbatch: job 7 was cancelled or is out of time\n"), Kind::cancelled);
    EXPECT_EQ(after("2026 job.sbatch: job 7 goes back into the queue (restart 1)\n"), Kind::lost);
    // An attempt that was overtaken speaks after the one that did the work.
    EXPECT_EQ(after("2026 job.sbatch: ended with exit code 0\n"
                    "2026 job.sbatch: this attempt is lost: a newer attempt of job 7 took over\n"),
              Kind::done);
    // What the program says is not what the script says.
    EXPECT_EQ(after("note: ended with exit code 0\n"), Kind::lost);
}

TEST(Submission, TheQueueSaysWhatRunsAndWaits)
{
    const auto queue = parse_queue("7|N/A|RUNNING|None|3:10|10:00|n[1-2]\n"
                                   "9|4|PENDING|Dependency|0:00|10:00|\n"
                                   "slurm_load_jobs error\n");
    ASSERT_THAT(queue, SizeIs(2));
    EXPECT_EQ(state_in_queue(queue.at({"7", 0})).words, "running for 3:10 of 10:00 on n[1-2]");
    EXPECT_EQ(state_in_queue(queue.at({"9", 4})).words, "waiting: Dependency");
    EXPECT_EQ(state_in_queue(queue.at({"9", 4})).kind, Kind::waiting);
}

TEST(Submission, LastLinesAreThoseWithWords)
{
    EXPECT_THAT(last_lines("a\nb\n\nc\n\n", 2), ElementsAre("b", "c"));
    EXPECT_THAT(last_lines("a", 2), ElementsAre("a"));
    EXPECT_THAT(last_lines("a", 0), SizeIs(0));
    EXPECT_THAT(last_lines("a\nrewire: error: no\n  next: do\nsrun\nend\n", 2),
                ElementsAre("rewire: error: no", "  next: do", "srun", "end"));
}
