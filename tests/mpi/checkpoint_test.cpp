#include "shared_data.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/checkpoint.hpp>
#include <rewire/io/hdf5.hpp>
#include <rewire/io/result_file.hpp>
#include <rewire/mpi/communicator.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <thread>

using namespace rewire;
namespace fs = std::filesystem;
using testing::HasSubstr;

namespace {

const auto same_run = io::Fingerprint{{"--alpha", "2"}, {"input a.nwb", "abc"}};

/// What a phase packs of its results.
std::function<void(base::Packer&)> packed(const std::string& text)
{
    return [text](base::Packer& packer) { packer.put_text(text); };
}

/// A folder of rank 0 that all ranks know.
class Checkpoints : public testing::Test
{
  protected:
    Checkpoints()
    {
        auto packer = base::Packer{};
        packer.put_text(own.path().string());
        const auto bytes = comm.broadcast(packer.take(), 0);
        folder = fs::path(base::Unpacker(bytes).get_text()) / "checkpoint";
    }
    ~Checkpoints() override { comm.barrier(); }

    io::Checkpoint open(const io::Fingerprint& run = same_run, bool restart = false)
    {
        return io::Checkpoint(comm, folder, run, restart);
    }
    std::int64_t units_inherited(const io::Checkpoint& checkpoint, const std::string& phase)
    {
        auto count = std::int64_t{0};
        checkpoint.take_over(phase, [&](const std::vector<std::int64_t>& units, base::Unpacker&) {
            count += static_cast<std::int64_t>(units.size());
        });
        return comm.sum(count);
    }

    mpi::Communicator comm = mpi::Communicator::world();
    test::TemporaryFolder own;
    fs::path folder;
};

} // namespace

TEST_F(Checkpoints, WhatEveryRankSavedIsTakenOverOnce)
{
    const auto first = open();
    first.save("null", {comm.rank() * 2}, packed("old"));
    first.save("null", {comm.rank() * 2, comm.rank() * 2 + 1}, packed("new"));
    comm.barrier();

    const auto second = open();
    auto texts = std::vector<std::string>{};
    second.take_over("null", [&](const std::vector<std::int64_t>&, base::Unpacker& results) {
        texts.push_back(results.get_text());
    });

    EXPECT_FALSE(first.resumed());
    EXPECT_TRUE(second.resumed());
    EXPECT_EQ(second.attempt().number, 2);
    EXPECT_EQ(units_inherited(second, "null"), 2 * comm.size());
    EXPECT_EQ(units_inherited(second, "other"), 0);
    EXPECT_THAT(texts, testing::Each("new"));
}

TEST_F(Checkpoints, LargeResultsComeBackAsTheyWere)
{
    auto values = std::vector<double>(500'000);
    std::iota(values.begin(), values.end(), comm.rank());
    const auto first = open();
    first.save("null", {comm.rank()}, [&](base::Packer& packer) {
        packer.put(std::uint8_t{7});
        packer.put_all(values);
        packer.put_text("end");
    });
    comm.barrier();

    auto taken = std::int64_t{0};
    open().take_over("null", [&](const std::vector<std::int64_t>& units, base::Unpacker& results) {
        ++taken;
        EXPECT_EQ(results.get<std::uint8_t>(), 7);
        const auto found = results.get_all<double>();
        EXPECT_EQ(found.size(), values.size());
        EXPECT_EQ(found.front(), static_cast<double>(units.front()));
        EXPECT_EQ(found.back(), static_cast<double>(units.front() + 499'999));
        EXPECT_EQ(results.get_text(), "end");
        EXPECT_EQ(results.remaining(), 0U);
    });

    EXPECT_EQ(comm.sum(taken), comm.size());
}

TEST_F(Checkpoints, AnOlderAttemptThatStillWritesChangesNothing)
{
    const auto first = open();
    first.save("null", {comm.rank()}, packed("a"));
    comm.barrier();
    const auto second = open();
    comm.barrier();

    // The cut-off attempt: its folder is gone, so its writes fail, and what was taken over stays.
    EXPECT_THROW(first.save("null", {comm.rank(), 100 + comm.rank()}, packed("b")), base::IoError);
    EXPECT_EQ(units_inherited(second, "null"), comm.size());
    const auto third = open();

    EXPECT_EQ(units_inherited(third, "null"), comm.size());
}

TEST_F(Checkpoints, AnOlderAttemptThatEndsLeavesTheNewerOneItsFiles)
{
    const auto first = open();
    comm.barrier();
    const auto second = open();
    comm.barrier();

    if (comm.is_root())
        first.remove();
    comm.barrier();
    second.save("null", {comm.rank()}, packed("a"));
    comm.barrier();

    EXPECT_EQ(units_inherited(open(), "null"), comm.size());
}

TEST_F(Checkpoints, AnAttemptThatOutlivedItsWholeRunDoesNotWriteIntoTheNextRun)
{
    const auto late = open();
    comm.barrier();
    const auto second = open();
    comm.barrier();
    if (comm.is_root())
        second.remove();
    comm.barrier();
    const auto next_run = open({{"--alpha", "3"}});
    comm.barrier();

    EXPECT_FALSE(next_run.resumed());
    EXPECT_EQ(next_run.attempt().number, late.attempt().number);
    EXPECT_NE(next_run.attempt().folder, late.attempt().folder);
    EXPECT_THROW(late.save("null", {comm.rank()}, packed("a")), base::IoError);
    EXPECT_FALSE(fs::exists(late.attempt().folder));
}

TEST_F(Checkpoints, AnAttemptThatKeepsWritingWhileItIsRemovedLeavesNothingBehind)
{
    for (auto round = 0; round < 20; ++round) {
        const auto first = open();
        auto writes = std::atomic<bool>{comm.is_root()};
        auto writer = std::thread([&, file = std::int64_t{0}]() mutable {
            while (writes) {
                std::ofstream(first.attempt().folder / std::to_string(file++));
                std::this_thread::yield();
            }
        });
        comm.barrier();
        const auto second = open();
        comm.barrier();
        EXPECT_FALSE(fs::exists(first.attempt().folder));
        comm.barrier();
        if (comm.is_root())
            second.remove();
        writes = false;
        writer.join();
        comm.barrier();
        EXPECT_FALSE(fs::exists(folder));
        comm.barrier();
    }
}

TEST_F(Checkpoints, WhatWasNotRemovedToItsEndIsRemovedLater)
{
    if (comm.is_root()) {
        fs::create_directories(folder / ".removed-attempt-0001-00000000");
        std::ofstream(folder / ".removed-attempt-0001-00000000" / "null.0001-0.snapshot");
    }
    comm.barrier();

    const auto attempt = open();
    comm.barrier();

    EXPECT_FALSE(attempt.resumed());
    if (comm.is_root())
        attempt.remove();
    comm.barrier();
    EXPECT_FALSE(fs::exists(folder));
}

TEST_F(Checkpoints, AnEarlierStartOfABatchJobIsRefusedAfterALaterOne)
{
    const auto as_restart = [&](const char* job, const char* count) {
        setenv("SLURM_JOB_ID", job, 1);
        setenv("SLURM_RESTART_COUNT", count, 1);
        return open();
    };

    EXPECT_EQ(as_restart("12", "9").attempt().number, 1);
    EXPECT_EQ(as_restart("12", "10").attempt().number, 2);
    EXPECT_EQ(as_restart("12", "10").attempt().number, 3);
    EXPECT_THROW(as_restart("12", "9"), base::IoError);
    EXPECT_EQ(as_restart("13", "0").attempt().number, 4);
    unsetenv("SLURM_JOB_ID");
    unsetenv("SLURM_RESTART_COUNT");
    EXPECT_EQ(open().attempt().number, 5);
}

TEST_F(Checkpoints, AnOlderAttemptCannotPublish)
{
    const auto result = folder.parent_path() / "connectome.h5";
    const auto write = [&](io::ResultFile& file, int value) {
        io::write_attribute(file.file(), "value", value);
    };
    const auto alone = comm.split(comm.rank());
    const auto first = open();
    comm.barrier();

    if (comm.is_root()) {
        auto old_file = io::ResultFile(result, first.attempt());
        write(old_file, 1);
        const auto second = io::Checkpoint(alone, folder, same_run, false);
        EXPECT_THROW(old_file.publish({}, true), base::IoError);
        EXPECT_FALSE(fs::exists(result));
        auto new_file = io::ResultFile(result, second.attempt());
        write(new_file, 2);
        new_file.publish({}, false);
        second.remove();
        EXPECT_EQ(io::read_attribute<int>(io::open_for_reading(result), "value"), 2);
        EXPECT_FALSE(fs::exists(folder));
    }
    comm.barrier();
}

TEST_F(Checkpoints, AnotherRunIsRefusedByNameOfTheField)
{
    open().save("null", {comm.rank()}, packed("a"));
    comm.barrier();

    try {
        open({{"--alpha", "3"}, {"input a.nwb", "abc"}});
        FAIL();
    } catch (const base::UsageError& error) {
        EXPECT_THAT(error.what(), HasSubstr("--alpha: there 2, here 3"));
        EXPECT_THAT(error.what(), HasSubstr("--restart"));
        EXPECT_THAT(error.what(), testing::Not(HasSubstr("a.nwb")));
    }
    EXPECT_FALSE(open({{"--alpha", "3"}}, true).resumed());
}

TEST_F(Checkpoints, ADamagedFileIsAnError)
{
    open().save("null", {comm.rank()}, packed("some results"));
    comm.barrier();
    if (comm.is_root())
        for (const auto& entry : fs::recursive_directory_iterator(folder))
            if (entry.path().extension() == ".snapshot") {
                auto file =
                    std::fstream(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
                file.seekp(-3, std::ios::end);
                file.put('#');
            }
    comm.barrier();

    const auto second = open();
    auto damaged = std::int64_t{0};
    try {
        second.take_over("null", [](const std::vector<std::int64_t>&, base::Unpacker&) {});
    } catch (const base::IoError& error) {
        EXPECT_THAT(error.what(), HasSubstr("checksum"));
        damaged = 1;
    }
    EXPECT_EQ(comm.sum(damaged), comm.size());
}

TEST_F(Checkpoints, ADamagedManifestIsAnError)
{
    const auto first = open();
    first.save("null", {comm.rank()}, packed("some results"));
    comm.barrier();
    if (comm.is_root())
        fs::resize_file(first.attempt().folder / "manifest", 30);
    comm.barrier();

    EXPECT_THROW(open(), base::IoError);
}

TEST_F(Checkpoints, WithFewerFilesThanRanksSomeRanksInheritNothing)
{
    const auto first = open();
    if (comm.is_root())
        first.save("null", {1, 2, 3}, packed("a"));
    comm.barrier();

    EXPECT_EQ(units_inherited(open(), "null"), 3);
}

namespace {

/// Unit numbers and their results of parts first .. last: part p has units 10 p and 10 p + 1, of
/// each rank apart.
std::vector<std::int64_t> units_of_parts(int rank, std::int64_t first, std::int64_t last)
{
    auto units = std::vector<std::int64_t>{};
    for (auto part = first; part <= last; ++part)
        for (const auto more : {0, 1})
            units.push_back(1000 * rank + 10 * part + more);
    return units;
}

void save_parts(const io::Checkpoint& checkpoint, int rank, std::int64_t parts)
{
    for (std::int64_t part = 1; part <= parts; ++part) {
        const auto units = units_of_parts(rank, io::Checkpoint::first_in_file_of(part), part);
        checkpoint.save_part("scan", part, units,
                             [&](base::Packer& packer) { packer.put_all(units); });
    }
}

std::vector<fs::path> files_in(const fs::path& folder)
{
    auto files = std::vector<fs::path>{};
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".snapshot")
            files.push_back(entry.path());
    return files;
}

} // namespace

class GrowingCheckpoints : public Checkpoints
{
  protected:
    /// All units that are taken over, in their order, and whether results came with them.
    std::vector<std::int64_t> taken_over(const io::Checkpoint& checkpoint)
    {
        auto mine = std::vector<std::int64_t>{};
        checkpoint.take_over("scan", [&](const auto& units, base::Unpacker& results) {
            EXPECT_EQ(results.get_all<std::int64_t>(), units);
            mine.insert(mine.end(), units.begin(), units.end());
        });
        last_taken = mine;
        auto all = std::vector<std::int64_t>{};
        for (const auto& bytes : comm.all_gather(std::as_bytes(std::span(mine)))) {
            const auto* first = reinterpret_cast<const std::int64_t*>(bytes.data());
            all.insert(all.end(), first, first + bytes.size() / sizeof(std::int64_t));
        }
        std::sort(all.begin(), all.end());
        return all;
    }
    std::vector<std::int64_t> all_units(std::int64_t parts) const
    {
        auto all = std::vector<std::int64_t>{};
        for (auto rank = 0; rank < comm.size(); ++rank) {
            const auto units = units_of_parts(rank, 1, parts);
            all.insert(all.end(), units.begin(), units.end());
        }
        return all;
    }

    std::vector<std::int64_t> last_taken;
};

TEST_F(GrowingCheckpoints, ManyPartsAreFewFilesAndEachUnitIsThereOnce)
{
    for (const auto parts : {1, 2, 7, 16, 23}) {
        const auto first = open(same_run, true);
        save_parts(first, comm.rank(), parts);
        comm.barrier();

        EXPECT_LE(files_in(first.attempt().folder).size(), 5U * comm.size());
        comm.barrier(); // whoever takes over removes them
        EXPECT_EQ(taken_over(open()), all_units(parts)) << parts;
        comm.barrier();
    }
}

TEST_F(GrowingCheckpoints, APartThatWasLeftWhenItsFileWasReplacedCountsOnce)
{
    const auto first = open();
    save_parts(first, comm.rank(), 7);
    comm.barrier();
    const auto aside = folder.parent_path() / "aside";
    if (comm.is_root())
        fs::copy(first.attempt().folder, aside);
    comm.barrier();
    const auto units = units_of_parts(comm.rank(), 1, 8);
    first.save_part("scan", 8, units, [&](base::Packer& packer) { packer.put_all(units); });
    comm.barrier();
    if (comm.is_root())
        for (const auto& file : files_in(aside))
            fs::copy(file, first.attempt().folder);
    comm.barrier();

    EXPECT_EQ(taken_over(open()), all_units(8));
}

TEST_F(GrowingCheckpoints, CompactedFilesTakeThePlaceOfThoseBeforeAndOnlyWhenAllAreThere)
{
    save_parts(open(), comm.rank(), 7);
    comm.barrier();
    const auto second = open();
    EXPECT_EQ(taken_over(second), all_units(7));
    EXPECT_EQ(second.inherited_files("scan"), 3 * comm.size());
    const auto aside = folder.parent_path() / "aside";
    if (comm.is_root())
        fs::copy(second.attempt().folder, aside);
    comm.barrier();

    const auto mine = last_taken;
    second.compact(comm, "scan", mine, [&](base::Packer& packer) { packer.put_all(mine); });
    EXPECT_LE(files_in(second.attempt().folder).size(), static_cast<std::size_t>(comm.size()));
    comm.barrier();
    if (comm.is_root()) // killed before the old files went
        for (const auto& file : files_in(aside))
            fs::copy(file, second.attempt().folder);
    comm.barrier();
    const auto third = open();
    EXPECT_EQ(taken_over(third), all_units(7));
    comm.barrier();
    if (comm.is_root()) // killed before the new ones counted
        fs::remove(third.attempt().folder / "scan.0002.compacted");
    comm.barrier();
    EXPECT_EQ(taken_over(open()), all_units(7));
}

TEST_F(GrowingCheckpoints, AnOvertakenAttemptSaysSoInOneLine)
{
    const auto first = open();
    comm.barrier();
    open();
    comm.barrier();

    try {
        save_parts(first, comm.rank(), 1);
        FAIL();
    } catch (const base::IoError& error) {
        EXPECT_THAT(error.what(), HasSubstr("a newer start of this job has taken over"));
        EXPECT_THAT(error.what(), testing::Not(HasSubstr("\n")));
    }
    EXPECT_THROW(io::ResultFile(folder.parent_path() / "a.h5", first.attempt()), base::IoError);
}
