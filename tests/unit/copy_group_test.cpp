#include "shared_data.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/copy_group.hpp>
#include <rewire/io/result_file.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5_hl.h>

using namespace rewire;
using testing::ElementsAre;

namespace {

void write_part(const std::filesystem::path& path, const std::string& subject, double first)
{
    const auto file = io::create_file(path);
    const auto group = io::create_group(file, subject + "/01");
    io::write_attribute(group, "frames", 7);
    io::write_text_axis(group, "neuron_id", {"a", "b"});
    io::write_axis(group, "pair", std::vector<std::int32_t>{4, 5, 6});
    io::write_array(group, "both", std::vector<double>{first, 2, 3, 4, 5, 6}, {"neuron_id", "pair"},
                    "1");
    io::write_array(group, "one", std::vector<double>{1, 2, 3}, {"pair"});
}

/// Names of the scales of a dimension.
std::vector<std::string> scales_of(hid_t dataset, unsigned dimension)
{
    auto names = std::vector<std::string>{};
    const auto add = [](hid_t, unsigned, hid_t scale, void* list) -> herr_t {
        static_cast<std::vector<std::string>*>(list)->push_back(io::name_of(scale));
        return 0;
    };
    H5DSiterate_scales(dataset, dimension, nullptr, add, &names);
    for (auto& name : names)
        name = name.substr(name.rfind(":/") + 1);
    return names;
}

} // namespace

TEST(CopyGroup, GroupsOfTwoFilesKeepValuesAttributesAndAxes)
{
    const auto folder = test::TemporaryFolder();
    write_part(folder.path() / "a.h5", "A", 1);
    write_part(folder.path() / "b.h5", "B", 11);
    {
        auto file = io::create_file(folder.path() / "all.h5");
        for (const auto* name : {"A", "B"}) {
            const auto lower = std::string(name) == "A" ? "a.h5" : "b.h5";
            io::copy_group(io::open_for_reading(folder.path() / lower), file,
                           std::string("/") + name);
        }
        file.close();
    }

    const auto file = io::open_for_reading(folder.path() / "all.h5");
    const auto both = io::open_dataset(file, "B/01/both");

    EXPECT_THAT(io::children(file), ElementsAre("A", "B"));
    EXPECT_THAT(io::read_all<double>(file, "B/01/both"), ElementsAre(11, 2, 3, 4, 5, 6));
    EXPECT_EQ(io::read_text_attribute(both, "units"), "1");
    EXPECT_EQ(io::read_attribute<int>(io::open_group(file, "B/01"), "frames"), 7);
    EXPECT_THAT(io::read_texts(file, "B/01/neuron_id"), ElementsAre("a", "b"));
    EXPECT_GT(H5DSis_scale(io::open_dataset(file, "B/01/pair")), 0);
    EXPECT_THAT(scales_of(both, 0), ElementsAre("/B/01/neuron_id"));
    EXPECT_THAT(scales_of(both, 1), ElementsAre("/B/01/pair"));
    EXPECT_THAT(scales_of(io::open_dataset(file, "A/01/one"), 0), ElementsAre("/A/01/pair"));
}

TEST(CopyGroup, WhatIsNotThereCannotBeCopied)
{
    const auto folder = test::TemporaryFolder();
    write_part(folder.path() / "a.h5", "A", 1);
    const auto file = io::create_file(folder.path() / "all.h5");

    EXPECT_THROW(io::copy_group(io::open_for_reading(folder.path() / "a.h5"), file, "/B"),
                 base::IoError);
}
