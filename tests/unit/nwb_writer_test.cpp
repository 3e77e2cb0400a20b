#include "jobs/truth/simulated_truth.hpp"
#include "shared_data.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/nwb_table.hpp>
#include <rewire/io/nwb_writer.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <numeric>
#include <regex>
#include <set>

using namespace rewire;
using testing::ElementsAre;
using testing::ElementsAreArray;

namespace {

io::NwbDescription description()
{
    return {.identifier = "test-1",
            .session_description = "a test",
            .session_id = "01",
            .session_start_time = "2024-01-01T09:00:00+00:00",
            .file_create_date = "2024-01-01T09:00:00+00:00",
            .notes = "none",
            .subject_id = "A",
            .subject_description = "made up",
            .species = "Mus musculus",
            .sex = "U",
            .age = "P90D"};
}

std::vector<float> ramp(std::int64_t count)
{
    auto values = std::vector<float>(static_cast<std::size_t>(count));
    std::iota(values.begin(), values.end(), 1.0F);
    return values;
}

io::NwbTable planted_neurons()
{
    return {"neurons",
            {7, 9, 12},
            {{"group", "group", std::vector<std::string>{"Core", "NP", "Other"}},
             {"movement_related", "yes or no", io::Booleans{{1, 0, 0}}}}};
}

io::NwbTable planted_edges()
{
    return {"edges",
            {},
            {{"neuron_i", "one end", std::vector<std::int64_t>{7, 9}},
             {"neuron_j", "other end", std::vector<std::int64_t>{9, 12}},
             {"kind", "kind", std::vector<std::string>{"stable", "transient"}},
             {"strength", "strength", std::vector<double>{0.25, 0}}}};
}

/// 5 frames of 3 neurons in blocks of 2, 2 and 1; 4 lever samples.
void write_small(const std::filesystem::path& path, int deflate = 0)
{
    auto writer = io::NwbWriter(path, description());
    const auto samples = ramp(15);
    writer.add_imaging({28, "cortex", "GCaMP6f", {7, 9, 12}, 5, deflate});
    writer.append_dfof(std::span(samples).first(6));
    writer.append_dfof(std::span(samples).subspan(6, 6));
    writer.append_dfof(std::span(samples).last(3));
    writer.add_lever({1000, 0.5, 4, deflate});
    writer.append_lever(std::vector<std::int16_t>{-1, 0, 1, 2});
    writer.add_intervals("trials", {"trials",
                                    {},
                                    {{"start_time", "start", std::vector<double>{1, 2}},
                                     {"stop_time", "stop", std::vector<double>{1.5, 2.5}},
                                     {"rewarded", "got water", io::Booleans{{0, 1}}}}});
    jobs::add_truth(writer, "neurons", planted_neurons());
    jobs::add_truth(writer, "edges", planted_edges());
    writer.finish();
}

std::string bytes_of(const std::filesystem::path& path)
{
    auto file = std::ifstream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Object ids of everything below a group that has a neurodata_type; the links to device and plane,
/// which lie in typed groups, are not followed.
void collect_ids(hid_t group, std::vector<std::string>& ids)
{
    const auto typed = io::has_attribute(group, "neurodata_type");
    for (const auto& name : io::children(group)) {
        if (typed && (name == "device" || name == "imaging_plane"))
            continue;
        const auto object = io::open_object(group, name);
        if (io::has_attribute(object, "neurodata_type"))
            ids.push_back(io::read_text_attribute(object, "object_id"));
        if (io::is_group(group, name))
            collect_ids(object, ids);
    }
}

} // namespace

TEST(NwbWriter, BlocksBecomeOneSeries)
{
    const auto folder = test::TemporaryFolder();
    for (const auto deflate : {0, 4}) {
        const auto path = folder.path() / ("s" + std::to_string(deflate) + ".nwb");
        write_small(path, deflate);

        const auto file = io::open_for_reading(path);
        const auto series = io::open_group(file, "/processing/ophys/DfOverF/RoiResponseSeries");
        const auto data = io::open_dataset(series, "data");
        const auto start = io::open_dataset(series, "starting_time");

        EXPECT_THAT(io::shape_of(data), ElementsAre(5, 3));
        EXPECT_THAT(io::read_all<float>(series, "data"), ElementsAreArray(ramp(15)));
        EXPECT_EQ(io::read_attribute<double>(start, "rate"), 28);
        EXPECT_THAT(io::read_all<std::int64_t>(series, "rois"), ElementsAre(0, 1, 2));
        EXPECT_EQ(io::referenced_path(io::open_dataset(series, "rois"), "table"),
                  "/processing/ophys/ImageSegmentation/PlaneSegmentation");
        EXPECT_THAT(io::read_all<std::int64_t>(
                        file, "/processing/ophys/ImageSegmentation/PlaneSegmentation/roi_id"),
                    ElementsAre(7, 9, 12));
        EXPECT_THAT(io::read_all<std::int16_t>(file, "/processing/behavior/lever/data"),
                    ElementsAre(-1, 0, 1, 2));
        EXPECT_THAT(io::read_all<std::uint8_t>(file, "/intervals/trials/rewarded"),
                    ElementsAre(0, 1));
        EXPECT_THAT(io::read_texts_attribute(io::open_group(file, "/intervals/trials"), "colnames"),
                    ElementsAre("start_time", "stop_time", "rewarded"));
    }
}

TEST(NwbWriter, ChunksHoldNearlyEqualPartsOfTheNeurons)
{
    const auto folder = test::TemporaryFolder();
    const auto path = folder.path() / "s.nwb";
    auto ids = std::vector<std::int64_t>(130);
    std::iota(ids.begin(), ids.end(), 0);
    {
        auto writer = io::NwbWriter(path, description());
        writer.add_imaging({28, "cortex", "GCaMP6f", ids, 2000, 0});
        writer.append_dfof(ramp(130 * 1024));
        writer.append_dfof(ramp(130 * 976));
        writer.finish();
    }

    const auto file = io::open_for_reading(path);
    const auto data = io::open_dataset(file, "/processing/ophys/DfOverF/RoiResponseSeries/data");
    auto corner = std::vector<float>(1);
    io::read_block<float>(data, {1999, 129}, {1, 1}, corner);

    EXPECT_THAT(io::chunk_of(data), ElementsAre(1024, 44)); // 130 = 44 + 43 + 43
    EXPECT_EQ(corner[0], 130 * 976);
}

TEST(NwbWriter, EveryTypedObjectHasAnIdOfItsOwn)
{
    const auto folder = test::TemporaryFolder();
    const auto path = folder.path() / "s.nwb";
    write_small(path);
    const auto file = io::open_for_reading(path);

    auto ids = std::vector<std::string>{io::read_text_attribute(file, "object_id")};
    collect_ids(io::open_group(file, "/"), ids);

    const auto uuid =
        std::regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    for (const auto& id : ids)
        EXPECT_TRUE(std::regex_match(id, uuid)) << id;
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
    EXPECT_EQ(ids.size(), 33U); // counted in the layout by hand
    EXPECT_EQ(io::read_text_attribute(file, "nwb_version"), "2.7.0");
}

TEST(NwbWriter, UnitsElectrodesAndSeriesAreReadAsWritten)
{
    const auto folder = test::TemporaryFolder();
    const auto path = folder.path() / "units.nwb";
    auto writer = io::NwbWriter(path, description());
    writer.add_electrodes("probe", {"channels",
                                    {4, 8},
                                    {{"location", "area", std::vector<std::string>{"VISp", "VISl"}},
                                     {"x", "um", std::vector<double>{20, 40}}}});
    writer.add_units({.table = {"units", {3, 5}, {{"snr", "snr", std::vector<double>{2, 0.5}}}},
                      .spike_time_s = {0.5, 1.5, 2.25},
                      .spike_end = {2, 3},
                      .observed_s = {0, 3, 4, 5},
                      .deflate = 4});
    writer.add_series({.module = "running",
                       .name = "running_speed",
                       .description = "speed",
                       .unit = "cm/s",
                       .rate_hz = 60,
                       .value = {1, 2, 3}});
    writer.finish();

    const auto file = io::open_for_reading(path);
    const auto units = io::read_units(file, "/units");
    EXPECT_THAT(units.table.id, ElementsAre(3, 5));
    EXPECT_THAT(units.spike_time_s, ElementsAre(0.5, 1.5, 2.25));
    EXPECT_THAT(units.spike_start, ElementsAre(0, 2, 3));
    EXPECT_THAT(units.obs_interval_s, ElementsAre(0, 3, 4, 5, 0, 3, 4, 5));
    EXPECT_THAT(units.obs_start, ElementsAre(0, 2, 4));
    EXPECT_THAT(units.table.at("snr").numbers(), ElementsAre(2, 0.5));
    const auto electrodes =
        io::read_table(file, "/general/extracellular_ephys/electrodes", {"group"});
    EXPECT_THAT(electrodes.at("location").texts(), ElementsAre("VISp", "VISl"));
    EXPECT_THAT(electrodes.at("group_name").texts(), ElementsAre("probe", "probe"));
    EXPECT_THAT(io::read_all<float>(file, "/processing/running/running_speed/data"),
                ElementsAre(1, 2, 3));
}

TEST(NwbWriter, SameCallsGiveTheSameBytes)
{
    const auto folder = test::TemporaryFolder();
    write_small(folder.path() / "a.nwb", 4);
    write_small(folder.path() / "b.nwb", 4);

    EXPECT_EQ(bytes_of(folder.path() / "a.nwb"), bytes_of(folder.path() / "b.nwb"));
}

TEST(NwbWriter, FileIsWholeOrAbsent)
{
    const auto folder = test::TemporaryFolder();
    const auto path = folder.path() / "s.nwb";
    {
        auto writer = io::NwbWriter(path, description());
        writer.add_imaging({28, "cortex", "GCaMP6f", {7, 9, 12}, 5, 0});
        writer.append_dfof(ramp(12));

        EXPECT_TRUE(std::filesystem::exists(path.string() + ".partial"));
        EXPECT_THROW(writer.finish(), base::InputError); // a frame is missing
        EXPECT_FALSE(std::filesystem::exists(path));
    }

    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(NwbWriter, WhatWasThereStaysUntilTheNewFileIsFinished)
{
    const auto folder = test::TemporaryFolder();
    const auto path = folder.path() / "s.nwb";
    write_small(path);
    const auto before = bytes_of(path);
    {
        auto abandoned = io::NwbWriter(path, description());
        abandoned.add_lever({10, 1, 3, 0});
    }

    EXPECT_EQ(bytes_of(path), before);
}

TEST(NwbWriter, WhatCannotBeAValidFileIsRefused)
{
    const auto folder = test::TemporaryFolder();
    auto nameless = description();
    nameless.subject_id = "";
    auto writer = io::NwbWriter(folder.path() / "s.nwb", description());
    writer.add_imaging({28, "cortex", "GCaMP6f", {7, 9, 12}, 2, 0});
    const auto no_stop =
        io::NwbTable{"t", {}, {{"start_time", "start", std::vector<double>{1, 2}}}};
    const auto uneven = io::NwbTable{
        "t", {}, {{"a", "a", std::vector<double>{1, 2}}, {"b", "b", std::vector<double>{1}}}};

    EXPECT_THROW(io::NwbWriter(folder.path() / "t.nwb", nameless), base::InputError);
    EXPECT_THROW(io::NwbWriter(folder.path() / "no" / "folder.nwb", description()), base::IoError);
    EXPECT_THROW(writer.append_dfof(ramp(4)), base::InputError);
    EXPECT_THROW(writer.append_dfof(ramp(9)), base::InputError);
    EXPECT_THROW(writer.append_lever(std::vector<std::int16_t>{1}), base::InputError);
    EXPECT_THROW(writer.add_intervals("trials", no_stop), base::InputError);
    EXPECT_THROW(jobs::add_truth(writer, "edges", uneven), base::InputError);
}

TEST(Truth, IsReadAsWritten)
{
    const auto folder = test::TemporaryFolder();
    const auto path = folder.path() / "s.nwb";
    write_small(path);

    const auto truth = jobs::read_truth(path);

    EXPECT_TRUE(jobs::has_truth(path));
    EXPECT_THAT(truth.neuron_id, ElementsAre(7, 9, 12));
    EXPECT_THAT(truth.group, ElementsAre("Core", "NP", "Other"));
    EXPECT_THAT(truth.movement_related, ElementsAre(1, 0, 0));
    EXPECT_THAT(truth.edge_i, ElementsAre(7, 9));
    EXPECT_THAT(truth.edge_j, ElementsAre(9, 12));
    EXPECT_THAT(truth.edge_kind, ElementsAre("stable", "transient"));
    EXPECT_THAT(truth.edge_strength, ElementsAre(0.25, 0));
}

TEST(Truth, PlantedConnectionsAreReadAsWritten)
{
    const auto folder = test::TemporaryFolder();
    const auto path = folder.path() / "units.nwb";
    auto writer = io::NwbWriter(path, description());
    jobs::add_truth(writer, "connections",
                    {"connections",
                     {},
                     {{"pre", "pre", std::vector<std::int64_t>{3}},
                      {"post", "post", std::vector<std::int64_t>{5}},
                      {"sign", "sign", std::vector<std::int64_t>{-1}},
                      {"strength", "strength", std::vector<double>{0.5}},
                      {"delay_ms", "delay", std::vector<double>{2}}}});
    writer.finish();

    const auto planted = jobs::read_planted_connections(path);

    EXPECT_TRUE(jobs::has_planted_connections(path));
    EXPECT_FALSE(jobs::has_truth(path));
    EXPECT_THAT(planted.pre, ElementsAre(3));
    EXPECT_THAT(planted.post, ElementsAre(5));
    EXPECT_THAT(planted.sign, ElementsAre(-1));
    EXPECT_THAT(planted.strength, ElementsAre(0.5));
    EXPECT_THAT(planted.delay_ms, ElementsAre(2));
}

TEST(Truth, FileWithoutTruthSaysSo)
{
    const auto folder = test::TemporaryFolder();
    const auto path = folder.path() / "s.nwb";
    {
        auto writer = io::NwbWriter(path, description());
        writer.finish();
    }

    EXPECT_FALSE(jobs::has_truth(path));
    EXPECT_THROW(jobs::read_truth(path), base::InputError);
    EXPECT_THROW(jobs::read_truth(folder.path() / "none.nwb"), base::IoError);
}
