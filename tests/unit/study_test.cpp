#include "shared_data.hpp"
#include "tiny_nwb.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/io/study.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>

using namespace rewire;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

namespace {

/// Names what a session has to compute from as if they were jobs.
std::vector<std::string> feeds_of(const io::SessionRecord& record)
{
    auto names = std::vector<std::string>{};
    for (const auto feed : {io::Feed::activity, io::Feed::movement, io::Feed::units})
        if (io::has(record, feed))
            names.push_back("job of " + io::name_of(feed));
    return names;
}

constexpr auto missing_value = std::numeric_limits<double>::quiet_NaN();

class Study : public testing::Test
{
  protected:
    /// A session with imaging and a lever; start "" for a day in January after the session's name.
    void session(const std::string& subject, const std::string& name,
                 const std::vector<std::int64_t>& roi_id = {1, 2, 3}, const std::string& start = "",
                 const std::string& identifier = "")
    {
        auto header = test::TinyHeader{};
        header.subject = subject;
        header.session = name;
        header.start = start.empty() ? "2024-01-" + name + "T09:00:00+00:00" : start;
        header.identifier = identifier;
        const auto file = test::begin_nwb(file_of(subject, name), header);
        test::write_imaging(file, 8, roi_id);
        test::write_behaviour(file, "lever", {0, 1, 2});
        test::write_intervals(file, "trials", {0, 1}, {1, 2});
    }

    std::filesystem::path file_of(const std::string& subject, const std::string& name) const
    {
        return root / ("sub-" + subject) / ("sub-" + subject + "_ses-" + name + ".nwb");
    }

    void table(const std::string& text) const { std::ofstream(root / "study.tsv") << text; }

    io::Study open(const io::Selection& selection = {}) const
    {
        return io::open_study(root, {}, selection);
    }

    test::TemporaryFolder folder;
    std::filesystem::path root = folder.path();
};

std::vector<std::string> whats(const std::vector<io::Problem>& problems)
{
    auto texts = std::vector<std::string>{};
    for (const auto& one : problems)
        texts.push_back(io::name_of(one.severity) + ": " + one.what);
    return texts;
}

std::vector<std::string> order(const io::Study& study)
{
    auto names = std::vector<std::string>{};
    for (const auto& session : study.sessions)
        names.push_back(session.record.subject + " " + session.record.session + " " +
                        std::to_string(session.number));
    return names;
}

} // namespace

TEST_F(Study, FolderOfSubjectsAndSessions)
{
    session("B", "01");
    session("B", "02");
    session("A", "01");
    session("A", "02");
    std::ofstream(root / "notes.txt") << "not looked at";
    std::ofstream(root / ".hidden.nwb") << "not looked at";

    const auto study = open();

    EXPECT_THAT(order(study), ElementsAre("A 01 1", "A 02 2", "B 01 1", "B 02 2"));
    EXPECT_THAT(study.subjects[1].sessions, ElementsAre(2, 3));
    EXPECT_THAT(study.subjects[1].neuron_id, ElementsAre("1", "2", "3"));
    EXPECT_EQ(study.sessions[0].path, file_of("A", "01"));
    EXPECT_EQ(study.sessions[0].layer, "M1");
    EXPECT_THAT(study.problems, IsEmpty());
    EXPECT_TRUE(study.ok());
}

TEST_F(Study, OneFile)
{
    session("A", "07");

    const auto study = io::open_study(file_of("A", "07"));

    EXPECT_THAT(order(study), ElementsAre("A 07 7"));
    EXPECT_EQ(study.sessions[0].path, file_of("A", "07"));
    EXPECT_THAT(study.problems, IsEmpty());
}

TEST_F(Study, NothingThere)
{
    EXPECT_THROW(io::open_study(root), base::InputError);
    EXPECT_THROW(io::open_study(root / "none"), base::IoError);
}

TEST_F(Study, OrderIsByTimeNotByName)
{
    session("A", "10", {1}, "2024-01-01T23:00:00-05:00"); // the 2nd, 04:00 UTC
    session("A", "9", {1}, "2024-01-02T05:00:00+02:00");  // the 2nd, 03:00 UTC
    session("A", "11", {1}, "2024-01-02T05:00:00Z");

    const auto study = open();

    EXPECT_THAT(order(study), ElementsAre("A 9 9", "A 10 10", "A 11 11"));
    EXPECT_THAT(study.problems, IsEmpty());
}

TEST_F(Study, NamesThatContradictTimes)
{
    session("A", "01", {1}, "2024-01-02T09:00:00Z");
    session("A", "02", {1}, "2024-01-01T09:00:00Z");

    const auto study = open();

    EXPECT_THAT(order(study), ElementsAre("A 02 1", "A 01 2"));
    EXPECT_THAT(whats(study.problems),
                ElementsAre(HasSubstr("session 02 starts before session 01")));
}

TEST_F(Study, TableGivesNamesNumbersAndMore)
{
    session("A", "01");
    session("A", "02");
    session("B", "03");
    session("C", "04");
    table("\xef\xbb\xbf"
          "file\tsession\tnumber\tsubject\ttau_s\tlayer\tgroup\texclude\r\n"
          "# the second was first\r\n"
          "sub-A/sub-A_ses-01.nwb\tlate\t5\t\t0.7\tL5\ttrained\tno\r\n"
          "\r\n"
          "sub-A_ses-02.nwb\tearly\t4\t\tn/a\t\ttrained\t\r\n"
          "sub-B_ses-03.nwb\tmid\t6\tA\r\n"
          "sub-C/sub-C_ses-04.nwb\t\t\t\t\t\t\tyes\r\n");

    const auto study = open();

    EXPECT_THAT(order(study), ElementsAre("A early 4", "A late 5", "A mid 6"));
    EXPECT_EQ(study.sessions[1].tau_s, 0.7);
    EXPECT_FALSE(study.sessions[0].tau_s);
    EXPECT_EQ(study.sessions[1].layer, "L5");
    EXPECT_EQ(study.sessions[0].group, "trained");
    EXPECT_EQ(study.excluded, 1);
    EXPECT_THAT(study.problems, IsEmpty());
}

TEST_F(Study, EveryErrorOfTheTableWithItsLine)
{
    session("A", "01");
    table("file\tsesion\tnumber\ttau_s\texclude\n"
          "sub-A_ses-01.nwb\t\tone\t-1\tmaybe\n"
          "sub-A_ses-02.nwb\n"
          "\t\t3\n"
          "sub-A_ses-01.nwb\t\t1\n"
          "sub-A_ses-01.nwb\t\t1\t1\tno\textra\n");

    const auto problems = open().problems;
    auto lines = std::vector<std::string>{};
    for (const auto& one : problems)
        lines.push_back(one.file + " " + one.what + " " + one.next);

    EXPECT_THAT(
        lines,
        testing::UnorderedElementsAre(
            HasSubstr("study.tsv line 1 unknown column `sesion` did you mean `session`?"),
            HasSubstr("study.tsv line 2 number is not a whole number: one"),
            HasSubstr("study.tsv line 2 tau_s is not a time above 0: -1"),
            HasSubstr("study.tsv line 2 exclude is neither yes nor no nor names of jobs: maybe"),
            HasSubstr("study.tsv line 3 no such file: sub-A_ses-02.nwb"),
            HasSubstr("study.tsv line 4 no file in this line"),
            HasSubstr("study.tsv line 5 sub-A_ses-01.nwb is also in line 2"),
            HasSubstr("study.tsv line 6 sub-A_ses-01.nwb is also in line 2"),
            HasSubstr("study.tsv line 6 6 cells under 5 column names")));
}

TEST_F(Study, TableWithBlanksForTabs)
{
    session("A", "01");
    table("file number\nsub-A_ses-01.nwb 1\n");

    EXPECT_THAT(whats(open().problems), Contains("error: no column `file`"));
}

TEST_F(Study, NumbersForSomeSessionsOnlyOrTwice)
{
    session("A", "01");
    session("A", "02");
    session("B", "01");
    session("B", "02");
    table("file\tnumber\nsub-A_ses-01.nwb\t1\nsub-B_ses-01.nwb\t3\nsub-B_ses-02.nwb\t3\n");

    EXPECT_THAT(whats(open().problems), ElementsAre("error: study.tsv numbers 1 of 2 sessions",
                                                    HasSubstr("two sessions have number 3")));
}

TEST_F(Study, MissingSessions)
{
    for (const auto* name : {"01", "02", "04", "07", "08"})
        session("A", name);
    session("B", "01");
    std::ofstream(file_of("A", "05")) << "damaged: not read, but not missing either";

    const auto study = open();

    EXPECT_THAT(whats(study.problems),
                ElementsAre(HasSubstr("error: not a readable HDF5 file"),
                            "warning: missing session 3, 6: the numbers have gaps",
                            "warning: 1 sessions, other subjects have up to 5"));
}

TEST_F(Study, Duplicates)
{
    session("A", "01");
    session("A", "02", {1, 2, 3}, "2024-01-01T10:00:00+01:00"); // 09:00 UTC, as session 01
    session("A", "03", {1, 2, 3}, "", "A-02");
    std::filesystem::create_directories(root / "copy");
    auto header = test::TinyHeader{};
    header.session = "03";
    header.identifier = "other";
    header.start = "2024-01-09T09:00:00Z";
    test::write_imaging(test::begin_nwb(root / "copy" / "x.nwb", header), 8, {1, 2, 3});

    EXPECT_THAT(
        whats(open().problems),
        ElementsAre(
            HasSubstr("several files of one session: A 03: sub-A/sub-A_ses-03.nwb, copy/x.nwb"),
            HasSubstr("several sessions of one start time: A 2024-01-01 09:00:00.000000: "
                      "sub-A/sub-A_ses-01.nwb, sub-A/sub-A_ses-02.nwb"),
            HasSubstr("several files with one identifier: A-02")));
}

TEST_F(Study, TimesThatDoNotOrder)
{
    session("A", "01", {1}, "yesterday");
    session("A", "02");
    session("B", "01", {1}, "2024-01-01T09:00:00");

    EXPECT_THAT(
        whats(open().problems),
        testing::UnorderedElementsAre(
            "error: no start time: its place among the sessions is unknown",
            "warning: session_start_time is not a time: yesterday",
            HasSubstr("note: session_start_time names no time zone"),
            "warning: 1 sessions, other subjects have up to 2",
            HasSubstr("note: 1 neurons are in all 2 sessions; left out of comparisons: 2 in 02")));
}

TEST_F(Study, NamesFromFileNames)
{
    auto header = test::TinyHeader{};
    header.subject = "";
    header.session = "";
    header.identifier = "one";
    test::write_imaging(test::begin_nwb(root / "sub-M1" / "sub-M1_ses-x9_behavior.nwb", header), 8,
                        {1});
    header.identifier = "two";
    header.start = "2024-02-01T09:00:00Z";
    test::write_imaging(test::begin_nwb(root / "sub-M1" / "second.nwb", header), 8, {1});

    const auto study = open();

    EXPECT_THAT(order(study), ElementsAre("M1 x9 1", "M1 second 2"));
    EXPECT_THAT(study.problems, IsEmpty());
}

TEST_F(Study, FilesWithoutASubject)
{
    auto header = test::TinyHeader{};
    header.subject = "";
    test::write_imaging(test::begin_nwb(root / "a.nwb", header), 8, {1});
    const auto one = open();
    header.session = "02";
    header.start = "2024-02-01T09:00:00Z";
    test::write_imaging(test::begin_nwb(root / "b.nwb", header), 8, {1});
    const auto two = open();

    EXPECT_THAT(whats(one.problems), ElementsAre(HasSubstr("warning: no subject")));
    EXPECT_THAT(whats(two.problems),
                ElementsAre(HasSubstr("error: no subject"), HasSubstr("error: no subject")));
}

TEST_F(Study, NeuronsOverSessions)
{
    session("A", "01", {10, 2, 7, 5});
    session("A", "02", {7, 2, 10, 99});
    session("A", "03", {2, 3, 10, 7, 8});

    const auto study = open();

    EXPECT_THAT(study.subjects[0].neuron_id, ElementsAre("2", "7", "10"));
    EXPECT_THAT(study.sessions[0].common, ElementsAre(1, 2, 0));
    EXPECT_THAT(study.sessions[1].common, ElementsAre(1, 0, 2));
    EXPECT_THAT(study.sessions[2].common, ElementsAre(0, 3, 2));
    EXPECT_EQ(study.sessions[2].left_out, 2);
    EXPECT_THAT(whats(study.problems),
                ElementsAre("note: 3 neurons are in all 3 sessions; left out "
                            "of comparisons: 1 in 01, 1 in 02, 2 in 03"));
}

TEST_F(Study, NeuronsThatCannotBeMatched)
{
    session("A", "01", {1, 2});
    session("A", "02", {3, 4});
    session("B", "01", {1, 1, 2});
    session("B", "02", {1, 2, 3});

    const auto study = open();

    EXPECT_THAT(whats(study.problems),
                ElementsAre("error: 1 ids occur more than once in ROI column roi_id: 1",
                            HasSubstr("error: no neuron is in all 2 sessions"),
                            HasSubstr("note: 2 neurons are in all 2 sessions")));
    EXPECT_THAT(study.sessions[0].common, IsEmpty());
}

TEST_F(Study, RowNumbersAreWeakNames)
{
    session("A", "01", {10, 20});
    session("A", "02", {10, 20, 30});

    const auto study = io::open_study(root, {"", "id"});

    EXPECT_THAT(study.subjects[0].neuron_id, ElementsAre("0", "1"));
    EXPECT_THAT(whats(study.problems),
                Contains(HasSubstr("warning: neurons are known by row number alone")));
}

TEST_F(Study, AllProblemsOfAllFilesAtOnce)
{
    session("A", "01");
    std::ofstream(file_of("A", "02")) << "not HDF5";
    io::write_scalar(io::create_file(file_of("A", "03")), "x", 1.0);
    io::write_text(io::create_file(file_of("A", "04")), "nwb_version", "NWB-1.0.6");
    std::filesystem::create_directories(file_of("A", "05"));
    test::begin_nwb(file_of("A", "06"), {"A", "06", "2024-01-06T09:00:00Z", "", "2.7.0"});

    const auto study = open();

    EXPECT_THAT(order(study), ElementsAre("A 01 1", "A 06 6"));
    EXPECT_THAT(whats(study.problems), ElementsAre(HasSubstr("error: not a readable HDF5 file"),
                                                   HasSubstr("error: HDF5, but not NWB"),
                                                   HasSubstr("error: NWB version 1"),
                                                   HasSubstr("error: a folder: NWB in Zarr"),
                                                   HasSubstr("warning: neither dF/F nor spikes")));
    for (const auto& one : study.problems)
        EXPECT_FALSE(one.next.empty()) << one.what;
}

TEST_F(Study, SelectionLeavesOthersAlone)
{
    session("A", "01");
    session("A", "02");
    session("B", "01");
    session("B", "02", {9});
    std::ofstream(file_of("B", "03")) << "not HDF5";

    const auto one = open({{"A"}, {}});
    const auto second = open({{}, {"02", "03"}});
    const auto by_number = open({{"A"}, {"2"}});
    const auto none = open({{"C"}, {"01"}});

    EXPECT_THAT(order(one), ElementsAre("A 01 1", "A 02 2"));
    EXPECT_THAT(one.problems, IsEmpty());
    EXPECT_THAT(order(second), ElementsAre("A 02 2", "B 02 2"));
    EXPECT_THAT(order(by_number), ElementsAre("A 02 2"));
    EXPECT_THAT(whats(none.problems), Contains("error: the study has no such subject"));
}

TEST_F(Study, ANameGoesBeforeANumber)
{
    session("A", "01");
    session("A", "02");
    session("B", "01");
    table("file\tsession\n"
          "sub-A/sub-A_ses-01.nwb\t2\n"
          "sub-A/sub-A_ses-02.nwb\tlast\n");

    const auto study = open({{}, {"2"}});
    const auto last = open({{"A"}, {"last"}});

    EXPECT_THAT(order(study), ElementsAre("A 2 1"));
    EXPECT_THAT(order(last), ElementsAre("A last 2"));
}

TEST_F(Study, RecordsSurviveTheWayBetweenRanks)
{
    session("A", "01", {5, 4});
    test::write_units<std::uint8_t>(io::open_for_update(file_of("A", "01")), {1, 2}, {1, 2});
    std::ofstream(file_of("A", "02")) << "not HDF5";
    auto records = std::vector<io::SessionRecord>{};
    auto packer = base::Packer{};
    for (const auto& file : io::list_files(root))
        io::scan_file(root, file).pack(packer);

    auto unpacker = base::Unpacker(packer.bytes());
    for (auto i = 0; i < 2; ++i)
        records.emplace_back().unpack(unpacker);
    const auto study = io::assemble(root, records, {});

    EXPECT_EQ(unpacker.remaining(), 0U);
    EXPECT_EQ(io::describe(study, feeds_of), io::describe(open(), feeds_of));
    EXPECT_THAT(study.sessions[0].record.activity->neuron_number, ElementsAre(5, 4));
    EXPECT_EQ(study.sessions[0].record.units->spikes, 2);
    EXPECT_EQ(study.sessions[0].record.intervals.at(0).columns.size(), 2U);
    EXPECT_EQ(study.problems, open().problems);
}

TEST_F(Study, WhatASessionHasToComputeFrom)
{
    session("A", "01");
    auto header = test::TinyHeader{};
    const auto spikes = root / "spikes.nwb";
    test::write_units<std::uint8_t>(test::begin_nwb(spikes, header), {1, 2}, {1, 2});
    const auto still = root / "still.nwb";
    test::write_imaging(test::begin_nwb(still, header), 8, {1});
    const auto feeds_in = [&](const std::string& file) {
        const auto record = io::scan_file(root, file);
        auto feeds = std::vector<io::Feed>{};
        for (const auto feed :
             {io::Feed::activity, io::Feed::movement, io::Feed::units, io::Feed::trials})
            if (io::has(record, feed))
                feeds.push_back(feed);
        return feeds;
    };

    EXPECT_THAT(feeds_in("sub-A/sub-A_ses-01.nwb"),
                IsSupersetOf({io::Feed::activity, io::Feed::movement}));
    EXPECT_THAT(feeds_in("spikes.nwb"), ElementsAre(io::Feed::units));
    test::write_intervals(io::open_for_update(spikes), "gratings", {0}, {1});
    EXPECT_THAT(feeds_in("spikes.nwb"), ElementsAre(io::Feed::units, io::Feed::trials));
    EXPECT_THAT(feeds_in("still.nwb"), ElementsAre(io::Feed::activity));
    test::write_intervals(io::open_for_update(still), "movement_epochs", {0}, {1});
    EXPECT_THAT(feeds_in("still.nwb"),
                ElementsAre(io::Feed::activity, io::Feed::movement, io::Feed::trials));
}

TEST_F(Study, ReportFitsThePageAndNamesEverything)
{
    for (const auto* name : {"01", "02", "03"})
        session("A", name);
    session("a-subject-with-a-long-name", "a-session-with-a-very-long-name-20240101", {4},
            "2024-01-01T09:00:00Z");
    std::ofstream(file_of("A", "02")) << "not HDF5";
    table("file\tgroup\ttau_s\nsub-A_ses-01.nwb\ttrained\t0.7\n");

    const auto text = io::describe(open(), feeds_of);

    for (const auto& line : base::split(text, '\n'))
        EXPECT_TRUE(line.size() <= 100 || line.find(root.string()) != std::string::npos) << line;
    EXPECT_THAT(text,
                HasSubstr("Subject A: 2 sessions, 3 neurons in all of them, group trained, M1"));
    EXPECT_THAT(text, HasSubstr("2024-01-03 09:00"));
    EXPECT_THAT(text, HasSubstr("  series  lever 100 Hz (all sessions)"));
    EXPECT_THAT(text, HasSubstr("  tau     0.7 s (session 1)"));
    EXPECT_THAT(text, HasSubstr("  feeds   job of dF/F, job of movements (all sessions)"));
    EXPECT_THAT(text, HasSubstr("    1  a-sessi..0240101 "));
    EXPECT_THAT(text, HasSubstr("1 error, 1 warning\n\n  error   sub-A/sub-A_ses-02.nwb\n"
                                "          not a readable HDF5 file"));
    EXPECT_THAT(text, HasSubstr("          -> damaged, cut short while copying"));
}

// --- missing samples and other things only the data show -----------------------------------------

class StudyData : public Study
{
  protected:
    /// 4 neurons x 6 frames, values 1 but where NaN or infinite: (0, 1), (2, 3), (4, 3).
    io::StudySession with_missing(bool doubles, const io::Storage& storage = {})
    {
        {
            const auto file = test::begin_nwb(root / "x.nwb");
            const auto series = test::write_imaging(file, 6, {10, 11, 12, 13});
            H5Ldelete(series, "data", H5P_DEFAULT);
            auto values = std::vector<double>(24, 1);
            values[0 * 4 + 1] = missing_value;
            values[2 * 4 + 3] = std::numeric_limits<double>::infinity();
            values[4 * 4 + 3] = missing_value;
            if (doubles)
                io::write_dataset(series, "data", values, {6, 4}, storage);
            else
                io::write_dataset(series, "data", std::vector<float>(values.begin(), values.end()),
                                  {6, 4}, storage);
        }
        return open().sessions.at(0);
    }
};

TEST_F(StudyData, MissingSamplesByNeuronAndFrame)
{
    for (const auto doubles : {false, true})
        for (const auto& storage : {io::Storage{}, io::Storage{{4, 3}, 1, {}}}) {
            const auto session = io::NwbSession(with_missing(doubles, storage).path);

            const auto all = io::find_missing(session);
            auto joined = io::find_missing(session, 0, 2);
            joined.merge(io::find_missing(session, 2, 2));

            EXPECT_THAT(all.by_neuron, ElementsAre(0, 1, 0, 2));
            EXPECT_THAT(all.in_frame, ElementsAre(1, 0, 1, 0, 1, 0));
            EXPECT_EQ(joined.by_neuron, all.by_neuron);
            EXPECT_EQ(joined.in_frame, all.in_frame);
        }
}

TEST_F(StudyData, Policies)
{
    const auto session = io::NwbSession(with_missing(false).path);
    const auto missing = io::find_missing(session);

    const auto dropped = io::apply_policy(session, missing, io::NanPolicy::drop_neuron);
    const auto masked = io::apply_policy(session, missing, io::NanPolicy::mask_frames);
    auto traces = std::vector<float>(4 * 3);
    session.read_activity<float>(test::counting<std::int64_t>(4), masked.kept, traces);

    EXPECT_THAT(dropped.usable, ElementsAre(1, 0, 1, 0));
    EXPECT_THAT(dropped.kept, IsEmpty());
    EXPECT_EQ(dropped.frames, 6);
    EXPECT_THAT(masked.usable, Each(1));
    EXPECT_THAT(masked.kept, ElementsAre(1, 3, 5));
    EXPECT_EQ(masked.frames, 3);
    EXPECT_THAT(traces, Each(1.0F));
    try {
        io::apply_policy(session, missing, io::NanPolicy::error);
        FAIL();
    } catch (const base::InputError& error) {
        EXPECT_THAT(error.problem(), HasSubstr("3 samples are NaN or infinite: in 2 of 4 neurons "
                                               "(11, 13) and 3 of 6 frames"));
        EXPECT_THAT(error.next(), HasSubstr("--nan drop-neuron"));
    }
    EXPECT_EQ(io::parse_nan_policy("mask-frames"), io::NanPolicy::mask_frames);
    EXPECT_FALSE(io::parse_nan_policy("mask"));
}

TEST_F(StudyData, PoliciesThatLeaveNothing)
{
    const auto session = io::NwbSession(with_missing(false).path);
    auto missing = io::find_missing(session);
    missing.by_neuron = {1, 1, 1, 1};
    missing.in_frame = {1, 1, 1, 1, 1, 1};

    EXPECT_THROW(io::apply_policy(session, missing, io::NanPolicy::drop_neuron), base::InputError);
    EXPECT_THROW(io::apply_policy(session, missing, io::NanPolicy::mask_frames), base::InputError);
}

TEST_F(StudyData, NothingMissing)
{
    session("A", "01");
    const auto opened = io::NwbSession(file_of("A", "01"));

    const auto missing = io::find_missing(opened);
    const auto used = io::apply_policy(opened, missing, io::NanPolicy::error);

    EXPECT_FALSE(missing.any());
    EXPECT_THAT(used.usable, ElementsAre(1, 1, 1));
    EXPECT_THAT(used.kept, IsEmpty());
    EXPECT_THAT(io::check_data(open().sessions[0], io::NanPolicy::error), IsEmpty());
}

TEST_F(StudyData, WhatOnlyReadingShows)
{
    const auto session = with_missing(true);
    {
        const auto file = io::open_for_update(root / "x.nwb");
        test::write_intervals(file, "trials", {0, 5, 3}, {1, 4, 9});
        test::write_units<std::uint8_t>(file, {1, 2, 3, 2.5, 0, 1}, {2, 4, 6});
        const auto lever = test::write_behaviour(file, "lever", {0, missing_value, 2});
        H5Ldelete(lever, "starting_time", H5P_DEFAULT);
        io::write_dataset(lever, "timestamps", std::vector<double>{0, 2, 1}, {3});
    }

    const auto strict = whats(io::check_data(session, io::NanPolicy::error));
    const auto lenient = whats(io::check_data(session, io::NanPolicy::drop_neuron));

    EXPECT_THAT(strict,
                ElementsAre(HasSubstr("error: 3 samples are NaN or infinite"),
                            HasSubstr("error: timestamps are unsorted: sample 2"),
                            HasSubstr("warning: 1 of 3 values are NaN"),
                            HasSubstr("error: row 1 ends at 4 s and begins at 5 s"),
                            HasSubstr("warning: rows are unsorted: row 2"),
                            HasSubstr("error: spike times of 1 units are unsorted or NaN, first "
                                      "unit 1 at spike 1")));
    EXPECT_THAT(lenient, Contains(HasSubstr("warning: 3 samples are NaN or infinite")));
}
