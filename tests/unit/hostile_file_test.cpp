#include "shared_data.hpp"
#include "tiny_nwb.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/crash_guard.hpp>
#include <rewire/io/study.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>

using namespace rewire;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

namespace fs = std::filesystem;

class HostileFile : public testing::Test
{
  protected:
    /// A session with imaging, ready to be spoilt.
    io::Handle begin(const std::string& name = "a.nwb") const
    {
        auto file = test::begin_nwb(root / name);
        test::write_imaging(file, 8, {1, 2, 3});
        return file;
    }

    /// Every problem of the file as one text.
    std::string said(const std::string& name = "a.nwb") const
    {
        auto text = std::string{};
        for (const auto& one : io::scan_file(root, name).problems)
            text += io::name_of(one.severity) + " " + one.file + ": " + one.what + "\n";
        return text;
    }

    /// A chunked dataset of which nothing was ever written.
    template <typename T>
    static void put_hollow(hid_t location, const std::string& name, const io::Shape& shape)
    {
        if (io::exists(location, name))
            H5Ldelete(location, name.c_str(), H5P_DEFAULT);
        auto chunk = io::Shape(shape.size(), 1);
        chunk[0] = 1024;
        io::make_dataset(location, name, io::native_type<T>(), shape, {chunk, 0, {}});
    }

    test::TemporaryFolder folder;
    fs::path root = folder.path();
    const std::string series = "/processing/imaging/dff/traces";
};

std::string message(const std::function<void()>& work)
{
    try {
        work();
    } catch (const base::Error& error) {
        return error.what();
    }
    return "no error";
}

} // namespace

TEST_F(HostileFile, DataThatWereNeverWrittenAreAnErrorBeforeMemoryIsTaken)
{
    for (const auto frames : {std::int64_t{1'000'000'000}, std::int64_t{1'000'000'000'000}}) {
        {
            const auto file = begin();
            put_hollow<float>(io::open_group(file, series), "data", {frames, 3});
        }

        EXPECT_THAT(said(), AllOf(HasSubstr("error"), HasSubstr("the file has room for 0"),
                                  HasSubstr("a.nwb:" + series + "/data")));
    }
}

TEST_F(HostileFile, DeclaredTimestampsRoisAndTextsOfNothing)
{
    constexpr auto many = std::int64_t{1'000'000'000'000};
    {
        const auto file = begin();
        put_hollow<double>(io::open_group(file, series), "timestamps", {many});
    }
    EXPECT_THAT(said(),
                HasSubstr("/timestamps: the dataset says that it has 1000000000000 values"));

    {
        const auto file = begin();
        const auto group = io::open_group(file, series);
        put_hollow<std::int64_t>(group, "rois", {many});
        io::write_reference_attribute(io::open_dataset(group, "rois"), "table", test::roi_table);
    }
    EXPECT_THAT(said(), HasSubstr("/rois: the dataset says that it has"));

    {
        const auto file = begin();
        const auto table = test::begin_table(file, "/intervals/trials", "TimeIntervals", 2,
                                             {"start_time", "stop_time"});
        put_hollow<double>(table, "start_time", {many});
        put_hollow<std::int64_t>(table, "id", {many});
    }
    EXPECT_THAT(message([&] { io::NwbSession(root / "a.nwb").read_intervals("trials"); }),
                HasSubstr("the dataset says that it has"));
}

TEST_F(HostileFile, CompressedDataOfFewBytesAreStillData)
{
    {
        const auto file = begin();
        const auto group = io::open_group(file, series);
        H5Ldelete(group, "data", H5P_DEFAULT);
        const auto frames = std::int64_t{2'000'000};
        io::write_dataset(group, "data", std::vector<float>(static_cast<std::size_t>(3 * frames)),
                          {frames, 3}, {{65536, 3}, 9, {}});
    }

    EXPECT_LT(fs::file_size(root / "a.nwb"), 200'000U);
    EXPECT_THAT(said(), IsEmpty());
}

TEST_F(HostileFile, ValuesInOtherFilesAreRefused)
{
    std::ofstream(root / "secret") << std::string(1000, 'x');
    for (const auto is_virtual : {false, true}) {
        {
            const auto file = begin();
            const auto group = io::open_group(file, series);
            H5Ldelete(group, "data", H5P_DEFAULT);
            const auto extent = std::array<hsize_t, 2>{8, 3};
            const auto space = io::Handle(H5Screate_simple(2, extent.data(), nullptr));
            const auto properties = io::Handle(H5Pcreate(H5P_DATASET_CREATE));
            if (is_virtual)
                H5Pset_virtual(properties, space, "other.h5", "/data", space);
            else
                H5Pset_external(properties, (root / "secret").c_str(), 0, 96);
            io::Handle(H5Dcreate2(group, "data", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, properties,
                                  H5P_DEFAULT));
        }

        EXPECT_THAT(said(), HasSubstr(is_virtual ? "a virtual dataset" : "external storage"));
    }
}

TEST_F(HostileFile, NestingIsCapped)
{
    {
        const auto file = begin();
        auto group = io::create_group(file, "/processing/deep");
        for (auto level = 0; level < 8000; ++level)
            group = io::create_group(group, "g");
    }

    EXPECT_THAT(said(), HasSubstr("groups lie more than 50 deep in each other"));
}

TEST_F(HostileFile, ACrashWhileReadingNamesTheFileAndLeavesWithThree)
{
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    for (const auto number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
        EXPECT_EXIT(
            {
                const auto outer = io::CrashGuard("/data/outer.nwb");
                {
                    const auto inner = io::CrashGuard("/data/inner.nwb");
                }
                std::raise(number);
            },
            testing::ExitedWithCode(3), "HDF5 library crashed.*\n.*where: /data/outer.nwb");
}

namespace {

/// Uses up the stack.
int fall(volatile int* depth)
{
    auto frame = std::array<volatile int, 1000>{};
    frame[0] = *depth + 1;
    *depth = frame[0];
    return *depth < 0 ? 0 : fall(depth) + frame[0]; // never below 0: the stack ends first
}

} // namespace

TEST_F(HostileFile, EndlessRecursionIsACrashLikeOthers)
{
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(
        {
            const auto guard = io::CrashGuard("/data/deep.nwb");
            volatile auto depth = 0;
            fall(&depth);
        },
        testing::ExitedWithCode(3), "where: /data/deep.nwb");
}

TEST_F(HostileFile, GoingRoundInCirclesIsADamagedFile)
{
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(
        {
            const auto guard = io::CrashGuard("/data/circles.nwb", 1);
            for (volatile auto k = 0; true;)
                k = k + 1 - k;
        },
        testing::ExitedWithCode(3), "came to no end.*\n.*where: /data/circles.nwb");
}

TEST_F(HostileFile, OutsideOfTheGuardACrashIsOurs)
{
#ifdef __SANITIZE_ADDRESS__
    const auto crashed = testing::ExitedWithCode(1); // the sanitizer tells it instead
#else
    const auto crashed = testing::KilledBySignal(SIGSEGV);
#endif
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(
        {
            {
                const auto guard = io::CrashGuard("/data/a.nwb");
            }
            std::raise(SIGSEGV);
        },
        crashed, "");
}

TEST_F(HostileFile, WhatIsNotThereIsExplained)
{
    fs::create_symlink("nowhere", root / "dangling.nwb");
    fs::create_symlink(".git/annex/objects/1x/2y/MD5E-s1--0.nwb/MD5E-s1--0.nwb",
                       root / "annex.nwb");
    std::ofstream(root / "pointer.nwb") << "/annex/objects/MD5E-s1--0.nwb\n";
    ::mkfifo((root / "pipe.nwb").c_str(), 0600);

    EXPECT_THAT(io::list_files(root),
                ElementsAre("annex.nwb", "dangling.nwb", "pipe.nwb", "pointer.nwb"));
    EXPECT_THAT(said("dangling.nwb"), HasSubstr("a link to a file that is not there: nowhere"));
    EXPECT_THAT(said("annex.nwb"), HasSubstr("a link into git-annex that was not fetched"));
    EXPECT_THAT(said("pointer.nwb"), HasSubstr("a placeholder of git-annex or git-lfs"));
    EXPECT_THAT(said("pipe.nwb"), HasSubstr("not a file, but a folder or a device"));
    EXPECT_THAT(message([&] { io::open_for_reading(root / "annex.nwb"); }),
                HasSubstr("datalad get"));
}

TEST_F(HostileFile, LinksToFoldersAreFollowedOnce)
{
    const auto study = root / "data" / "study";
    fs::create_directories(study / "real");
    fs::create_directories(root / "elsewhere" / "deeper");
    for (const auto& path : {study / "real" / "1.nwb", root / "data" / "other.nwb",
                             root / "elsewhere" / "deeper" / "2.nwb"})
        std::ofstream(path) << "x";
    fs::create_directory_symlink("real", study / "a_link_to_real");
    fs::create_directory_symlink("..", study / "real" / "up");
    fs::create_directory_symlink("../..", study / "real" / "above_the_study");
    fs::create_directory_symlink(root / "elsewhere", study / "linked");
    fs::create_directory_symlink(root / "elsewhere", root / "elsewhere" / "deeper" / "again");

    EXPECT_THAT(io::list_files(study), ElementsAre("linked/deeper/2.nwb", "real/1.nwb"));
}

TEST_F(HostileFile, AFolderThatCannotBeListedIsNamed)
{
    if (::geteuid() == 0)
        GTEST_SKIP() << "root may list every folder";
    fs::create_directories(root / "sub-A" / "closed");
    fs::permissions(root / "sub-A" / "closed", fs::perms::none);

    EXPECT_THAT(message([&] { io::list_files(root); }), HasSubstr("sub-A/closed"));

    fs::permissions(root / "sub-A" / "closed", fs::perms::owner_all);
}

TEST_F(HostileFile, AStudyTableThatCannotBeReadIsAnError)
{
    begin();
    EXPECT_EQ(io::read_study_table(root).name, "");

    fs::create_symlink(".git/annex/objects/x", root / "study.tsv");
    EXPECT_THAT(message([&] { io::open_study(root); }),
                HasSubstr("study.tsv is a link to a file that is not there"));

    fs::remove(root / "study.tsv");
    fs::create_directory(root / "study.tsv");
    EXPECT_THAT(message([&] { io::open_study(root); }), HasSubstr("study.tsv is not a file"));
}

namespace {

std::vector<std::string> whats(const io::Study& study)
{
    auto texts = std::vector<std::string>{};
    for (const auto& one : study.problems)
        texts.push_back(one.file + " " + one.what + " " + one.next);
    return texts;
}

} // namespace

TEST_F(HostileFile, SessionsExcludedFromSomeJobs)
{
    for (const auto* session : {"01", "02", "03"}) {
        auto header = test::TinyHeader{};
        header.session = session;
        header.start = "2024-01-" + std::string(session) + "T09:00:00+00:00";
        test::write_imaging(test::begin_nwb(root / ("s" + std::string(session) + ".nwb"), header),
                            8, {1, 2, 3});
    }
    std::ofstream(root / "study.tsv")
        << "file\texclude\ns01.nwb\tmovement, rewiring\ns02.nwb\tyes\n";
    const auto jobs = std::vector<std::string>{"connectome", "movement", "rewiring"};
    const auto of = [&](const std::string& job) {
        return io::open_study(root, {}, {.job = job, .jobs = jobs});
    };

    const auto connectome = of("connectome");
    const auto movement = of("movement");

    EXPECT_EQ(connectome.sessions.size(), 2U);
    EXPECT_TRUE(connectome.ok());
    EXPECT_EQ(movement.sessions.size(), 1U);
    EXPECT_EQ(movement.excluded, 2);
    ASSERT_EQ(movement.left_out.size(), 2U);
    EXPECT_EQ(movement.left_out[0].session, "01");
    EXPECT_EQ(movement.left_out[0].why, "excluded from movement in study.tsv line 2");
    EXPECT_EQ(movement.left_out[1].why, "excluded in study.tsv line 3");

    std::ofstream(root / "study.tsv") << "file\texclude\ns01.nwb\tmovment\ns02.nwb\tno way!\n";
    EXPECT_THAT(
        whats(of("movement")),
        AllOf(Contains(HasSubstr("names of jobs: movment did you mean movement?")),
              Contains(HasSubstr("exclude is neither yes nor no nor names of jobs: no way!"))));
}

TEST_F(HostileFile, OddNamesOfSubjectsAreMadeSafe)
{
    const auto long_name = std::string(300, 'm');
    auto number = 0;
    for (const auto& subject : {std::string("a\nb"), std::string("a\tb"), long_name,
                                long_name + "2", std::string("x/y"), std::string("x_y")}) {
        auto header = test::TinyHeader{};
        header.subject = subject;
        header.identifier = std::to_string(++number);
        header.start = fmt::format("2024-01-{:02}T09:00:00+00:00", number);
        test::write_imaging(test::begin_nwb(root / fmt::format("{}.nwb", number), header), 8, {1});
    }

    const auto study = io::open_study(root);

    EXPECT_THAT(whats(study), Contains(HasSubstr("two subjects would both be called x_y: x/y and "
                                                 "x_y")));
    auto names = std::vector<std::string>{};
    for (const auto& subject : study.subjects) {
        names.push_back(subject.name);
        EXPECT_LE(subject.name.size(), 110U);
        EXPECT_EQ(subject.name.find_first_of("\n\t/"), std::string::npos);
    }
    EXPECT_EQ(names.size(), 5U); // four, and x_y
}
