#include "shared_data.hpp"
#include "tiny_nwb.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/nwb_session.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <random>

using namespace rewire;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

class NwbSession : public testing::Test
{
  protected:
    test::TemporaryFolder folder;
    std::filesystem::path path = folder.path() / "a.nwb";

    std::string error_of_opening() const
    {
        try {
            io::NwbSession{path};
        } catch (const base::Error& error) {
            return error.what();
        }
        return {};
    }
};

std::vector<std::string> whats(const std::vector<io::Problem>& problems)
{
    auto texts = std::vector<std::string>{};
    for (const auto& one : problems)
        texts.push_back(io::name_of(one.severity) + ": " + one.what);
    return texts;
}

std::vector<double> traces(const io::NwbSession& session)
{
    const auto& info = session.activity();
    auto out = std::vector<double>(static_cast<std::size_t>(info.frames * info.neurons));
    session.read_activity<double>(0, info.neurons, out);
    return out;
}

} // namespace

TEST_F(NwbSession, AnyNamesOfModulesAndSeries)
{
    {
        const auto file = test::begin_nwb(path);
        test::write_imaging(file, 4, {11, 5}, "/processing/my module/what ever", "the series");
        test::write_behaviour(file, "running", {1, 2, 3});
        test::write_intervals(file, "some epochs", {0, 1}, {1, 2});
    }

    const auto session = io::NwbSession(path);

    EXPECT_EQ(session.activity().path, "/processing/my module/what ever/the series");
    EXPECT_THAT(session.activity().neuron_id, ElementsAre("11", "5"));
    EXPECT_THAT(session.activity().neuron_number, ElementsAre(11, 5));
    EXPECT_EQ(session.activity().id_column, "roi_id");
    EXPECT_EQ(session.activity().imaging_plane, "deep");
    EXPECT_EQ(session.activity().location, "M1");
    EXPECT_EQ(session.activity().rate_hz, 10);
    EXPECT_THAT(traces(session), ElementsAre(0, 2, 4, 6, 1, 3, 5, 7));
    EXPECT_EQ(session.find_series("running").rate_hz, 100);
    EXPECT_EQ(session.find_intervals("some epochs").rows, 2);
    EXPECT_EQ(session.subject_id(), "A");
    EXPECT_EQ(session.session_id(), "01");
    EXPECT_THAT(session.problems(), IsEmpty());
}

TEST_F(NwbSession, SoftLinksAreFollowedAndOneSeriesIsFoundOnce)
{
    {
        const auto file = test::begin_nwb(path);
        const auto series = test::write_imaging(file, 4, {1, 2}, "/processing/a/dff", "x");
        H5Lmove(series, "data", H5L_SAME_LOC, "hidden", H5P_DEFAULT, H5P_DEFAULT);
        H5Lcreate_soft("/processing/a/dff/x/hidden", series, "data", H5P_DEFAULT, H5P_DEFAULT);
        const auto other = test::typed_group(file, "/processing/b", "ProcessingModule");
        H5Lcreate_soft("/processing/a/dff/x", other, "again", H5P_DEFAULT, H5P_DEFAULT);
        H5Lcreate_soft("/processing", other, "round", H5P_DEFAULT, H5P_DEFAULT); // a cycle
        H5Lcreate_soft("/nowhere", other, "dangling", H5P_DEFAULT, H5P_DEFAULT);
    }

    const auto session = io::NwbSession(path);

    EXPECT_EQ(session.activity().path, "/processing/a/dff/x");
    EXPECT_THAT(traces(session), ElementsAre(0, 2, 4, 6, 1, 3, 5, 7));
}

TEST_F(NwbSession, SeriesInAcquisitionThatDfOverFLinksTo)
{
    {
        const auto file = test::begin_nwb(path);
        test::write_imaging(file, 4, {1, 2}, "/acquisition", "raw");
        const auto dff = test::typed_group(file, "/processing/dff", "DfOverF");
        H5Lcreate_soft("/acquisition/raw", dff, "linked", H5P_DEFAULT, H5P_DEFAULT);
        io::write_text_attribute(io::open_group(file, "/acquisition"), "neurodata_type", "none");
    }

    const auto session = io::NwbSession(path);

    EXPECT_EQ(session.activity().path, "/processing/dff/linked");
    EXPECT_EQ(session.activity().container, "DfOverF");
}

TEST_F(NwbSession, SeveralSeriesAskForAChoice)
{
    {
        const auto file = test::begin_nwb(path);
        test::write_imaging(file, 4, {1, 2}, "/processing/a/dff", "plane0");
        test::write_imaging(file, 6, {1, 2}, "/processing/a/dff", "plane1");
        test::write_units<std::uint8_t>(file, {1}, {1});
    }

    const auto session = io::NwbSession(path);

    EXPECT_FALSE(session.has_activity());
    EXPECT_TRUE(session.units());
    EXPECT_THAT(whats(session.problems()), ElementsAre(HasSubstr("2 RoiResponseSeries")));
    try {
        session.activity();
        FAIL();
    } catch (const base::InputError& error) {
        EXPECT_THAT(error.next(), HasSubstr("--series NAME: /processing/a/dff/plane0, "
                                            "/processing/a/dff/plane1"));
    }
    EXPECT_EQ(io::NwbSession(path, {"plane1", ""}).activity().frames, 6);
    EXPECT_EQ(io::NwbSession(path, {"dff/plane0", ""}).activity().frames, 4);
    EXPECT_THAT(whats(io::NwbSession(path, {"plane2", ""}).problems()),
                ElementsAre("error: no RoiResponseSeries named plane2"));
}

TEST_F(NwbSession, IntegersWithConversionAndOffset)
{
    {
        const auto file = test::begin_nwb(path);
        const auto series = test::write_imaging(file, 3, {1, 2});
        H5Ldelete(series, "data", H5P_DEFAULT);
        const auto data = io::write_dataset(
            series, "data", std::vector<std::int16_t>{-4, 1, 0, 2, 32767, -32768}, {3, 2});
        io::write_attribute(data, "conversion", 0.25F);
        io::write_attribute(data, "offset", 10.0);
    }

    const auto session = io::NwbSession(path);

    EXPECT_FALSE(session.activity().exact_as_float);
    EXPECT_THAT(traces(session), ElementsAre(9, 10, 8201.75, 10.25, 10.5, -8182));
    auto wrong = std::vector<float>(6);
    EXPECT_THROW(session.read_activity<float>(0, 2, wrong), base::IoError);
}

TEST_F(NwbSession, OneRoiWithoutASecondAxis)
{
    {
        const auto file = test::begin_nwb(path);
        const auto series = test::write_imaging(file, 3, {7});
        H5Ldelete(series, "data", H5P_DEFAULT);
        io::write_dataset(series, "data", std::vector<double>{3, 4, 5}, {3}, {{2}, 1, {}});
    }

    const auto session = io::NwbSession(path);

    EXPECT_EQ(session.activity().neurons, 1);
    EXPECT_EQ(session.activity().frames, 3);
    EXPECT_THAT(traces(session), ElementsAre(3, 4, 5));
    EXPECT_THAT(session.problems(), IsEmpty());
}

TEST_F(NwbSession, TransposedDataAreReadAsMeantAndReported)
{
    {
        const auto file = test::begin_nwb(path);
        const auto series = test::write_imaging(file, 4, {1, 2});
        H5Ldelete(series, "data", H5P_DEFAULT);
        io::write_dataset(series, "data", test::counting<float>(8), {2, 4});
    }

    const auto session = io::NwbSession(path);
    auto by_frame = std::vector<float>(8);
    session.read_activity<float>(0, 2, by_frame, io::BlockOrder::by_frame);

    EXPECT_TRUE(session.activity().transposed);
    EXPECT_EQ(session.activity().frames, 4);
    EXPECT_THAT(traces(session), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
    EXPECT_THAT(by_frame, ElementsAre(0, 4, 1, 5, 2, 6, 3, 7));
    EXPECT_THAT(whats(session.problems()),
                ElementsAre("warning: data are [2 neurons, 4 frames]; NWB wants frames first"));
}

TEST_F(NwbSession, ColumnsThatRoisDoNotName)
{
    {
        const auto file = test::begin_nwb(path);
        const auto series = test::write_imaging(file, 4, {1, 2, 3});
        H5Ldelete(series, "rois", H5P_DEFAULT);
        test::write_region(series, 2);
    }

    const auto session = io::NwbSession(path);

    EXPECT_FALSE(session.has_activity());
    EXPECT_THAT(whats(session.problems()),
                ElementsAre("error: data are 4 x 3, `rois` names 2 ROIs"));
    EXPECT_THROW(session.activity(), base::InputError);
}

TEST_F(NwbSession, RegionPicksRowsOfTheTable)
{
    {
        const auto file = test::begin_nwb(path);
        test::write_rois(file, {100, 200, 300, 400});
        const auto series = test::write_imaging(file, 4, {1, 2});
        H5Ldelete(series, "rois", H5P_DEFAULT);
        test::write_region(series, {3, 1});
    }

    EXPECT_THAT(io::NwbSession(path).activity().neuron_id, ElementsAre("400", "200"));
    EXPECT_THAT(io::NwbSession(path, {"", "id"}).activity().neuron_id, ElementsAre("3", "1"));
}

TEST_F(NwbSession, RegionBeyondTheTable)
{
    {
        const auto file = test::begin_nwb(path);
        const auto series = test::write_imaging(file, 4, {1, 2});
        H5Ldelete(series, "rois", H5P_DEFAULT);
        test::write_region(series, {0, 2});
    }

    EXPECT_THAT(whats(io::NwbSession(path).problems()),
                ElementsAre("error: `rois` points at row 2 of a ROI table with 2 rows"));
}

TEST_F(NwbSession, TextAndFractionalRoiColumns)
{
    {
        const auto file = test::begin_nwb(path);
        test::write_imaging(file, 4, {1, 2});
        const auto table = io::open_group(file, test::roi_table);
        io::write_texts(table, "cell", {"b7", "a1"});
        io::write_dataset(table, "area", std::vector<double>{0.5, 1}, {2});
    }

    const auto named = io::NwbSession(path, {"", "cell"});

    EXPECT_THAT(named.activity().neuron_id, ElementsAre("b7", "a1"));
    EXPECT_THAT(named.activity().neuron_number, IsEmpty());
    EXPECT_THAT(whats(io::NwbSession(path, {"", "area"}).problems()),
                ElementsAre(HasSubstr("holds neither text nor whole numbers")));
    EXPECT_THAT(whats(io::NwbSession(path, {"", "none"}).problems()),
                ElementsAre("error: the ROI table has no column none"));
}

TEST_F(NwbSession, TimestampsAloneGiveTheRate)
{
    {
        const auto file = test::begin_nwb(path);
        const auto series = test::write_imaging(file, 5, {1, 2});
        H5Ldelete(series, "starting_time", H5P_DEFAULT);
        io::write_dataset(series, "timestamps", std::vector<double>{2, 2.25, 2.5, 2.75, 3}, {5});
    }

    const auto session = io::NwbSession(path);

    EXPECT_EQ(session.activity().rate_hz, 4);
    EXPECT_EQ(session.activity().start_s, 2);
    EXPECT_THAT(session.frame_times(), ElementsAre(2, 2.25, 2.5, 2.75, 3));
    EXPECT_THAT(session.problems(), IsEmpty());
}

TEST_F(NwbSession, DroppedFramesAndJitter)
{
    {
        const auto file = test::begin_nwb(path);
        const auto series = test::write_imaging(file, 7, {1, 2});
        H5Ldelete(series, "starting_time", H5P_DEFAULT);
        // A period of 0.25 s: two frames missing after 1, one frame late by a fifth of a period.
        io::write_dataset(series, "timestamps",
                          std::vector<double>{0, 0.25, 1, 1.25, 1.55, 1.75, 2}, {7});
    }

    const auto session = io::NwbSession(path);

    EXPECT_EQ(session.activity().dropped, 2);
    EXPECT_EQ(session.activity().rate_hz, 4);
    EXPECT_THAT(whats(session.problems()),
                ElementsAre("warning: 2 frames are missing at 1 place(s), the first after frame 1 "
                            "(0.250 s)",
                            HasSubstr("2 of 6 frame intervals are more than 1 % off")));
}

TEST_F(NwbSession, UnsortedOrTooFewTimestamps)
{
    {
        const auto file = test::begin_nwb(path);
        const auto series = test::write_imaging(file, 3, {1, 2});
        H5Ldelete(series, "starting_time", H5P_DEFAULT);
        io::write_dataset(series, "timestamps", std::vector<double>{0, 1, 1}, {3});
    }
    const auto other = folder.path() / "b.nwb";
    {
        const auto file = test::begin_nwb(other);
        const auto series = test::write_imaging(file, 3, {1, 2});
        H5Ldelete(series, "starting_time", H5P_DEFAULT);
        io::write_dataset(series, "timestamps", std::vector<double>{0, 1}, {2});
    }

    EXPECT_THAT(whats(io::NwbSession(path).problems()),
                testing::Contains(HasSubstr("error: timestamps are unsorted: sample 2")));
    EXPECT_THAT(whats(io::NwbSession(other).problems()),
                testing::Contains("error: 3 frames but 2 timestamps"));
}

TEST_F(NwbSession, NothingInIt)
{
    {
        const auto file = test::begin_nwb(path);
        test::write_imaging(file, 0, {1, 2});
        test::write_intervals(file, "trials", {}, {});
        test::write_units<std::uint8_t>(file, {}, {});
        test::write_behaviour(file, "lever", {});
    }

    const auto session = io::NwbSession(path);

    EXPECT_THAT(whats(session.problems()), ElementsAre("error: empty: 0 frames, 2 neurons"));
    EXPECT_THAT(traces(session), IsEmpty());
    EXPECT_EQ(session.read_intervals("trials").rows, 0);
    EXPECT_THAT(session.read_units().spike_start, ElementsAre(0));
    EXPECT_THAT(session.read_series("lever").values, IsEmpty());
}

template <typename T>
class NwbIndex : public NwbSession
{
};
using IndexTypes =
    testing::Types<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t, std::int32_t>;
TYPED_TEST_SUITE(NwbIndex, IndexTypes);

TYPED_TEST(NwbIndex, SpikeTimesOfAnyIndexWidth)
{
    test::write_units<TypeParam>(test::begin_nwb(this->path), {0.5, 1, 2, 0.25}, {1, 1, 4});

    const auto units = io::NwbSession(this->path).read_units();

    EXPECT_THAT(units.spike_start, ElementsAre(0, 1, 1, 4));
    EXPECT_THAT(units.spike_time_s, ElementsAre(0.5, 1, 2, 0.25));
    EXPECT_THAT(units.obs_start, IsEmpty());
}

TYPED_TEST(NwbIndex, HowLongUnitsSpike)
{
    auto times = std::vector<double>{};
    auto ends = std::vector<TypeParam>{};
    for (auto unit = 0; unit < 9; ++unit) { // every second is looked at
        for (const auto time : {10.0 + unit, 20.0, 60.0 - unit})
            times.push_back(time);
        ends.push_back(static_cast<TypeParam>(3 * (unit + 1)));
    }
    test::write_units<TypeParam>(test::begin_nwb(this->path), times, ends);
    EXPECT_EQ(io::NwbSession(this->path).units()->spiking_s, 60 - 10);

    ends.back() = 200; // beyond the spikes: said where they are read
    test::write_units<TypeParam>(test::begin_nwb(this->path), times, ends);
    EXPECT_EQ(io::NwbSession(this->path).units()->spiking_s, 60 - 10);

    test::write_units<TypeParam>(test::begin_nwb(this->path), {5}, {1, 1});
    EXPECT_EQ(io::NwbSession(this->path).units()->spiking_s, 0);
}

TEST_F(NwbSession, IndexThatDoesNotFit)
{
    test::write_units<std::uint8_t>(test::begin_nwb(path), {0.5, 1}, {1, 3});
    const auto descending = folder.path() / "b.nwb";
    test::write_units<std::uint8_t>(test::begin_nwb(descending), {0.5, 1}, {2, 1});

    EXPECT_THROW(io::NwbSession(path).read_units(), base::InputError);
    EXPECT_THROW(io::NwbSession(descending).read_units(), base::InputError);
}

TEST_F(NwbSession, ColumnsOfEveryKind)
{
    {
        const auto file = test::begin_nwb(path);
        const auto table = test::begin_table(
            file, "/intervals/odd", "TimeIntervals", 2,
            {"start_time", "stop_time", "name", "hit", "count", "tags", "deep", "pair"});
        io::write_dataset(table, "start_time", std::vector<double>{0, 1}, {2});
        io::write_dataset(table, "stop_time", std::vector<double>{1, 2}, {2});
        io::write_texts(table, "name", {"go", ""});
        io::write_booleans(table, "hit", {1, 0});
        io::write_dataset(table, "count", std::vector<std::int8_t>{-3, 7}, {2});
        io::write_texts(table, "tags", {"a", "b", "c"});
        io::write_dataset(table, "tags_index", std::vector<std::uint8_t>{0, 3}, {2});
        io::write_dataset(table, "deep", std::vector<double>{1}, {1});
        io::write_dataset(table, "deep_index", std::vector<std::uint8_t>{1}, {1});
        io::write_dataset(table, "deep_index_index", std::vector<std::uint8_t>{1, 1}, {2});
        io::write_dataset(table, "pair", std::vector<float>{1, 2, 3, 4}, {2, 2});
    }

    const auto table = io::NwbSession(path).read_intervals("odd");

    EXPECT_THAT(table.at("name").texts(), ElementsAre("go", ""));
    EXPECT_THAT(table.at("hit").texts(), ElementsAre("true", "false"));
    EXPECT_THAT(table.at("hit").numbers(), ElementsAre(1, 0));
    EXPECT_THAT(table.at("count").texts(), ElementsAre("-3", "7"));
    EXPECT_THAT(table.at("tags").end, ElementsAre(0, 3));
    EXPECT_THAT(table.at("tags").texts(), ElementsAre("a", "b", "c"));
    EXPECT_EQ(table.at("pair").width, 2);
    EXPECT_THAT(table.skipped, ElementsAre("deep"));
    EXPECT_THROW(table.at("name").numbers(), base::InputError);
    EXPECT_THROW(table.at("nam"), base::InputError);
}

TEST_F(NwbSession, ColumnShorterThanItsTable)
{
    {
        const auto file = test::begin_nwb(path);
        test::write_intervals(file, "trials", {0, 1}, {1, 2});
        const auto table = io::open_group(file, "/intervals/trials");
        H5Ldelete(table, "stop_time", H5P_DEFAULT);
        io::write_dataset(table, "stop_time", std::vector<double>{1}, {1});
    }

    EXPECT_THROW(io::NwbSession(path).read_intervals("trials"), base::InputError);
}

TEST_F(NwbSession, CompressionThatIsNotInstalled)
{
    constexpr auto filter = H5Z_filter_t{32123}; // nobody's
    auto nothing = H5Z_class2_t{};
    nothing.version = H5Z_CLASS_T_VERS;
    nothing.id = filter;
    nothing.encoder_present = 1;
    nothing.decoder_present = 1;
    nothing.name = "squeeze";
    nothing.filter = [](unsigned, std::size_t, const unsigned*, std::size_t bytes, std::size_t*,
                        void**) { return bytes; };
    ASSERT_GE(H5Zregister(&nothing), 0);
    {
        const auto file = test::begin_nwb(path);
        const auto series = test::write_imaging(file, 4, {1, 2});
        H5Ldelete(series, "data", H5P_DEFAULT);
        const auto properties = io::Handle(H5Pcreate(H5P_DATASET_CREATE));
        const auto chunk = std::array<hsize_t, 2>{4, 2};
        H5Pset_chunk(properties, 2, chunk.data());
        H5Pset_filter(properties, filter, H5Z_FLAG_MANDATORY, 0, nullptr);
        const auto space = io::Handle(H5Screate_simple(2, chunk.data(), nullptr));
        const auto data = io::Handle(H5Dcreate2(series, "data", H5T_NATIVE_FLOAT, space,
                                                H5P_DEFAULT, properties, H5P_DEFAULT));
        ASSERT_TRUE(data);
    }
    ASSERT_GE(H5Zunregister(filter), 0);

    EXPECT_THAT(whats(io::NwbSession(path).problems()),
                ElementsAre(HasSubstr("error: data are compressed with squeeze")));
}

TEST_F(NwbSession, FilesThatAreNotNwb)
{
    EXPECT_THAT(error_of_opening(), HasSubstr("no such file"));
    std::ofstream(path) << "text, not HDF5, but long enough to be looked at by the library";
    EXPECT_THAT(error_of_opening(), HasSubstr("not a readable HDF5 file"));
    io::write_scalar(io::create_file(path), "x", 1.0);
    EXPECT_THAT(error_of_opening(), HasSubstr("not NWB: no attribute nwb_version"));
    io::write_text(io::create_file(path), "nwb_version", "NWB-1.0.6");
    EXPECT_THAT(error_of_opening(), HasSubstr("NWB version 1"));
    test::begin_nwb(path);
    EXPECT_THAT(error_of_opening(), IsEmpty());
    {
        auto file = std::fstream(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(8);
        file.put('\x04'); // the version of the superblock
    }
    EXPECT_THAT(error_of_opening(), HasSubstr("later version of HDF5"));
    std::filesystem::resize_file(path, 50);
    EXPECT_THAT(error_of_opening(), HasSubstr("HDF5"));
}

// --- blocks against a slow reference -------------------------------------------------------------

struct GridCase
{
    std::int64_t frames;
    std::int64_t neurons;
    io::Storage storage;
    bool transposed = false;
};

class NwbBlocks : public NwbSession, public testing::WithParamInterface<GridCase>
{
};

TEST_P(NwbBlocks, EveryBlockOrderAndMaskEqualsTheDataset)
{
    const auto& [frames, neurons, storage, transposed] = GetParam();
    {
        const auto file = test::begin_nwb(path);
        const auto series = test::write_imaging(file, 0, test::counting<std::int64_t>(neurons));
        H5Ldelete(series, "data", H5P_DEFAULT);
        io::write_dataset(series, "data", test::counting<float>(frames * neurons),
                          transposed ? io::Shape{neurons, frames} : io::Shape{frames, neurons},
                          storage);
        H5Ldelete(series, "starting_time", H5P_DEFAULT);
        io::write_dataset(series, "timestamps", test::counting<double>(frames), {frames});
    }
    const auto value = [&](std::int64_t frame, std::int64_t neuron) {
        return static_cast<float>(transposed ? neuron * frames + frame : frame * neurons + neuron);
    };
    const auto session = io::NwbSession(path);
    ASSERT_EQ(session.activity().transposed, transposed);
    auto engine = std::mt19937(7);
    auto order = test::counting<std::int64_t>(neurons);
    std::shuffle(order.begin(), order.end(), engine);
    order.resize(static_cast<std::size_t>((neurons + 1) / 2));
    auto kept = std::vector<std::int64_t>{};
    for (std::int64_t frame = 0; frame < frames; ++frame)
        if (frame % 3 != 1)
            kept.push_back(frame);

    auto out = std::vector<float>(order.size() * kept.size());
    session.read_activity<float>(order, kept, out);
    auto by_frame = std::vector<double>(out.size());
    session.read_activity<double>(order, kept, by_frame, io::BlockOrder::by_frame);

    for (std::size_t n = 0; n < order.size(); ++n)
        for (std::size_t f = 0; f < kept.size(); ++f) {
            ASSERT_EQ(out[n * kept.size() + f], value(kept[f], order[n])) << n << " " << f;
            ASSERT_EQ(by_frame[f * order.size() + n], value(kept[f], order[n]));
        }
    for (std::int64_t first = 0; first < neurons; first += 4) {
        const auto count = std::min<std::int64_t>(4, neurons - first);
        auto block = std::vector<float>(static_cast<std::size_t>(count * frames));
        session.read_activity<float>(first, count, block);
        for (std::int64_t i = 0; i < count * frames; ++i)
            ASSERT_EQ(block[static_cast<std::size_t>(i)], value(i % frames, first + i / frames));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, NwbBlocks,
    testing::Values(GridCase{50, 13, {}}, GridCase{50, 13, {{7, 5}, 4, {}}},
                    GridCase{50, 13, {{50, 1}, 0, {}}}, GridCase{50, 13, {{1, 13}, 1, {-1, 13}}},
                    GridCase{50, 13, {{64, 16}, 1, {-1, -1}}}, GridCase{50, 13, {}, true},
                    GridCase{50, 13, {{5, 7}, 4, {}}, true}, GridCase{2, 1, {}},
                    GridCase{3, 2, {{2, 2}, 1, {}}},
                    // larger than a tile of 1 MB
                    GridCase{3001, 211, {}}, GridCase{3001, 211, {{1000, 64}, 1, {}}},
                    GridCase{3001, 211, {{64, 1000}, 1, {-1, -1}}, true}));
