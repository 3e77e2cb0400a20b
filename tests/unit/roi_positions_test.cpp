#include "shared_data.hpp"
#include "tiny_nwb.hpp"

#include <rewire/io/roi_positions.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace rewire;
using testing::ElementsAre;

namespace {

struct Pixel
{
    std::uint16_t x, y;
    float weight;
};

class RoiPositions : public testing::Test
{
  protected:
    /// Three ROIs of a table of four rows: the series has rows 3, 0 and 2.
    io::Handle write()
    {
        auto file = test::begin_nwb(path);
        test::write_rois(file, {10, 11, 12, 13});
        test::typed_group(file, "/processing/imaging/dff", "DfOverF");
        const auto series =
            test::typed_group(file, "/processing/imaging/dff/traces", "RoiResponseSeries");
        io::write_dataset(series, "data", test::counting<float>(18), {6, 3});
        test::write_region(series, std::vector<std::int64_t>{3, 0, 2});
        test::write_rate(series, 10);
        return file;
    }
    static io::Handle table(const io::Handle& file)
    {
        return io::open_group(file, test::roi_table);
    }

    static void write_pixels(const io::Handle& file, const std::vector<Pixel>& pixels,
                             const std::vector<std::int64_t>& ends)
    {
        const auto type = io::Handle(H5Tcreate(H5T_COMPOUND, sizeof(Pixel)));
        H5Tinsert(type, "x", HOFFSET(Pixel, x), H5T_NATIVE_UINT16);
        H5Tinsert(type, "y", HOFFSET(Pixel, y), H5T_NATIVE_UINT16);
        H5Tinsert(type, "weight", HOFFSET(Pixel, weight), H5T_NATIVE_FLOAT);
        const auto count = static_cast<std::int64_t>(pixels.size());
        const auto mask = io::make_dataset(table(file), "pixel_mask", type, {count});
        H5Dwrite(mask, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pixels.data());
        io::write_dataset(table(file), "pixel_mask_index", ends,
                          {static_cast<std::int64_t>(ends.size())});
    }

    io::RoiPositions read() const { return io::roi_positions(io::NwbSession(path)); }

    test::TemporaryFolder folder;
    std::filesystem::path path = folder.path() / "a.nwb";
};

} // namespace

TEST_F(RoiPositions, AreCentroidsOfPixelsInMicrometres)
{
    {
        const auto file = write();
        write_pixels(file, {{0, 0, 1}, {2, 0, 3}, {9, 9, 1}, {4, 6, 1}, {8, 1, 0}}, {2, 3, 4, 5});
        const auto plane = io::open_group(file, "/general/optophysiology/deep");
        const auto spacing =
            io::write_dataset(plane, "grid_spacing", std::vector<double>{2e-6, 0.5e-6}, {2});
        io::write_text_attribute(spacing, "unit", "meters");
    }

    const auto positions = read();

    EXPECT_EQ(positions.unit, "um");
    EXPECT_EQ(positions.source, "pixel_mask");
    ASSERT_EQ(positions.place.size(), 3U);
    EXPECT_TRUE(std::isnan(positions.place[0][0])); // its only pixel has no weight
    EXPECT_NEAR(positions.place[1][0], 3, 1e-12);
    EXPECT_NEAR(positions.place[2][0], 8, 1e-12);
    EXPECT_NEAR(positions.place[2][1], 3, 1e-12);
    EXPECT_NEAR(positions.distance(1, 2), std::hypot(5, 3), 1e-12);
    EXPECT_TRUE(std::isnan(positions.distance(0, 1)));
}

TEST_F(RoiPositions, AreCentroidsOfImages)
{
    {
        const auto file = write();
        auto images = std::vector<float>(4 * 3 * 5, 0);
        images[0 * 15 + 1 * 5 + 4] = 1; // row 0: x 1, y 4
        images[2 * 15 + 0 * 5 + 2] = 1; // row 2: x 0 and 2, y 2
        images[2 * 15 + 2 * 5 + 2] = 1;
        images[3 * 15 + 2 * 5 + 0] = 7;
        io::write_dataset(table(file), "image_mask", images, {4, 3, 5});
    }

    const auto positions = read();

    EXPECT_EQ(positions.unit, "pixels");
    EXPECT_THAT(positions.place[0], ElementsAre(2, 0, 0));
    EXPECT_THAT(positions.place[1], ElementsAre(1, 4, 0));
    EXPECT_THAT(positions.place[2], ElementsAre(1, 2, 0));
}

TEST_F(RoiPositions, AreReadFromColumnsWithoutMasks)
{
    {
        const auto file = write();
        const auto x = io::write_dataset(table(file), "x", std::vector<double>{1, 2, 3, 4}, {4});
        io::write_text_attribute(x, "unit", "um");
        io::write_dataset(table(file), "y", std::vector<double>{5, 6, 7, 8}, {4});
    }

    const auto positions = read();

    EXPECT_EQ(positions.unit, "um");
    EXPECT_THAT(positions.place[0], ElementsAre(4, 8, 0));
    EXPECT_THAT(positions.place[1], ElementsAre(1, 5, 0));
}

TEST_F(RoiPositions, WhatIsDamagedIsNotThere)
{
    write();
    EXPECT_FALSE(read().known());
    std::filesystem::remove(path);
    write_pixels(write(), {{0, 0, 1}, {2, 0, 3}}, {1, 2, 5, 2}); // beyond the pixels
    EXPECT_FALSE(read().known());
    std::filesystem::remove(path);
    write_pixels(write(), {{0, 0, 1}, {2, 0, 3}}, {1, 2}); // for two of four rows
    EXPECT_FALSE(read().known());
}
