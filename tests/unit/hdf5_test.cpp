#include "shared_data.hpp"

#include <rewire/base/error.hpp>
#include <rewire/io/hdf5.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

using namespace rewire;
using testing::ElementsAre;

TEST(Hdf5, WhatIsWrittenIsRead)
{
    const auto folder = test::TemporaryFolder();
    const auto path = folder.path() / "a.h5";
    {
        auto file = io::create_file(path);
        const auto data = io::write_dataset(
            file, "group/data", std::vector<float>{1, 2, 3, 4, 5, 6}, {3, 2}, {{2, 2}, 4, {-1, 2}});
        io::write_text_attribute(data, "unit", "volts");
        io::write_attribute(data, "conversion", 0.5);
        io::write_texts(file, "names", {"a", "\xc3\xa9"});
        io::write_text(file, "title", "one");
        io::write_booleans(file, "flags", {1, 0, 1});
        io::write_reference_attribute(data, "target", "/names");
        file.close();
    }

    const auto file = io::open_for_reading(path);
    const auto data = io::open_dataset(file, "group/data");
    auto block = std::vector<double>(2);
    io::read_block<double>(data, {1, 0}, {2, 1}, block);

    EXPECT_THAT(block, ElementsAre(3, 5));
    EXPECT_THAT(io::shape_of(data), ElementsAre(3, 2));
    EXPECT_THAT(io::chunk_of(data), ElementsAre(2, 2));
    EXPECT_EQ(io::read_text_attribute(data, "unit"), "volts");
    EXPECT_EQ(io::read_attribute<double>(data, "conversion"), 0.5);
    EXPECT_THAT(io::read_texts(file, "names"), ElementsAre("a", "\xc3\xa9"));
    EXPECT_EQ(io::read_text(file, "title"), "one");
    EXPECT_THAT(io::read_all<std::uint8_t>(file, "flags"), ElementsAre(1, 0, 1));
    EXPECT_THAT(io::read_all<double>(file, "flags"), ElementsAre(1, 0, 1));
    EXPECT_EQ(io::referenced_path(data, "target"), "/names");
    EXPECT_THAT(io::children(file), ElementsAre("flags", "group", "names", "title"));
    EXPECT_FALSE(io::exists(file, "group/none/deeper"));
}

TEST(Hdf5, ErrorsNameFileAndObject)
{
    const auto folder = test::TemporaryFolder();
    const auto text = folder.path() / "text.h5";
    std::ofstream(text) << "not HDF5 at all, but long enough to be looked at";
    const auto path = folder.path() / "a.h5";
    io::write_scalar(io::create_file(path), "x", 1);
    const auto file = io::open_for_reading(path);

    EXPECT_THROW(io::open_for_reading(folder.path() / "missing.h5"), base::IoError);
    EXPECT_THROW(io::open_for_reading(text), base::InputError);
    try {
        io::open_dataset(file, "y");
        FAIL();
    } catch (const base::InputError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("a.h5"));
        EXPECT_THAT(error.what(), testing::HasSubstr("no object y"));
    }
    auto block = std::vector<int>(4);
    EXPECT_THROW(io::read_block<int>(io::open_dataset(file, "x"), {0}, {4}, block),
                 base::InputError);
}
