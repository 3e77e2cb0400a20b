#include "shared_data.hpp"
#include "tiny_nwb.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/result_file.hpp>
#include <rewire/io/study.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace rewire;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace {

class RoiSeries : public testing::Test
{
  protected:
    /// Four ROIs, 10 11 12 13, of which iscell (class and probability) takes the second and fourth.
    void write(const std::string& container = "/processing/imaging/dff")
    {
        const auto file = test::begin_nwb(path);
        test::write_imaging(file, 6, {10, 11, 12, 13}, container);
        const auto table = io::open_group(file, test::roi_table);
        io::write_texts_attribute(table, "colnames", {"roi_id", "iscell", "kind"});
        io::write_dataset(table, "iscell", std::vector<double>{0, .1, 1, .9, 0, .2, 1, .8}, {4, 2});
        io::write_texts(table, "kind", {"soma", "soma", "bouton", "soma"});
    }

    io::NwbSession open(const std::vector<std::string>& where) const
    {
        auto options = io::NwbOptions{};
        for (const auto& one : where)
            options.where.push_back(io::parse_roi_condition(one));
        return io::NwbSession(path, options);
    }

    test::TemporaryFolder folder;
    std::filesystem::path path = folder.path() / "a.nwb";
};

std::vector<std::string> whats(const std::vector<io::Problem>& problems)
{
    auto texts = std::vector<std::string>{};
    for (const auto& one : problems)
        texts.push_back(io::name_of(one.severity) + ": " + one.what);
    return texts;
}

} // namespace

TEST_F(RoiSeries, OnlyTheRoisAskedForAreNeurons)
{
    write();
    const auto session = open({"iscell==1"});

    auto block = std::vector<float>(12);
    session.read_activity<float>(0, 2, block);

    EXPECT_THAT(session.activity().neuron_id, ElementsAre("11", "13"));
    EXPECT_THAT(session.activity().neuron_number, ElementsAre(11, 13));
    EXPECT_EQ(session.activity().neurons, 2);
    EXPECT_EQ(session.activity().columns, 4);
    // Sample [frame, column] is 4 frame + column.
    EXPECT_THAT(block, ElementsAre(1, 5, 9, 13, 17, 21, 3, 7, 11, 15, 19, 23));
    EXPECT_THAT(session.problems(), IsEmpty());
}

TEST_F(RoiSeries, ConditionsAddUpAndTextIsCompared)
{
    write();

    EXPECT_THAT(open({"kind==soma"}).activity().neuron_id, ElementsAre("10", "11", "13"));
    EXPECT_THAT(open({"kind==soma", "iscell==true"}).activity().neuron_id, ElementsAre("11", "13"));
    EXPECT_THAT(open({"roi_id == 12"}).activity().neuron_id, ElementsAre("12"));
    EXPECT_THAT(whats(open({"iscell==2"}).problems()),
                Contains("error: --where leaves none of 4 ROIs"));
    EXPECT_THAT(whats(open({"is_cell==1"}).problems()),
                Contains("error: the ROI table has no column is_cell"));
    EXPECT_THAT(whats(open({"iscell==cell"}).problems()),
                Contains("error: column iscell holds numbers, and cell is none"));
    for (const auto* text : {"iscell", "iscell=1", "==1", "iscell=="})
        EXPECT_THROW(io::parse_roi_condition(text), base::UsageError);
}

TEST_F(RoiSeries, AQualityColumnThatIsNotUsedIsANote)
{
    write();

    EXPECT_THAT(whats(open({}).problems()),
                ElementsAre("note: the ROI table has a column iscell, which is not used: all ROIs "
                            "are neurons"));
}

TEST_F(RoiSeries, MissingSamplesOfOtherRoisDoNotCount)
{
    write();
    {
        const auto file = io::open_for_update(path);
        const auto data = io::open_dataset(file, "/processing/imaging/dff/traces/data");
        const auto nan = std::vector<float>{std::numeric_limits<float>::quiet_NaN()};
        io::write_block<float>(data, {2, 0}, {1, 1}, nan); // of ROI 10
        io::write_block<float>(data, {4, 3}, {1, 1}, nan); // of ROI 13
    }

    const auto missing = io::find_missing(open({"iscell==1"}));

    EXPECT_THAT(missing.by_neuron, ElementsAre(0, 1));
    EXPECT_THAT(missing.in_frame, ElementsAre(0, 0, 0, 0, 1, 0));
}

TEST_F(RoiSeries, NeuropilBesideRawFluorescence)
{
    {
        const auto file = test::begin_nwb(path);
        const auto container = std::string("/processing/ophys/Fluorescence");
        test::write_imaging(file, 6, {10, 11}, container, "RoiResponseSeries");
        test::write_imaging(file, 6, {10, 11}, container, "Neuropil");
        test::write_imaging(file, 6, {10, 11}, container, "Deconvolved");
        io::write_text_attribute(io::open_group(file, container), "neurodata_type", "Fluorescence");
    }

    const auto session = io::NwbSession(path);
    auto block = std::vector<double>(6);
    session.read_neuropil<double>(std::vector<std::int64_t>{1}, {}, block);

    EXPECT_EQ(session.activity().path, "/processing/ophys/Fluorescence/RoiResponseSeries");
    EXPECT_EQ(session.activity().kind, io::SignalKind::fluorescence);
    EXPECT_EQ(session.activity().neuropil, "/processing/ophys/Fluorescence/Neuropil");
    EXPECT_THAT(block, ElementsAre(1, 3, 5, 7, 9, 11));
}

TEST(SignalKind, FollowsNamesAndContainers)
{
    using io::SignalKind;
    const auto kind = [](const char* path, const char* container) {
        return io::kind_of_signal(path, container);
    };

    EXPECT_EQ(kind("/processing/ophys/DfOverF/RoiResponseSeries", "DfOverF"), SignalKind::dff);
    EXPECT_EQ(kind("/processing/ophys/Fluorescence/traces", "Fluorescence"),
              SignalKind::fluorescence);
    EXPECT_EQ(kind("/processing/ophys/Fluorescence/Neuropil", "Fluorescence"),
              SignalKind::neuropil);
    EXPECT_EQ(kind("/processing/ophys/Neuropil/Neuropil0", "Fluorescence"), SignalKind::neuropil);
    EXPECT_EQ(kind("/processing/ophys/Fluorescence/Deconvolved", "Fluorescence"),
              SignalKind::deconvolved);
    EXPECT_EQ(kind("/processing/ophys/Fluorescence/dff", "Fluorescence"), SignalKind::dff);
    EXPECT_EQ(kind("/processing/ophys/F", ""), SignalKind::fluorescence);
    EXPECT_EQ(kind("/processing/ophys/signals", ""), SignalKind::unknown);
}

TEST(UsedSamples, FramesOfWhichTheLeverIsNotKnownAreLeftOut)
{
    auto all = io::UsedSamples{{1, 1}, {}, 6};
    auto some = io::UsedSamples{{1, 1}, {0, 2, 3, 5}, 4};
    const auto known = std::vector<std::uint8_t>{1, 1, 0, 1, 0, 1};

    EXPECT_EQ(io::leave_out_frames(all, known, "a.nwb"), 2);
    EXPECT_EQ(io::leave_out_frames(some, known, "a.nwb"), 1);
    EXPECT_EQ(io::leave_out_frames(some, {}, "a.nwb"), 0);

    EXPECT_THAT(all.kept, ElementsAre(0, 1, 3, 5));
    EXPECT_EQ(all.frames, 4);
    EXPECT_THAT(some.kept, ElementsAre(0, 3, 5));
    EXPECT_EQ(some.frames, 3);
    EXPECT_THROW(io::leave_out_frames(some, std::vector<std::uint8_t>(6, 0), "a.nwb"),
                 base::InputError);
}

TEST_F(RoiSeries, ResultsSayWhatTheyHold)
{
    const auto file = io::create_file(folder.path() / "result.h5");
    const auto group = io::create_group(file, "A");
    io::write_index_axis(group, "pair", 2, "pairs of neurons");
    io::write_array<double>(group, "weight", {1, 2}, {"pair"}, "1", "partial correlation");
    io::write_array<double>(group, "bare", {1, 2}, {"pair"}, "1");

    EXPECT_EQ(io::read_text_attribute(io::open_dataset(group, "pair"), "description"),
              "pairs of neurons");
    EXPECT_EQ(io::read_text_attribute(io::open_dataset(group, "weight"), "description"),
              "partial correlation");
    EXPECT_THAT(io::without_description(file), ElementsAre("/A/bare"));
}
