#include "jobs/frame/entry.hpp"
#include "jobs/frame/fields.hpp"
#include "jobs/frame/session_job.hpp"
#include "jobs/frame/study_source.hpp"
#include "shared_data.hpp"
#include "tiny_nwb.hpp"

#include <rewire/base/error.hpp>
#include <rewire/mpi/communicator.hpp>
#include <rewire/runtime/run_context.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

using namespace rewire;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

/// A job over units: it writes how many spikes a session has, and in which run it was computed.
class SessionJobs : public testing::Test
{
  protected:
    SessionJobs()
    {
        auto packer = base::Packer{};
        packer.put_text(own.path().string());
        const auto bytes = comm.broadcast(packer.take(), 0);
        root = base::Unpacker(bytes).get_text();
        mpi::collective(comm, [&] {
            if (comm.is_root())
                for (const auto* subject : {"A", "B"})
                    for (const auto* session : {"01", "02"})
                        write_session_file(subject, session);
        });
    }
    ~SessionJobs() override { comm.barrier(); }

    void write_session_file(const std::string& subject, const std::string& session) const
    {
        fs::create_directories(root / "study");
        auto header = test::TinyHeader{};
        header.subject = subject;
        header.session = session;
        header.start = "2024-01-" + session + "T09:00:00Z";
        const auto file =
            test::begin_nwb(root / "study" / (subject + "_" + session + ".nwb"), header);
        test::write_units<std::uint8_t>(file, {1, 2, 3}, {1, 3});
    }

    /// One start of the job, on all ranks. @param failing the rank whose unit fails; -1: none
    void run(const std::vector<std::string>& words, std::int64_t run_number = 1, int failing = -1)
    {
        auto entry = jobs::Entry{
            .job = {.name = "spikes", .options = runtime::common_options()},
            .has_result = true,
            .tasks = jobs::TaskLevel::session,
            .feeds = {io::Feed::units},
            .complete_subject = [](const io::ResultFile& output, const std::string& subject) {
                io::write_attribute(output.group(subject), "complete", 1);
            }};
        const auto table = jobs::EntryTable({std::move(entry)});
        const auto& job = table.entries().front().job;
        auto all = std::vector<std::string>{"--study", (root / "study").string(), "--results",
                                            (root / "results").string()};
        all.insert(all.end(), words.begin(), words.end());
        auto context = runtime::RunContext(mpi::Communicator::world(), job,
                                           runtime::parse_options("spikes", job.options, all),
                                           "rewire spikes", &table);
        waves.clear();
        jobs::run_session_job(
            context,
            {.node_bytes = [](const io::StudySession&) { return 0.6e9; },
             .estimate = [](const io::Study&,
                            const std::vector<std::size_t>&) { return runtime::Estimate{}; },
             .compute =
                 [&](const jobs::Wave& wave, const io::ResultFile* output) {
                     waves.push_back(wave.suffix);
                     compute(context, wave, run_number, failing, output);
                 }});
    }

    void compute(runtime::RunContext& context, const jobs::Wave& wave, std::int64_t run_number,
                 int failing, const io::ResultFile* output) const
    {
        const auto counted = context.each_unit<runtime::UnitResults>(
            "count" + wave.suffix, std::vector<double>(wave.size(), 1.0),
            [&](std::int64_t unit, runtime::UnitResults& results, const runtime::Tick&) {
                if (failing >= 0)
                    throw base::InputError("this session cannot be counted", "", "try another");
                auto packer = base::Packer{};
                packer.put(wave.session(static_cast<std::size_t>(unit)).record.units->spikes);
                results.add(unit, packer.take());
                return true;
            });
        runtime::gather_to_root(
            context.comm(), counted, static_cast<std::int64_t>(wave.size()),
            [&](std::int64_t unit, std::span<const std::byte> bytes) {
                const auto head = wave.head(static_cast<std::size_t>(unit));
                const auto group = output->group(head.subject + "/" + head.session);
                jobs::each_head_attribute(head, jobs::WriteAttribute{group});
                io::write_attribute(group, "spikes", base::Unpacker(bytes).get<std::int64_t>());
                io::write_attribute(group, "run", run_number);
            });
    }

    /// "A/01 of run 1" for every session of the result.
    std::vector<std::string> sessions() const
    {
        auto names = std::vector<std::string>{};
        const auto file = io::open_for_reading(root / "results" / "spikes.h5");
        for (const auto& head : jobs::heads_in(file)) {
            const auto group = io::open_group(file, head.subject + "/" + head.session);
            EXPECT_EQ(io::read_attribute<std::int64_t>(group, "spikes"), 3);
            names.push_back(fmt::format("{}/{} of run {}", head.subject, head.session,
                                        io::read_attribute<std::int64_t>(group, "run")));
        }
        for (const auto& subject : io::subjects_in(file))
            EXPECT_TRUE(io::has_attribute(io::open_group(file, subject), "complete"));
        comm.barrier();
        return names;
    }

    mpi::Communicator comm = mpi::Communicator::world();
    test::TemporaryFolder own;
    fs::path root;
    std::vector<std::string> waves; ///< their suffixes
};

} // namespace

TEST_F(SessionJobs, ComputeInWavesThatFitIntoANode)
{
    run({"--node-memory-gb", "1"});

    EXPECT_THAT(waves, ElementsAre("", "-2", "-3", "-4"));
    EXPECT_THAT(sessions(),
                ElementsAre("A/01 of run 1", "A/02 of run 1", "B/01 of run 1", "B/02 of run 1"));
    run({"--node-memory-gb", "1"}, 2);
    EXPECT_TRUE(waves.empty()); // all is there
}

TEST_F(SessionJobs, KeepWhatIsThereWhenSessionsAreAdded)
{
    run({"--session", "01"}, 1);
    run({}, 2);

    EXPECT_THAT(sessions(),
                ElementsAre("A/01 of run 1", "A/02 of run 2", "B/01 of run 1", "B/02 of run 2"));
}

TEST_F(SessionJobs, OverwriteOnlyTheChosenSessions)
{
    run({}, 1);
    run({"--overwrite", "--subject", "A"}, 2);

    EXPECT_THAT(sessions(),
                ElementsAre("A/01 of run 2", "A/02 of run 2", "B/01 of run 1", "B/02 of run 1"));
    try {
        run({"--overwrite", "--subject", "A", "--seed", "5"}, 3);
        ADD_FAILURE() << "results of two settings in one file";
    } catch (const base::UsageError& error) {
        EXPECT_THAT(error.what(), HasSubstr("2 other sessions of this result"));
        EXPECT_THAT(error.what(), HasSubstr("--seed: there 1, here 5"));
    }
    run({"--overwrite", "--seed", "5"}, 4);
    EXPECT_THAT(sessions(),
                ElementsAre("A/01 of run 4", "A/02 of run 4", "B/01 of run 4", "B/02 of run 4"));
}

TEST_F(SessionJobs, AFailingSessionFailsOnAllRanksAndLeavesNoResult)
{
    EXPECT_THROW(run({}, 1, comm.size() - 1), base::InputError);

    EXPECT_FALSE(fs::exists(root / "results" / "spikes.h5"));
    comm.barrier();
    run({}, 2);
    EXPECT_EQ(sessions().size(), 4U);
}
